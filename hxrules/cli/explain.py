"""`hxrules explain CODE`: the long form of a problem."""

from __future__ import annotations

import click


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
    click.echo(f"{found.code}  {found.title}\n\n{found.text}")
