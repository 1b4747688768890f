"""What invented businesses sell: words for products, their prices, and the ways in which they are paid for."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.seeds.words import words

MATERIALS: Final = words("""
Aluminium Ash Bamboo Beech Brass Bronze Canvas Cedar Ceramic Copper Cork Cotton Felt Flax Glass Granite Hemp Jarrah Kauri
Leather Linen Maple Marble Merino Oak Pewter Pine Porcelain Rattan Recycled Rimu Slate Steel Stone Teak Walnut Wicker Wool
""")

GOODS: Final = words("""
Apron Basket Bench Blanket Bookend Bowl Box Bracket Candle Chair Clock Coaster Cushion Desk Doormat Drawer Easel Frame Hook
Jug Kettle Ladder Lamp Mirror Mug Notebook Panel Planter Platter Rack Rug Satchel Screen Shelf Stool Table Throw Tile Tray
Trolley Trunk Vase Wallet Workbench
""")

SERVICES: Final = (
    "Delivery",
    "Express delivery",
    "Installation, per hour",
    "Site visit",
    "Call-out fee",
    "Design consultation",
    "Packaging",
    "Engraving",
)
"""What lines without a code say."""

CREDITS: Final = ("Goodwill credit", "Deposit already received", "Loyalty credit", "Allowance for damage in transit")
"""What lines say that take money off an invoice."""

REMARKS: Final = (
    "Thank you for your order.",
    "As quoted.",
    "Deliver to the rear entrance, weekdays before noon.",
    "Balance of the order follows next month.",
)
"""What lines of text alone say."""

CENTS: Final = (0, 0, 0, 50, 95, 99, 6, 61, 63, 33, 35, 5, 45, 15)
"""The cents of prices; some of them make halves of a cent of every tenth."""

QUANTITIES: Final = (100, 100, 100, 100, 200, 200, 300, 400, 500, 600, 700, 1000, 1200, 2400, 50, 125, 275, 150)
"""In hundredths of a piece or an hour."""

DISCOUNTS: Final = (50, 75, 100, 125, 150, 200)
"""In tenths of a percent."""

METHODS: Final = ("card", "wire_transfer", "wire_transfer", "ach", "cash", "check", "other")
