"""`extends:` — what a ruleset builds on: a chain of rulesets that ends in a base, laid over one another.

A base is pinned by name and version (`xero-data-sync@1`) and comes with hxrules; another ruleset is named by its path, seen from
the file that names it. Every file of the chain is a complete ruleset and is checked as one. The file nearer to the user comes
first: key by key, down to a single filter or mapping; a custom mapping counts as a whole.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from hxrules import shipped
from hxrules.language import schema, versions
from hxrules.language.nodes import MappingNode, Node, ScalarNode, short
from hxrules.language.source import parse
from hxrules.problems import Problem, near

Bases = Callable[[str], tuple[str, str] | None]
"""`xero-data-sync@1`, or the path of a ruleset as seen from the first file's folder → its text and the file name to show; `None`
where there is none."""

_PINNED = re.compile(r"[a-z0-9][a-z0-9-]*@[1-9][0-9]{0,5}\Z")
_WHOLE = frozenset({"custom-mappings"})
"""Keys whose entries replace those of the same name, instead of being laid over them."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The files that make one ruleset."""

    rules: MappingNode
    """All of them, laid over one another."""
    base: str | None
    """The base at the end, as `name@version`; `None` where the chain breaks before."""
    is_base: bool
    """The file itself is a base: there is nothing to run in it."""


def read_chain(text: str, file: str, bases: Bases, problems: list[Problem]) -> Chain | None:
    """Reads `text` and all that it extends. `None` when there is no mapping to work with; problems are added to the list."""
    root = _read(text, file, problems)
    if root is None:
        return None
    if _is_base(root):
        return Chain(root, f"{_said(root, 'name')}@{_said(root, 'version')}", is_base=True)
    names = [posixpath.basename(file)]
    files = [root]
    base = None
    while base is None and (extends := _extends(files[-1])) is not None:
        step = _follow(extends, names, bases, problems)
        if step is None:
            break
        names.append(step[0])
        files.append(step[1])
        if _is_base(step[1]):
            base = step[0]
    if base is None:
        files += _newest_base(bases)
    rules = files.pop()
    while files:
        rules = _overlay(files.pop(), rules)
    return Chain(rules, base, is_base=False)


def _newest_base(bases: Bases) -> list[MappingNode]:
    """What the rest is checked against when the chain breaks: one wrong name should not hide the other problems."""
    found = bases(shipped.bases()[-1])
    root = _read(*found, []) if found else None
    return [root] if root else []


def _read(text: str, file: str, problems: list[Problem]) -> MappingNode | None:
    """One file: its YAML, its version and its shape. Where the YAML itself is refused, the shape has nothing to say about that place;
    where the file is of another version of the language, nothing at all.

    The words of a base are refused (HX115) and taken out where the file is none.
    """
    node, found = parse(text, file)
    if isinstance(node, MappingNode):
        refused = versions.refused(node)
        if refused is not None:
            problems += [*found, refused]
            return None
        found += versions.replace_deprecated(node)
    if node is not None:
        places = {problem.span for problem in found}
        found += [problem for problem in schema.check(node) if problem.span not in places]
    if isinstance(node, MappingNode) and not _is_base(node):
        for name in node.entries.keys() & schema.BASE_WORDS:
            key, _ = node.entries.pop(name)
            found.append(schema.base_word(key))
    problems += found
    return node if isinstance(node, MappingNode) else None


def _is_base(root: MappingNode) -> bool:
    return "objects" in root.entries and not root.entries.keys() & {"extends", "syncs"}


def _said(root: MappingNode, name: str) -> str:
    node = root.get(name)
    return node.text if isinstance(node, ScalarNode) else "?"


def _extends(root: MappingNode) -> ScalarNode | None:
    node = root.get("extends")
    return node if isinstance(node, ScalarNode) and isinstance(node.plain, str) else None


def _follow(
    extends: ScalarNode, names: list[str], bases: Bases, problems: list[Problem]
) -> tuple[str, MappingNode] | None:
    """The next file of the chain and its name; a problem instead, where it can't be had (HX120) or was there before (HX121)."""
    wanted = extends.text.strip()
    pinned = _PINNED.match(wanted) is not None
    if not pinned and not wanted.endswith((".yaml", ".yml")):
        problems.append(_unknown(extends, "It is neither a base with its version (`name@1`) nor a YAML file."))
        return None
    name = wanted if pinned else posixpath.normpath(posixpath.join(posixpath.dirname(names[-1]), wanted))
    if name in names:
        chain = " → ".join([*names[names.index(name) :], name])
        problems.append(
            Problem(
                "HX121",
                f"`{short(wanted)}` extends itself",
                f"The chain is {chain}.",
                "Let one of these files extend a base instead.",
                span=extends.place,
            )
        )
        return None
    found = bases(name)
    if found is None:
        problems.append(
            _unknown(extends, "hxrules has no such base." if pinned else f"There is no file `{short(name)}`.")
        )
        return None
    root = _read(*found, problems)
    if root is None:
        return None
    if _is_base(root) and not pinned:
        problems.append(_unknown(extends, "That file is a base; only the bases that come with hxrules count as such."))
        return None
    return name, root


def _unknown(extends: ScalarNode, cause: str) -> Problem:
    known = shipped.bases()
    suggestion = next(iter(near(extends.text, known)), None)
    return Problem(
        "HX120",
        f"nothing to extend is called `{short(extends.text)}`",
        f"{cause} Known bases: {', '.join(f'`{name}`' for name in known)}.",
        f"Write `{suggestion}`."
        if suggestion
        else "Name one of them, or another ruleset by its path (`company.yaml`).",
        span=extends.place,
        suggestion=suggestion,
    )


def _overlay(upper: MappingNode, lower: MappingNode, *, whole: bool = False) -> MappingNode:
    """`upper` laid over `lower`; places stay those of the file that an entry comes from."""
    entries = dict(lower.entries)
    for name, (key, value) in upper.entries.items():
        below: Node | None = lower.get(name)
        if not whole and isinstance(value, MappingNode) and isinstance(below, MappingNode):
            value = _overlay(value, below, whole=name in _WHOLE)
        entries[name] = (key, value)
    return MappingNode(upper.source, upper.start, upper.end, entries)
