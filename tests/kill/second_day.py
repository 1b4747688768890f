"""The second day of the small company: what people do in both apps after its first run, so that the next one has all there is to do."""

from __future__ import annotations

from tests.scenarios.stage import Stage


def live_a_day(here: Stage) -> None:
    """What people do in both apps between two runs: records of all four types made and edited in each of them."""
    gst = {"TaxType": "OUTPUT", "AccountCode": "200"}
    # HubSpot: people and goods; an invoice of which one line is changed, one goes and one comes; another one is voided; a new one.
    here.edit_hubspot("1001", city="Wagga Wagga")
    here.make_hubspot("contacts", email="new@harbour.example", company="New Harbour Pty Ltd", city="Eden")
    here.edit_hubspot("1001", "products", price="33.50")
    here.make_hubspot("products", name="Wax", hs_sku="WAX", price="9.90")
    here.edit_hubspot("1001", "line_items", quantity="3")
    here.hubspot("DELETE", "/crm/objects/2026-09/line_items/1002")
    here.make_hubspot("line_items", "1001", name="Oil", quantity="2", price="8.25", hs_tax_rate_group_id="2148420991")
    here.edit_hubspot("1008", "invoices", hs_invoice_status="voided")
    # Two payments that nobody can tell apart, of an invoice that Xero knows, and one of another.
    twins = {"hs_initial_amount": "100", "hs_initiated_date": "2026-11-10T12:00:00Z", "hs_currency_code": "AUD"}
    for _ in range(2):
        here.make_hubspot("commerce_payments", "1001", **twins, hs_latest_status="succeeded")
    here.make_hubspot("commerce_payments", "1012", **{**twins, "hs_initial_amount": "20"}, hs_latest_status="succeeded")
    # Xero: the same there; and of its payments one is deleted.
    booked = {each["InvoiceNumber"]: each for each in here.sandbox.xero.world()["invoices"]}
    people = here.xero_contacts()
    amelia = people["Wattle Timber Pty Ltd"]["ContactID"]
    here.edit_xero(people["Kauri Boatyard Limited"]["ContactID"], FirstName="Ollie")
    here.make_xero("Contacts", Name="Late Comer Pty Ltd", EmailAddress="late@comer.example")
    items = {each["Code"]: each["ItemID"] for each in here.sandbox.xero.world()["items"]}
    here.edit_xero(items["SERVICE-12"], "Items", Code="SERVICE-12", Name="Yearly service")
    here.make_xero("Items", Code="GLUE", Name="Glue", SalesDetails={"UnitPrice": 4.5})
    service, _ = booked["SI-0001"]["LineItems"]
    changed = {**{name: service[name] for name in ("LineItemID", "Description", "UnitAmount")}, "Quantity": 2, **gst}
    added = {"Description": "Glue", "Quantity": 4, "UnitAmount": 2.5, **gst}
    here.edit_xero(booked["SI-0001"]["InvoiceID"], "Invoices", LineItems=[changed, added])
    here.edit_xero(booked["SI-0006"]["InvoiceID"], "Invoices", Status="VOIDED")
    lines = [
        {"Description": "Nails", "Quantity": 3, "UnitAmount": 9.99, **gst},
        {"Description": "Levy", "Quantity": 1, "UnitAmount": 50, **gst, "TaxType": "TAX002"},
        {"Description": "Goodwill", "Quantity": 1, "UnitAmount": -12.34, **gst},
    ]
    new = {"Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"ContactID": amelia}, "InvoiceNumber": "SI-0100"}
    made = here.make_xero("Invoices", **new, Date="2026-11-05", DueDate="2026-12-05", LineItems=lines)
    pay = {"Account": {"Code": "090"}, "Date": "2026-11-11"}
    here.make_xero("Payments", Invoice={"InvoiceID": made["InvoiceID"]}, Amount=10, **pay)
    for _ in range(2):
        here.make_xero("Payments", Invoice={"InvoiceID": booked["SI-0009"]["InvoiceID"]}, Amount=300, **pay)
    of_copper = booked["SI-0003"]["InvoiceID"]
    payments = here.sandbox.xero.world()["payments"]
    (paid,) = [row for row in payments if row["Invoice"]["InvoiceID"] == of_copper and row["Status"] == "AUTHORISED"]
    here.edit_xero(paid["PaymentID"], "Payments", Status="DELETED")
