"""The words that invented people, companies and addresses are made of. All web names end in the reserved `.example`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


FIRST_NAMES: Final = words("""
Ada Aisha Alan Amelia Amir Ana Andrew Angus Anna Arjun Astrid Ben Bianca Bridget Callum Carla Carmen Charlotte Chloe
Claire Connor Daniel David Deepa Diego Eleanor Elena Ella Emeka Emma Erik Esther Ewan Farah Felix Finn Fiona Gareth
Georgia Grace Hamish Hana Harriet Harry Helen Hugo Imogen Ines Isaac Isla Ivan Jack Jana Jasmine Jess Joel Jonas Josie
Julia Kai Karen Kate Kenji Kiri Lars Laura Leah Leo Lewis Liam Lily Louis Lucy Luis Mae Maja Marco Maria Mark Matilda
Maya Mei Mia Milan Mina Moana Nadia Naomi Nathan Nina Noah Nora Oliver Omar Oscar Owen Paula Peter Petra Phoebe Priya
Quinn Rachel Rafael Rania Rhys Robin Rosa Ruby Ruth Sam Sanjay Sara Scott Sean Selma Simon Sofia Stella Sven Tamsin
Tane Tara Theo Thomas Tilly Tom Uma Vera Victor Violet Wei Wendy Will Xavier Yara Yusuf Zac Zara Zoe
""")

LAST_NAMES: Final = words("""
Abbott Adeyemi Ahmed Alvarez Anderson Archer Bailey Baker Banerjee Barnes Becker Bell Bennett Berg Bishop Blake Bowen
Brennan Briggs Brooks Bryant Burke Byrne Calder Campbell Carter Chan Chandra Chen Clarke Cohen Cole Collins Cooper
Costa Craig Crawford Cruz Dalton Davies Dawson Dean Delaney Diaz Dixon Donnelly Doyle Duncan Dunn Edwards Ellis Evans
Farrell Ferguson Fernandez Fischer Fisher Fletcher Flores Ford Foster Fox Franklin Fraser Garcia Gardner Gibson Gill
Gomez Gordon Graham Grant Gray Green Griffin Gupta Haines Hall Hansen Harper Harris Hart Harvey Hayes Henare Hill Hoang
Holt Horvath Howard Hughes Hunt Ibrahim Irwin Jackson James Jansen Jenkins Jensen Johansson Johnson Jones Joshi Kaur
Keane Kelly Kemp Khan Kim King Knight Kowalski Kumar Lam Lang Larsen Lawson Lee Lewis Lim Lindqvist Lopez Lowe Lynch
Mackay Mahmoud Malik Marsh Martin Mason Matthews McCarthy McKenzie Mendes Meyer Miller Mitchell Moore Moreau Morgan
Morris Moss Murphy Murray Nakamura Nash Nelson Ngata Nguyen Nielsen Nolan Norris Novak Obi O'Brien O'Connor Okafor
Oliver Olsen Osborne Palmer Park Parker Patel Pearce Pereira Perry Peters Petrov Phillips Porter Powell Price Quinn
Ramos Reed Reid Reyes Richards Rivera Roberts Robinson Rogers Rossi Rowe Russell Ryan Salazar Sanders Santos Sato
Schmidt Schneider Scott Sharma Shaw Silva Simpson Singh Smith Stewart Stone Sullivan Suzuki Tan Taylor Tembo Thomas
Thompson Torres Tran Tucker Turner Vega Wagner Walker Wallace Walsh Wang Ward Watson Webb Weber White Williams Wilson
Wong Wood Wright Yamada Yang Young Zhang
""")

PLACES: Final = words("""
Alder Anchor Arrow Ash Aurora Banksia Bay Beacon Birch Blackwood Bluegum Bridge Brook Cedar Clover Coastal Compass
Copper Coral Crescent Crown Dale Delta Eagle Eastgate Elm Ember Falcon Fern Forge Foxglove Garnet Glacier Golden Granite
Green Harbour Hawthorn Heron Highland Hill Horizon Iron Island Ivy Jasper Juniper Kauri Keystone Kingfisher Kowhai
Lakeside Lantern Laurel Lighthouse Linden Lunar Magnolia Maple Marina Meadow Mercury Millstone Moss Northgate Oak Ocean
Olive Orchard Osprey Otter Pacific Palm Pine Pioneer Quarry Quartz Raven Redwood Reef Ridge River Rowan Saffron Sage
Sandstone Sapphire Shoreline Silver Southern Spruce Sterling Summit Sunrise Swan Tasman Thistle Timber Topaz Tui Valley
Vine Wattle Westbrook Willow Wren
""")

TRADES: Final = (
    *("Accounting", "Architects", "Bakery", "Boatyard", "Books", "Brewing", "Builders", "Cabinets", "Catering"),
    *(
        "Ceramics",
        "Cleaning",
        "Coffee",
        "Conveyancing",
        "Cycles",
        "Dairy",
        "Dental",
        "Design",
        "Electrical",
        "Engineering",
    ),
    *("Farms", "Flooring", "Florist", "Foods", "Freight", "Furniture", "Glass", "Hardware", "Homewares", "Interiors"),
    *("Irrigation", "Joinery", "Landscapes", "Legal", "Logistics", "Marine", "Media", "Motors", "Music", "Nursery"),
    *("Optical", "Outdoors", "Packaging", "Painting", "Pharmacy", "Photography", "Physio", "Plumbing", "Print"),
    *("Property", "Recruitment", "Refrigeration", "Roofing", "Security", "Software", "Solar", "Sports", "Surveying"),
    *(
        "Textiles",
        "Tiles",
        "Timber",
        "Tours",
        "Training",
        "Transport",
        "Tyres",
        "Vets",
        "Vineyards",
        "Windows",
        "Workwear",
    ),
)

STREETS: Final = words("""
Albert Ash Beach Bridge Cameron Castle Church Clarence Collins Crown Dominion Elizabeth Fern Flinders George Grey Hill
High Hobson Hunter Jubilee King Kings Lake Lonsdale Main Market Mill Mitchell Nelson North Oxford Park Pitt Princes Queen
Railway Regent River Rose Russell Smith South Spencer Spring Station Sussex Swan Symonds Union Victoria Water Wellington
West William York
""")

STREET_KINDS: Final = ("Street", "Road", "Avenue", "Lane", "Terrace", "Parade")


@dataclass(frozen=True)
class Country:
    """Where people live: phone parts, legal form of a company, and places as (city, region, postcode)."""

    name: str
    calling_code: str
    area_codes: tuple[str, ...]
    number: str
    mobile: str
    legal_form: str
    domain: str
    places: tuple[tuple[str, str, str], ...]
    weight: int


COUNTRIES: Final = (
    Country(
        name="Australia",
        calling_code="61",
        area_codes=("2", "3", "7", "8"),
        number="9### ####",
        mobile="4## ### ###",
        legal_form="Pty Ltd",
        domain="com.au",
        places=(
            ("Sydney", "NSW", "2000"),
            ("Newcastle", "NSW", "2300"),
            ("Melbourne", "VIC", "3000"),
            ("Geelong", "VIC", "3220"),
            ("Brisbane", "QLD", "4000"),
            ("Perth", "WA", "6000"),
            ("Hobart", "TAS", "7000"),
            ("Adelaide", "SA", "5000"),
        ),
        weight=50,
    ),
    Country(
        name="New Zealand",
        calling_code="64",
        area_codes=("3", "4", "6", "7", "9"),
        number="### ####",
        mobile="21 ### ####",
        legal_form="Limited",
        domain="co.nz",
        places=(
            ("Auckland", "Auckland", "1010"),
            ("Wellington", "Wellington", "6011"),
            ("Christchurch", "Canterbury", "8011"),
            ("Dunedin", "Otago", "9016"),
        ),
        weight=20,
    ),
    Country(
        name="United Kingdom",
        calling_code="44",
        area_codes=("20", "117", "131", "161"),
        number="7946 0###",
        mobile="7700 900###",
        legal_form="Ltd",
        domain="co.uk",
        places=(
            ("London", "Greater London", "EC1A 1BB"),
            ("Bristol", "Avon", "BS1 4DJ"),
            ("Edinburgh", "Lothian", "EH1 1YZ"),
            ("Manchester", "Lancashire", "M1 1AE"),
        ),
        weight=15,
    ),
    Country(
        name="United States",
        calling_code="1",
        area_codes=("212", "415", "512", "617"),
        number="555-01##",
        mobile="555-01##",
        legal_form="LLC",
        domain="com",
        places=(
            ("New York", "NY", "10001"),
            ("San Francisco", "CA", "94103"),
            ("Austin", "TX", "78701"),
            ("Boston", "MA", "02108"),
        ),
        weight=10,
    ),
    Country(
        name="Germany",
        calling_code="49",
        area_codes=("30", "40", "89"),
        number="9018 ####",
        mobile="151 ########",
        legal_form="GmbH",
        domain="de",
        places=(("Berlin", "Berlin", "10115"), ("Hamburg", "Hamburg", "20095"), ("München", "Bayern", "80331")),
        weight=5,
    ),
)
