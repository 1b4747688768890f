"""Any number of contacts a side: half of the people in both apps, a quarter in HubSpot alone, a quarter in Xero alone.

What they buy stands in `commerce`.
Invariants: people in both apps have the same e-mail on both sides and mostly differ in a field or two; Xero names, both
those that exist and those that HubSpot's contacts would get, are all different; about 3 % of each side have no e-mail;
updates lie minutes to months back, those of some pairs within a minute of each other.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hxrules.sandbox.seeds.commerce import commerce
from hxrules.sandbox.seeds.rows import Person, Phone, hubspot_contact, xero_contact
from hxrules.sandbox.seeds.taxes import HUBSPOT_SETTINGS, XERO_SETTINGS
from hxrules.sandbox.seeds.words import (
    COUNTRIES,
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    STREET_KINDS,
    STREETS,
    TRADES,
    Country,
)

YOUNGEST: Final = 180.0
OLDEST: Final = 200 * 86_400.0
"""How many seconds before the start of the clock the last update of a record lies, at least and at most."""

WITHOUT_EMAIL: Final = 0.03
WITHOUT_COMPANY: Final = 0.15
NEARLY_TOGETHER: Final = 0.08
_BRANCHES: Final = ("", " Group", " Services", " Partners", " & Sons")
_STEP: Final = 7919
"""A prime, larger than both tables of words that it walks through, so that each pair of words comes up once."""


Times = tuple[datetime, datetime]
"""When a record was created and when it was last updated."""


def crowd(size: int, now: datetime) -> dict[str, dict[str, Any]]:
    """A world with `size` contacts in either app, and with what these buy."""
    contacts = people(size, now)
    here, there = contacts["hubspot"]["contacts"], contacts["xero"]["contacts"]
    more = commerce(size, now, here, there)
    return {
        "hubspot": {**HUBSPOT_SETTINGS, "contacts": here, **more[0]},
        "xero": {**XERO_SETTINGS, "contacts": there, **more[1]},
    }


def people(size: int, now: datetime) -> dict[str, dict[str, Any]]:
    """The contacts of that world alone."""
    rng = random.Random(f"crowd of {size}")
    invented = _People(rng)
    in_both = round(size * 2 / 3)
    in_one = size - in_both
    bare = WITHOUT_EMAIL * size / max(in_one, 1)
    hubspot: list[tuple[Person, Times, Person | None]] = []
    xero: list[dict[str, Any]] = []
    for _ in range(in_both):
        here, there, times, xero_updated, before = _pair(invented.next(), rng, now)
        hubspot.append((here, times, before))
        xero.append(_in_xero(there, rng, xero_updated))
    for _ in range(in_one):
        hubspot.append((_maybe_without_email(invented.next(), rng, bare), _times(rng, now), None))
        xero.append(_in_xero(_maybe_without_email(invented.next(), rng, bare), rng, _times(rng, now)[1]))
    rng.shuffle(hubspot)
    rng.shuffle(xero)
    contacts = [
        hubspot_contact(person, id, *times, before) for id, (person, times, before) in enumerate(hubspot, start=1001)
    ]
    return {"hubspot": {"contacts": contacts}, "xero": {"contacts": xero}}


class _People:
    """Invents people one after the other, no two of them with the same name in Xero or the same e-mail."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = 0
        self._countries = [country for country in COUNTRIES for _ in range(country.weight)]

    def next(self) -> Person:
        rng, n = self._rng, self._count
        self._count += 1
        first, last, person_round = _pick(n, FIRST_NAMES, LAST_NAMES)
        place, trade, company_round = _pick(n, PLACES, TRADES)
        country = rng.choice(self._countries)
        city, region, postcode = rng.choice(country.places)
        has_company = rng.random() >= WITHOUT_COMPANY
        company = f"{place} {trade}{_again(company_round)} {country.legal_form}" if has_company else ""
        domain = f"{place}{trade}{company_round or ''}.{country.domain}.example" if has_company else "post.example"
        return Person(
            first=first,
            last=f"{last} {person_round}" if person_round else last,
            company=company,
            email=re.sub(r"[^a-z0-9.@-]", "", f"{first}.{last}{person_round or ''}@{domain}".lower()),
            phone=_phone(country, rng),
            mobile=_mobile(country, rng) if rng.random() < 0.4 else "",
            street=f"{rng.randint(1, 280)} {rng.choice(STREETS)} {rng.choice(STREET_KINDS)}",
            city=city,
            region=region,
            postcode=postcode,
            country=country.name,
            website=f"https://www.{domain}".lower() if has_company and rng.random() < 0.3 else "",
        )


