"""Invoices (R3): their customer and lines in the other app's terms, and every rule of the books that may hold one.

An invoice that was made in Xero gets a mirror in HubSpot: a record only, kept equal to Xero's. One that was made in HubSpot is Xero's to
book and HubSpot's to edit (R18). Nothing is written whose total the other app would compute differently, unless the ruleset says so.

See also: `lines` (the translation), `totals` and `tax` (the arithmetic), `accounting` (what Xero's books demand), `books`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hxrules.language.model import InvoiceRules, Totals, Voids
from hxrules.planning import accounting, lines
from hxrules.planning.books import Books, Context, Held, problem
from hxrules.planning.linking import Pair, link_command
from hxrules.planning.merge import Decision, FieldView
from hxrules.planning.references import Partners
from hxrules.planning.tax import TaxTable
from hxrules.planning.totals import adjust, hubspot_totals, xero_line, xero_totals
from hxrules.problems import Problem, Severity
from hxrules.records import App, BaseValue, Ledger, Life, Link, Record, RecordRef, Sight
from hxrules.values import Line, Lines, Value, ValueType, number_text

_NO_ONE = Partners("contacts")
_NOTHING = Decimal(0)


class Invoices(Books):
    """See `books.Books`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        assert context.sync.invoices is not None
        self.rules: InvoiceRules = context.sync.invoices
        nothing = Ledger(frozenset())
        self.ledgers = {app: context.snapshot.ledgers.get(app, nothing) for app in App}
        self.tax = TaxTable.of(self.ledgers[App.XERO].tax_rates, self.ledgers[App.HUBSPOT].tax_rates, self.rules.tax)
        self.customers = context.partners.get("contacts", _NO_ONE)
        self.accounting = accounting.Accounting(context, self.rules, self.ledgers[App.XERO])
        self._seen = self._complete(super().sight())
        self._keys: dict[str, Sequence[str]] = {}
        self._warnings: list[Problem] = []
        self._unmapped: dict[str, list[str]] = {}

    def sight(self) -> Sight:
        return self._seen

    def owner(self, found: Link, hubspot: Record) -> App | None:
        if found.born_in is not None:
            return found.born_in
        # Linked by its number: a record that can't be billed, or that another sync has put there, was made elsewhere.
        mirror = hubspot.fields.get("hs_invoice_billable") is False
        return App.XERO if mirror or hubspot.fields.get("hs_invoice_source") == "data_sync" else App.HUBSPOT

    # --- a record in full ----------------------------------------------------------------------------------------------------

    def _complete(self, sight: Sight) -> Sight:
        key = (App.HUBSPOT, self.sync.types[App.HUBSPOT])
        invoices = {
            record_id: self._with_parts(record, sight) for record_id, record in sight.records.get(key, {}).items()
        }
        theirs = (App.XERO, self.sync.types[App.XERO])
        xero = {record_id: self._with_lines(record) for record_id, record in sight.records.get(theirs, {}).items()}
        return Sight({**sight.records, key: invoices, theirs: xero}, sight.coverage)

    def _with_lines(self, record: Record) -> Record:
        """An invoice without lines has an empty list of them, which is something to compare with."""
        without = [
            mapping.xero.name
            for mapping in self.sync.mappings
            if mapping.xero.kind is ValueType.LINES and record.fields.get(mapping.xero.name) is None
        ]
        return replace(record, fields={**record.fields, **dict.fromkeys(without, Lines())}) if without else record

    def _with_parts(self, record: Record, sight: Sight) -> Record:
        made = {
            mapping.hubspot.name: lines.assembled(record, sight)
            if mapping.hubspot.kind is ValueType.LINES
            else self._customer(record)
            for mapping in self.sync.mappings
            if mapping.hubspot.reached
        }
        return replace(record, fields={**record.fields, **made}) if made else record

    def _customer(self, record: Record) -> Value:
        """The one contact of the invoice that is in both apps, by its Xero id."""
        found = {
            str(partner): partner
            for each in record.associations.get("contact", ())
            if (partner := self.customers.across(App.HUBSPOT, each)) is not None
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def partner(self, name: str, value: Value) -> Value:
        return value if value is None or isinstance(value, Lines) else self.customers.across(App.XERO, str(value))

    def keys(self, xero: str) -> Sequence[str]:
        return self._keys.get(xero, ())

    # --- comparing -----------------------------------------------------------------------------------------------------------

    def composites(self, pair: Pair, owner: App | None, bases: Mapping[str, BaseValue]) -> Mapping[str, FieldView]:
        assert pair.hubspot is not None
        assert pair.xero is not None
        if owner is App.HUBSPOT and not bases and not pair.by_hand:
            self._check_same(pair.hubspot, pair.xero)
        views: dict[str, FieldView] = {}
        for mapping in self.sync.mappings:
            hubspot, xero = pair.hubspot.fields.get(mapping.hubspot.name), pair.xero.fields.get(mapping.xero.name)
            if not isinstance(hubspot, Lines) or not isinstance(xero, Lines):
                continue
            if owner is App.XERO:
                wanted = self._mirror(pair.xero, xero, hubspot)
                views[mapping.id] = FieldView(hubspot, xero, None, wanted, same=wanted == hubspot)
            else:
                views[mapping.id] = self._booked(pair, hubspot, xero, bases.get(mapping.id))
        return views

    def _check_same(self, hubspot: Record, xero: Record) -> None:
        """Two invoices of one number that were never in step are the same only if their customer is."""
        mine, theirs = hubspot.fields.get("customer"), xero.fields.get("Customer")
        if mine is not None and theirs is not None and mine != theirs:
            raise Held(
                problem(
                    self.sync,
                    (hubspot, xero),
                    "HX239",
                    "the same number, but another customer",
                    cause=f"Both apps have an invoice of this number. HubSpot's is Xero contact {mine}'s, Xero's is {theirs}'s.",
                    remedy="Give one of them another number: in HubSpot's settings invoices can have a prefix of their own. If they are "
                    "one invoice all the same, say so, and the next run makes Xero's equal to HubSpot's:\n"
                    f"`{link_command(hubspot.ref, xero.ref)}`",
                )
            )

    def _mirror(self, invoice: Record, xero: Lines, hubspot: Lines) -> Lines:
        mirror = lines.mirror_of(invoice.ref.id, xero, self.rules, self.tax)
        self._keys[invoice.ref.id] = mirror.keys
        memories = {
            part.id: self._seen.of(App.HUBSPOT, part.type)[part.id].memory
            for part in hubspot.items
            if part.id is not None
        }
        return lines.placed(mirror, hubspot, memories)

    def _booked(self, pair: Pair, hubspot: Lines, xero: Lines, base: BaseValue | None) -> FieldView:
        """HubSpot's lines as Xero should have them, each with the id of the line that it is there."""
        own = [line for line in hubspot.items if line.type == "line_items"]
        across = self._in_xero(hubspot, [pair.hubspot, pair.xero])
        known = None
        if base is not None and isinstance(base.hubspot, Lines) and isinstance(base.xero, Lines):
            known = (base.hubspot, base.xero)
        ids = lines.pair_up(own, across, xero.items, known, self.rules)
        placed = [replace(line, id=line_id) for line, line_id in zip(across, ids, strict=True)]
        same = Lines(tuple(across)) == Lines(tuple(lines.mapped_only(line, self.rules) for line in xero.items))
        order = {line_id: place for place, line_id in enumerate(ids)}
        aligned = Lines(tuple(sorted(xero.items, key=lambda line: order.get(line.id, len(order)))))
        return FieldView(hubspot, aligned, Lines(tuple(placed)), None, same=same)

    def _in_xero(self, hubspot: Lines, records: Iterable[Record | None]) -> list[Line]:
        try:
            return lines.xero_lines(hubspot, self.rules, self.tax)
        except lines.UnknownTax as unknown:
            raise Held(accounting.unknown_tax(self.sync, records, unknown), retry=True) from unknown

    # --- writing -------------------------------------------------------------------------------------------------------------

    def updated(
        self, target: App, pair: Pair, owner: App | None, decisions: Sequence[Decision]
    ) -> tuple[list[Decision], dict[str, Value]]:
        kept, values = super().updated(target, pair, owner, decisions)
        records = (pair.hubspot, pair.xero)
        assert pair.hubspot is not None
        assert pair.xero is not None
        if owner is not target.other:
            return kept, values
        status = next((each for each in kept if each.mapping.id == "status"), None)
        if status is not None and status.after == "voided":
            self._check_void(target, pair)
            if target is App.XERO:
                # What a voided invoice says besides is nobody's business any more, and Xero lets nothing else be written with it.
                return [status], {status.mapping.xero.name: status.after}
        if target is App.XERO:
            self.accounting.check_edit(pair, kept)
            values |= self._checked(pair.hubspot, values, pair.xero)
            for each in kept:
                if each.mapping.xero.kind is ValueType.REFERENCE and each.after is None:
                    raise Held(self._no_customer(pair.hubspot, records), retry=True)
        else:
            self._check_mirror(pair.xero, values, records)
        return kept, values

    def created(self, target: App, record: Record, values: Mapping[str, Value]) -> dict[str, Value]:
        made = super().created(target, record, values)
        if target is App.XERO:
            for mapping in self.sync.mappings:
                own = record.fields.get(mapping.hubspot.name)
                if isinstance(own, Lines):
                    made[mapping.xero.name] = Lines(
                        tuple(replace(line, id=None) for line in self._in_xero(own, [record]))
                    )
                elif mapping.hubspot.kind is ValueType.REFERENCE and made.get(mapping.xero.name) is None:
                    raise Held(self._no_customer(record, [record]), retry=True)
            self._note_unmapped(record)
            return self._checked(record, made, None)
        for mapping in self.sync.mappings:
            own = record.fields.get(mapping.xero.name)
            if isinstance(own, Lines):
                made[mapping.hubspot.name] = self._mirror(record, own, Lines())
        self._check_mirror(record, made, [record])
        return made

    def _checked(self, invoice: Record, values: dict[str, Value], existing: Record | None) -> dict[str, Value]:
        """Everything that Xero's books demand of what is about to be written; with accounts, and with a cent put right."""
        records = [invoice, existing]
        self.accounting.check(invoice, values, existing)
        for name, value in values.items():
            if isinstance(value, Lines):
                booked = self.accounting.with_accounts(value, records)
                values[name] = self._agreeing(invoice, booked, records)
        return values

    def _agreeing(self, invoice: Record, booked: Lines, records: Sequence[Record | None]) -> Lines:
        """The lines, if both apps come to the same total with them (design: `totals`)."""
        wanted = invoice.fields.get("hs_amount_billed")
        total = xero_totals(booked, self.tax.percent).total
        if total < 0:
            raise Held(accounting.below_zero(self.sync, records, total))
        largest = max([total, *(abs(xero_line(line, _NOTHING).net) for line in booked.items)])
        if largest > accounting.LARGEST:
            raise Held(accounting.too_large(self.sync, records, largest))
        if not isinstance(wanted, Decimal) or total == wanted:
            return booked
        if self.rules.totals is Totals.ADJUST:
            adjusted = adjust(booked, self.tax.percent, wanted)
            if adjusted is not None:
                return adjusted
        found = accounting.different_totals(self.sync, records, wanted, total)
        if self.rules.totals is not Totals.WARN:
            raise Held(found)
        self._warn(invoice, found)
        return booked

    def _check_mirror(self, invoice: Record, values: Mapping[str, Value], records: Sequence[Record | None]) -> None:
        for mapping in self.sync.mappings:
            if mapping.hubspot.kind is ValueType.REFERENCE and mapping.hubspot.name in values:
                wanted = values[mapping.hubspot.name]
                if wanted is None or self.partner(mapping.hubspot.name, wanted) is None:
                    raise Held(self._no_customer(invoice, records), retry=True)
        currency = values.get("hs_currency")
        if currency is not None and str(currency) not in self.ledgers[App.HUBSPOT].currencies:
            raise Held(accounting.no_such_currency(self.sync, records, App.HUBSPOT, str(currency)), retry=True)
        total = invoice.fields.get("Total")
        for value in values.values():
            if isinstance(value, Lines) and isinstance(total, Decimal) and invoice.life is Life.LIVE:
                reckoned = hubspot_totals(value, self.tax.hubspot_percent).total
                if reckoned != total:
                    found = accounting.different_totals(self.sync, records, reckoned, total)
                    if self.rules.totals is Totals.BLOCK:
                        raise Held(found)
                    self._warn(invoice, found)

    def in_step(self, pair: Pair, owner: App | None, targets: Collection[App]) -> None:
        """Each app adds up its own: how it rounds a tie, nobody documents (facts/xero.md 6.1), so only the written invoice tells."""
        records = (pair.hubspot, pair.xero)
        assert pair.hubspot is not None
        assert pair.xero is not None
        hubspot, xero = pair.hubspot.fields.get("hs_amount_billed"), pair.xero.fields.get("Total")
        if not (isinstance(hubspot, Decimal) and isinstance(xero, Decimal)) or hubspot == xero:
            return
        if owner is None or owner.other not in targets or any(each and each.life is not Life.LIVE for each in records):
            return
        found = accounting.different_totals(self.sync, records, hubspot, xero)
        if self.rules.totals is not Totals.WARN:
            raise Held(found)
        self._warn(pair.hubspot, found)

    def _warn(self, invoice: Record, found: Problem) -> None:
        name = invoice.fields.get("hs_number") or invoice.fields.get("InvoiceNumber") or invoice.ref.id
        self._warnings.append(replace(found, summary=f"{name}: {found.summary}", severity=Severity.WARNING))

    def _check_void(self, target: App, pair: Pair) -> None:
        source, records = target.other, (pair.hubspot, pair.xero)
        if self.rules.voids.get(target) is Voids.HOLD:
            raise Held(
                problem(
                    self.sync,
                    records,
                    "HX234",
                    f"voided in {source.brand}, and not in {target.brand}",
                    cause=f"The ruleset says `voids: to-{target.value}: hold`: a void isn't carried over by itself.",
                    remedy=f"Void it in {target.brand}, or write `voids: {{to-{target.value}: follow}}`.",
                )
            )
        assert pair.xero is not None
        if target is App.XERO and accounting.money_applied(pair.xero):
            raise Held(
                problem(
                    self.sync,
                    records,
                    "HX235",
                    "voided in HubSpot, and can't be voided in Xero",
                    cause="Xero has payments or credits on it, and voids no invoice that has some.",
                    remedy="Remove them from the invoice in Xero; the next run voids it.",
                )
            )

    # --- problems ------------------------------------------------------------------------------------------------------------

    def _no_customer(self, invoice: Record, records: Sequence[Record | None]) -> Problem:
        app = invoice.ref.app
        involves: tuple[RecordRef, ...] = ()
        if app is App.HUBSPOT:
            contacts = invoice.associations.get("contact", ())
            involves = tuple(RecordRef(App.HUBSPOT, "contacts", each) for each in contacts)
            linked = [each for each in contacts if self.customers.across(App.HUBSPOT, each) is not None]
            if not contacts:
                cause = "No contact is associated with the invoice in HubSpot."
            elif len(linked) > 1:
                cause = f"Several of its contacts are customers in Xero (HubSpot {', '.join(linked)}): whose it is can't be told."
            else:
                whose = (
                    f"Its contact (HubSpot {contacts[0]}) isn't" if len(contacts) == 1 else "None of its contacts is"
                )
                cause = f"{whose} in both apps: mostly the e-mail is not that of the Xero customer."
        else:
            customer = invoice.fields.get("Customer")
            involves = (RecordRef(App.XERO, "contacts", str(customer)),) if customer is not None else ()
            cause = (
                f"Its customer (Xero {customer}) has no partner in HubSpot: mostly they don't share an e-mail."
                if customer is not None
                else "It has no customer in Xero."
            )
        return problem(
            self.sync,
            records,
            "HX223",
            "no customer that is in both apps",
            cause=cause,
            remedy="Put the contact on the invoice whose e-mail is that of the Xero customer."
            if app is App.HUBSPOT
            else "Give the contact in HubSpot the e-mail of the Xero customer, or let the customer through the sync of contacts.",
            involves=involves,
        )

    # --- notices -------------------------------------------------------------------------------------------------------------

    def _note_unmapped(self, record: Record) -> None:
        info = self.context.catalogue.type(App.HUBSPOT, self.sync.types[App.HUBSPOT])
        mapped = {mapping.hubspot.name for mapping in self.sync.mappings}
        for name in info.settings.get("often-missed", ()):
            if name not in mapped and record.fields.get(name) is not None:
                self._unmapped.setdefault(name, []).append(str(record.fields.get("hs_number") or record.ref.id))

    def notices(self) -> Iterable[Problem]:
        yield from self._warnings
        yield from self.accounting.notices()
        for name, invoices in sorted(self._unmapped.items()):
            field = self.context.catalogue.type(App.HUBSPOT, self.sync.types[App.HUBSPOT]).fields[name]
            yield Problem(
                "HX225",
                f"the {field.title} of {_count(invoices)} isn't carried over",
                f"No default mapping exists for it (R25). It is filled on {_some(invoices)}.",
                f"Add a custom mapping under `syncs: invoices: custom-mappings:`, e.g. "
                f"`{field.friendly}: {{hubspot: {name}, xero: Reference}}` (needs Data Hub Starter, R6).",
                Severity.WARNING,
                sync=self.sync.name,
            )
        if self.context.whole and App.HUBSPOT in self.sync.direction.targets and self.tax.without_partner:
            rates = "\n".join(
                f"{rate.name} ({rate.id}): {number_text(rate.percent)} %" for rate in self.tax.without_partner
            )
            yield Problem(
                "HX241",
                _of_the_rates(len(self.tax.without_partner)),
                f"HubSpot's API can't create tax rates (R7). Until these are there, their tax stands on invoices as an amount:\n{rates}",
                "In HubSpot: Settings › Objects › Products & Quotes › Tax library, create a rate of exactly that name and "
                "percentage; or name the one that is meant under `tax:`.",
                Severity.WARNING,
                sync=self.sync.name,
            )
        if self.tax.unknown:
            yield Problem(
                "HX241",
                f"`tax:` names what isn't there: {', '.join(self.tax.unknown)}",
                "Either Xero has no such tax type, or HubSpot's library no such rate.",
                "Correct the table `syncs: invoices: tax:`.",
                Severity.WARNING,
                sync=self.sync.name,
            )


def _count(names: Sequence[str]) -> str:
    return "1 invoice" if len(names) == 1 else f"{len(names):,} invoices"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"


def _of_the_rates(number: int) -> str:
    if number == 1:
        return "1 tax rate of Xero's has no partner in HubSpot's library"
    return f"{number} of Xero's tax rates have no partner in HubSpot's library"
