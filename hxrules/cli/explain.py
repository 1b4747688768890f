"""`hxrules explain CODE`: the long form of a problem."""

from __future__ import annotations

from textwrap import fill

import click

from hxrules.cli.output import style


@click.command("explain")
@click.argument("code")
def command(code: str) -> None:
    """Print what a problem code means, why it happens, and what to do.

    \b
      hxrules explain HX203
    """
    from hxrules.problems import explanations, near

    known = explanations()
    found = known.get(code.upper())
    if found is None:
        close = near(code.upper(), known, 1)
        hint = f" Did you mean {close[0]}?" if close else " Codes look like HX203."
        raise click.UsageError(f"There is no code {code!r}.{hint}")
    width = style().width
    text = "\n".join(_laid_out(paragraph, width) for paragraph in found.text.split("\n\n"))
    click.echo(f"{found.code}  {found.title}\n\n{text}")


def _laid_out(paragraph: str, width: int) -> str:
    """A paragraph in the width of the terminal; an indented one (a piece of YAML, a command) as it stands."""
    if any(line.startswith(" ") for line in paragraph.splitlines()):
        return f"{paragraph}\n"
    return fill(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False) + "\n"
