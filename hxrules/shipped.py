"""The files that come with hxrules: the JSON Schema of the language, the rulesets, bases included, and what runs them in CI.

In an installed package they lie inside it; in a checkout they lie at the top level, where people edit them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


def schema(name: str) -> str:
    """The text of a JSON Schema, by its name (`ruleset.v1`). Raises `FileNotFoundError`."""
    return (_folder("schemas") / f"{name}.json").read_text(encoding="utf-8")


def ruleset(name: str) -> str:
    """The text of a shipped ruleset, by its name (`recommended`, `xero-data-sync.v1`). Raises `FileNotFoundError`."""
    return (_folder("rulesets") / f"{name}.yaml").read_text(encoding="utf-8")


def ci(name: str) -> str:
    """The text of a file for CI, as seen from `.github` (`actions/hxrules/action.yml`). Raises `FileNotFoundError`."""
    return (_folder(".github") / name).read_text(encoding="utf-8")


def base(reference: str) -> tuple[str, str] | None:
    """The text of a base and the file name to show for it, by its name and version (`xero-data-sync@1`); `None` for no such base."""
    if reference not in bases():
        return None
    name = reference.replace("@", ".v")
    return ruleset(name), f"rulesets/{name}.yaml"


def base_file(reference: str) -> Path:
    """Where a base lies, by its name and version."""
    return _folder("rulesets") / f"{reference.replace('@', '.v')}.yaml"


@lru_cache(maxsize=1)
def bases() -> tuple[str, ...]:
    """All bases, by name and version; the newest version of a name last."""
    found = []
    for path in _folder("rulesets").glob("*.v*.yaml"):
        name, _, version = path.stem.rpartition(".v")
        if version.isdecimal():
            found.append((name, int(version)))
    return tuple(f"{name}@{version}" for name, version in sorted(found))


@lru_cache(maxsize=3)
def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
