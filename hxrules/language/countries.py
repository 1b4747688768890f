"""Names of countries and their two-letter codes (ISO 3166-1), as people write the names.

The standard's own names are often formal ("Korea, Republic of"), so a small table says the usual ones. See also: `transforms`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from hxrules.values import NotOfType

_USUAL = {
    "BN": "Brunei",
    "BO": "Bolivia",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CI": "Ivory Coast",
    "CV": "Cape Verde",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "GB": "United Kingdom",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "MD": "Moldova",
    "NR": "Nauru",
    "PS": "Palestine",
    "RU": "Russia",
    "SX": "Sint Maarten",
    "SY": "Syria",
    "TW": "Taiwan",
    "TZ": "Tanzania",
    "US": "United States",
    "VA": "Vatican City",
    "VE": "Venezuela",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
    "VN": "Vietnam",
}
"""Code → the name that is written, where the standard's is not."""

_ALSO = {
    "AE": ("UAE", "Emirates"),
    "CD": ("DR Congo", "DRC"),
    "CZ": ("Czech Republic",),
    "GB": ("UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
    "HK": ("Hong Kong SAR",),
    "IE": ("Republic of Ireland", "Eire"),
    "KR": ("Korea", "Republic of Korea"),
    "MK": ("Macedonia",),
    "MM": ("Burma",),
    "MO": ("Macau",),
    "NL": ("Holland", "The Netherlands"),
    "NZ": ("Aotearoa", "Aotearoa New Zealand"),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "US": ("USA", "U.S.A.", "U.S.", "America", "United States of America"),
    "VA": ("Vatican",),
}
"""Code → further names that are understood."""


def code(text: str) -> str:
    """The two-letter code of a country by name or code, in any case. Raises `NotOfType` for what is no country."""
    found = _by_name().get(_plain(text))
    if found is None:
        raise NotOfType(f"{text!r} is no country that is known by name or code")
    return found


def name(text: str) -> str:
    """The usual English name of a country by code or name. Raises `NotOfType` for what is no country."""
    return _names()[code(text)]


def codes() -> frozenset[str]:
    """All two-letter codes."""
    return frozenset(_names())


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    import iso3166

    return {each.alpha2: _USUAL.get(each.alpha2, each.apolitical_name) for each in iso3166.countries}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    import iso3166

    known: dict[str, str] = {}
    for each in iso3166.countries:
        spellings = (each.alpha2, each.alpha3, each.name, each.apolitical_name, _USUAL.get(each.alpha2, each.name))
        for spelling in (*spellings, *_ALSO.get(each.alpha2, ())):
            known.setdefault(_plain(spelling), each.alpha2)
    return known


def _plain(text: str) -> str:
    """Letters and digits only, without accents and case."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if character.isalnum())
