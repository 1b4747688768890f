"""`hxrules fmt`: rulesets in their one layout; with `--upgrade`, in the current version of the language."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from hxrules import reports
from hxrules.cli import rulesets
from hxrules.cli.files import difference, rewrite
from hxrules.cli.output import print_json, style
from hxrules.language.layout import formatted
from hxrules.language.versions import upgraded
from hxrules.problems import Problem, has_errors, in_order


class _Formatted(NamedTuple):
    """What becomes of one file; `after` is `None` for one that is left alone because of its errors."""

    path: Path
    before: str
    after: str | None
    problems: list[Problem]
    sources: dict[str, str]

    @property
    def changes(self) -> bool:
        return self.after is not None and self.after != self.before


@click.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--check", is_flag=True, help="Write nothing; end with 3 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--upgrade", is_flag=True, help="Rewrite older versions of the language, and words that are deprecated.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(paths: tuple[str, ...], check: bool, diff: bool, upgrade: bool, form: str) -> int:
    """Bring rulesets into their one layout; never changes what they mean. A file with errors is left alone (3).

    \b
      hxrules fmt                            the ruleset of this folder
      hxrules fmt rulesets/                  all rulesets in a folder
      hxrules fmt --check rulesets/          for CI: 3 when something would change
      hxrules fmt --upgrade old.yaml         from an older version of the language
    """
    files = [_format(path, upgrade=upgrade) for path in rulesets.many(paths)]
    changed = [each for each in files if each.changes]
    failed = [each for each in files if each.after is None]
    if not check and not diff:
        for each in changed:
            rewrite(each.path, each.after or "")
    problems = in_order(problem for each in failed for problem in each.problems)
    if form == "json":
        shown = [
            {"file": rulesets.show(each.path), "changed": each.changes} for each in files if each.after is not None
        ]
        print_json({"files": shown, **reports.problems_json(problems)})
    else:
        _show(files, problems, "hxrules fmt --upgrade" if upgrade else "hxrules fmt", check=check, diff=diff)
    return 3 if failed or (check and changed) else 0


def _format(path: Path, *, upgrade: bool) -> _Formatted:
    """Raises nothing for what is in the file."""
    loaded = rulesets.load(path)
    before = loaded.sources.get(rulesets.show(path))
    if before is None:
        return _Formatted(path, "", None, loaded.problems, {})
    text, problems = before, loaded.problems
    if upgrade:
        newer = upgraded(before, rulesets.show(path))
        text = newer.text
        problems = [
            replace(problem, span=problem.span and newer.place(problem.span))
            for problem in rulesets.load_text(path, text).problems
        ]
    after = None if has_errors(problems) else formatted(text)
    return _Formatted(path, before, after, problems, loaded.sources)


def _show(files: list[_Formatted], problems: list[Problem], typed: str, *, check: bool, diff: bool) -> None:
    changed = [each for each in files if each.changes]
    for each in changed:
        if diff:
            click.echo(difference(rulesets.show(each.path), each.before, each.after or ""), nl=False)
        else:
            click.echo(f"{rulesets.show(each.path)} {'would change' if check else 'has been formatted'}.")
    same = sum(each.after == each.before for each in files)
    if same and not diff:
        click.echo(f"{same} file{'s are' if same > 1 else ' is'} as {'they' if same > 1 else 'it'} should be.")
    if problems:
        sources = {file: text for each in files for file, text in each.sources.items()}
        click.echo(reports.problems_text(problems, sources, style()))
        nexts = [problem.next_command for problem in problems if problem.next_command]
        file = next(rulesets.show(each.path) for each in files if each.after is None)
        print(f"Next: {nexts[0] if nexts else f'correct the file, then {typed} {shlex.quote(file)}'}", file=sys.stderr)
    elif check and changed:
        names = " ".join(shlex.quote(rulesets.show(each.path)) for each in changed)
        print(f"Next: {typed} {names}", file=sys.stderr)
