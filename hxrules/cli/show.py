"""`hxrules show PLAN`: a saved plan, as `dry-run` printed it.

Reading a plan is not applying it: a stale one is shown too, only one that was changed is refused.
"""

from __future__ import annotations

from pathlib import Path

import click

from hxrules.cli.dry_run import show
from hxrules.planning.plan_file import BadPlan, read_plan
from hxrules.problems import Halt


@click.command("show")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text", show_default=True
)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
@click.option("--all", "everything", is_flag=True, help="Show every change, however many there are.")
def command(plan: Path, form: str, mode: str | None, everything: bool) -> int:
    """Print a plan that dry-run -o saved. A plan that was changed since is refused with 5.

    \b
      hxrules show plan.json --all                       every change
      hxrules show plan.json --format html > plan.html   a page to search in
    """
    try:
        found = read_plan(plan.read_text(encoding="utf-8", errors="replace"), plan.name).plan
    except BadPlan as bad:
        raise Halt(5, [bad.problem]) from bad
    show(found, form, mode, everything, saved=str(plan), next_step=False)
    return 0