def _pick(n: int, firsts: tuple[str, ...], seconds: tuple[str, ...]) -> tuple[str, str, int]:
    """The n-th pair of words, all pairs once and in no visible order; then how often all have come up before."""
    pairs = len(firsts) * len(seconds)
    place = n % pairs * _STEP % pairs
    return firsts[place // len(seconds)], seconds[place % len(seconds)], n // pairs


def _again(round: int) -> str:
    """What tells names apart once all pairs of words are used up."""
    return _BRANCHES[round] if round < len(_BRANCHES) else f" {round}"


def _pair(person: Person, rng: random.Random, now: datetime) -> tuple[Person, Person, Times, datetime, Person | None]:
    """One person in both apps: as in HubSpot, as in Xero, HubSpot's times, Xero's, and what HubSpot held before."""
    times = _times(rng, now)
    if rng.random() < NEARLY_TOGETHER:
        xero_updated = times[1] + timedelta(seconds=rng.uniform(-50, 50))
    else:
        xero_updated = _times(rng, now)[1]
    kind = rng.random()
    if kind < 0.4:
        return person, person, times, xero_updated, None
    other = _edited(person, rng, fields=1 if kind < 0.85 else 2)
    if rng.random() < 0.5:
        return other, person, times, xero_updated, person
    return person, other, times, xero_updated, None


def _edited(person: Person, rng: random.Random, fields: int) -> Person:
    """The person after one or two edits; the e-mail stays, and the name in Xero stays unique."""
    country = next(country for country in COUNTRIES if country.name == person.country)
    city, region, postcode = rng.choice(country.places)
    edits: list[dict[str, Any]] = [
        {"phone": _phone(country, rng)},
        {"mobile": _mobile(country, rng)},
        {"mobile": ""},
        {"phone": ""},
        {"street": f"{rng.randint(1, 280)} {rng.choice(STREETS)} {rng.choice(STREET_KINDS)}"},
        {"city": city, "region": region, "postcode": postcode},
        {"region": ""},
    ]
    if person.company:
        edits += [{"last": rng.choice(LAST_NAMES)}, {"company": person.company.removesuffix(f" {country.legal_form}")}]
    for edit in rng.sample(edits, fields):
        person = replace(person, **edit)
    return person


def _in_xero(person: Person, rng: random.Random, updated: datetime) -> dict[str, Any]:
    return xero_contact(
        person,
        str(UUID(int=rng.getrandbits(128), version=4)),
        updated,
        split_phone=rng.random() < 0.3,
        address_types=("POBOX", "STREET") if rng.random() < 0.25 else ("POBOX",),
    )


def _maybe_without_email(person: Person, rng: random.Random, probability: float) -> Person:
    return replace(person, email="") if rng.random() < probability else person


def _times(rng: random.Random, now: datetime) -> Times:
    """Updated minutes to months ago, most often lately; created up to two years before that."""
    ago = math.exp(rng.uniform(math.log(YOUNGEST), math.log(OLDEST)))
    updated = now - timedelta(seconds=ago)
    return updated - timedelta(seconds=rng.uniform(60, 2 * 365 * 86_400)), updated


def _phone(country: Country, rng: random.Random) -> Phone:
    return Phone(country.calling_code, rng.choice(country.area_codes), _digits(country.number, rng))


def _mobile(country: Country, rng: random.Random) -> Phone:
    area, _, number = _digits(country.mobile, rng).partition(" ")
    return (
        Phone(country.calling_code, area, number)
        if number
        else Phone(country.calling_code, country.area_codes[0], area)
    )


def _digits(pattern: str, rng: random.Random) -> str:
    digits = iter(f"{rng.randrange(10**9):09}")
    return "".join(next(digits) if each == "#" else each for each in pattern)
