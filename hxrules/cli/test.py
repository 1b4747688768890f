"""`hxrules test`: a ruleset's own cases, through the real planner and without any network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from hxrules import reports
from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets
from hxrules.cli.files import put, rewrite
from hxrules.cli.output import print_json, style
from hxrules.language.source import decode
from hxrules.planning.cases.coverage import Coverage
from hxrules.planning.cases.rewriting import rewritten
from hxrules.planning.cases.run import names_ruleset, read_cases, run_cases, without_expectations
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.problems import Halt, Problem, Span, has_errors, in_order

SUFFIX: Final = "_test"


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--update", is_flag=True, help="Write the expectations of failing cases anew. Read the difference in git."
)
@click.option("--coverage", is_flag=True, help="Show the mappings, comparisons and limits that no case exercises.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results as JUnit XML too, for CI."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(paths: tuple[str, ...], update: bool, coverage: bool, junit: Path | None, form: str) -> int:
    """Run the cases in NAME_test.yaml beside NAME.yaml: given these records, a run does exactly this. Ends with 3 when one fails.

    \b
      hxrules test                           the cases of this folder's ruleset
      hxrules test rulesets/ --coverage      all in a folder, and which rules none of them exercises
      hxrules test --update                  accept what the planner does now
    """
    sources: dict[str, str] = {}
    files = [_tested(path, update, coverage, sources) for path in _test_files(paths)]
    problems = in_order(problem for each in files for problem in each.problems)
    if junit is not None:
        put(junit, [reports.cases_junit(files)])
    if form == "json":
        print_json(reports.cases_json(files))
    else:
        if problems:
            click.echo(reports.problems_text(problems, sources, style()) + "\n")
        click.echo(reports.cases_text(files, style()))
    failed = any(each.failed for each in files) or has_errors(problems)
    if failed and form == "text":
        first = next((problem for problem in problems), None)
        words = " ".join(paths)
        then = f"hxrules explain {first.code}" if first else f"hxrules test --update {words}".rstrip()
        print(
            f"Next: correct the ruleset or the cases; {then} {'says more' if first else 'accepts what happens now'}.",
            file=sys.stderr,
        )
    return 3 if failed else 0


# --- which files -------------------------------------------------------------------------------------------------------------


def _test_files(arguments: tuple[str, ...]) -> list[Path]:
    """The test files that the arguments name: themselves, beside a ruleset, or in a folder. Raises `Halt` (3) where there are none."""
    found: list[Path] = []
    for path in [rulesets.existing(Path(each)) for each in arguments] or [rulesets.default_path()]:
        if path.is_dir():
            inside = sorted(_in(path))
            if not inside:
                raise Halt(3, [_none(path, f"there are no test files in {rulesets.show(path)}")])
            found += inside
        elif path.stem.endswith(SUFFIX):
            found.append(path)
        else:
            beside = path.with_name(f"{path.stem}{SUFFIX}{path.suffix}")
            if not beside.is_file():
                raise Halt(3, [_none(beside, f"there is no {rulesets.show(beside)}")])
            found.append(beside)
    return list(dict.fromkeys(found))


def _in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(f"*{SUFFIX}.y*ml"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in (".yaml", ".yml") and not hidden:
            yield path


def _none(path: Path, summary: str) -> Problem:
    return Problem(
        "HX160",
        summary,
        "The cases of NAME.yaml stand beside it, in NAME_test.yaml.",
        "Write one, beginning with `cases:` and `- name: …`.",
        next_command="hxrules explain HX160",
    )


# --- one file ----------------------------------------------------------------------------------------------------------------


def _tested(path: Path, update: bool, with_coverage: bool, sources: dict[str, str]) -> reports.TestedFile:
    shown = rulesets.show(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem("HX100", f"{shown} can't be read", error.strerror or str(error), span=Span(shown, 1, 1, 1, 1))
        return reports.TestedFile(shown, "", [problem], [])
    text, problems = decode(raw, shown)
    if text is None:
        return reports.TestedFile(shown, "", problems, [])
    sources[shown] = text
    named, node = names_ruleset(text, shown)
    rules = path.parent / (named or f"{path.stem.removesuffix(SUFFIX)}{path.suffix}")
    if not rules.is_file():
        place = node.place if node is not None else Span(shown, 1, 1, 1, 1)
        problem = Problem(
            "HX160",
            f"the ruleset that this tests isn't there: {rulesets.show(rules)}",
            "A test file tests the ruleset of its own name, or the one that `ruleset:` names, from its own folder.",
            "Correct `ruleset:`, or the file's name.",
            span=place,
        )
        return reports.TestedFile(shown, rulesets.show(rules), [problem], [])
    loaded = rulesets.load(rules)
    sources.update(loaded.sources)
    if loaded.ruleset is None or has_errors(loaded.problems):
        return reports.TestedFile(shown, rulesets.show(rules), loaded.problems, [])
    before = text
    if update:
        text = sources[shown] = _updated(path, shown, text, loaded)
    tested = _run(shown, text, loaded, with_coverage)
    left = without_expectations(tested.problems) if update else tested.problems
    return replace(tested, problems=left or tested.problems, updated=text != before)


def _updated(path: Path, shown: str, text: str, loaded: rulesets.Loaded) -> str:
    """The text with the expectations of failing cases written anew, if it can be read as far as that."""
    catalogue, ruleset = load_catalogue(), loaded.ruleset
    assert ruleset is not None
    cases, problems = read_cases(text, shown, ruleset, catalogue)
    if has_errors(without_expectations(problems)):
        return text
    new = rewritten(text, run_cases(cases, ruleset, catalogue), Vocabulary(ruleset, catalogue))
    if new != text:
        rewrite(path, new)
    return new


def _run(shown: str, text: str, loaded: rulesets.Loaded, with_coverage: bool) -> reports.TestedFile:
    catalogue, ruleset = load_catalogue(), loaded.ruleset
    assert ruleset is not None
    cases, problems = read_cases(text, shown, ruleset, catalogue)
    readable = not has_errors(problems)
    coverage = Coverage(ruleset, catalogue) if with_coverage and readable else None
    outcomes = run_cases(cases, ruleset, catalogue, coverage) if readable else []
    return reports.TestedFile(
        shown, rulesets.show(loaded.path), problems, outcomes, Vocabulary(ruleset, catalogue), coverage
    )
