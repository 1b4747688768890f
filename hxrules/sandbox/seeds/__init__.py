"""The worlds that a sandbox starts with: `empty`, `small`, or any number of contacts a side, and what these buy.

What: a seed is the content of a seed file, `{"hubspot": …, "xero": …}`, each part in the shape of its app's own API.
Invariants: the same name gives the same world, ids included, whenever it is made; all times lie before `now` and keep their
distance to it, those of a crowd's invoices in days.
See also: `small` and `small_trade` (situations by hand), `crowd` and `commerce` (any number), `rows` and `trade` (the apps'
shapes), `server` (`--seed`, `--seed-file`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hxrules.sandbox.seeds.crowd import crowd, people
from hxrules.sandbox.seeds.small import small

__all__ = ["make", "people"]


def make(seed: str, now: datetime) -> dict[str, dict[str, Any]]:
    """The world of that name at the instant `now`; raises `ValueError` for a name that is none."""
    if seed == "empty":
        return {"hubspot": {}, "xero": {}}
    if seed == "small":
        return small(now)
    if seed.isdecimal():
        return crowd(int(seed), now)
    raise ValueError(f"no seed is named {seed!r}; there are: empty, small, and any number")
