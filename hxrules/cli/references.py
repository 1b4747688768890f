"""The references of records that people type: `contact:you@example.com`, `hubspot:contacts/101`. See also: `planning.lookup`."""

from __future__ import annotations

import click

from hxrules.catalogue import load_catalogue
from hxrules.language.model import Ruleset
from hxrules.planning.lookup import Asked, NoSuchRecord, asked


def question(word: str, rules: Ruleset) -> Asked:
    """A reference, taken apart. Raises `click.UsageError` (64) for what can be none."""
    try:
        return asked(word, rules, load_catalogue())
    except NoSuchRecord as error:
        hint = f" Did you mean {error.close[0]}?" if error.close else ""
        raise click.UsageError(f"{word!r} names no record. {error}{hint}") from error
