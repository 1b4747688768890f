"""What `hxrules import` found in two accounts: proposals with their reasons, the YAML, what wasn't proposed and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hxrules.language.additions import nested
from hxrules.planning.proposals import Proposal, Proposals
from hxrules.reports.style import Style, Tone, cells, fold, page


def snippet(entries: Sequence[Proposal], width: int = 116) -> str:
    """The proposals as YAML, each with its reason above it."""
    return nested([(each.path, each.value, reason(each, width)) for each in entries])


def reason(proposal: Proposal, width: int = 116) -> str:
    """Why, as the lines of a comment."""
    room = width - 2 * len(proposal.path)
    return "\n".join(fold(" ".join(proposal.why.split()), room))


def proposals_text(found: Proposals, file: str, style: Style) -> str:
    """For people: what is proposed comes first, as it would stand in the ruleset."""
    return page(_lines(found, file, style))


def _lines(found: Proposals, file: str, style: Style) -> Iterator[str]:
    if found.entries:
        yield style.paint(f"Proposed for {style.say(file)} ({len(found.entries)})", Tone.STRONG)
        yield ""
        for line in snippet(found.entries, style.width - 4).splitlines():
            said = style.say(line.lstrip(" "))
            lead = " " * (len(line) - len(line.lstrip(" ")))
            yield f"  {lead}{style.paint(said, Tone.FAINT) if said.startswith('#') else style.paint(said, Tone.GOOD)}"
        yield ""
    else:
        yield style.paint(f"Nothing to propose for {style.say(file)}", Tone.STRONG)
        yield ""
    yield from _section("Not proposed, because", [(each.what, each.because) for each in found.left], style)
    yield from _section("Currencies", [("", each) for each in found.notes], style)
    yield from _section("As it should be", [("", each) for each in found.settled], style)


def _section(title: str, rows: Sequence[tuple[str, str]], style: Style) -> Iterator[str]:
    if not rows:
        return
    yield style.paint(f"{title} ({len(rows)})", Tone.STRONG)
    for what, text in rows:
        lead = "  " if not what else "    "
        if what:
            yield f"  {style.shorten(style.say(what), style.width - 2)}"
        yield from (f"{lead}{line}" for line in fold(style.say(text), style.width - cells(lead)))
    yield ""


def proposals_json(found: Proposals, file: str, *, written: bool) -> dict[str, Any]:
    """For machines."""
    return {
        "ruleset": file,
        "proposed": [{"path": list(each.path), "value": each.value, "why": each.why} for each in found.entries],
        "yaml": snippet(found.entries),
        "not_proposed": [{"what": each.what, "because": each.because} for each in found.left],
        "notes": list(found.notes),
        "as_it_should_be": list(found.settled),
        "written": written,
    }
