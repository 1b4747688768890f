"""`hxrules init`: a first ruleset with its tests and what CI needs, from a few questions or from options (R9, R10, R13).

See also: `init_choices` (what is offered), `init_questions` (the dialogue), `language.beginning` (the ruleset), `planning.cases.beginnings`
(its tests), `new_files` (all or nothing).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

import click

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.cli import init_questions, rulesets
from hxrules.cli.init_choices import EVERYTHING, PRESETS
from hxrules.cli.init_questions import CODE, Pattern
from hxrules.cli.new_files import NewFile, write_all
from hxrules.cli.output import print_json, style
from hxrules.cli.typed_filters import checked_filter
from hxrules.language.beginning import SYNCS, Answers, ruleset_text
from hxrules.language.model import Direction
from hxrules.planning.cases.beginnings import first_cases
from hxrules.problems import has_errors
from hxrules.records import App
from hxrules.reports.style import Style, Tone, fold, table

_OFF: Final = "off"
_DIRECTIONS: Final = click.Choice([*(each.value for each in Direction), _OFF])
_NEXT: Final = (
    ("hxrules validate", "the rules are what they should be"),
    ("hxrules test --coverage", "what they do, case by case"),
    ("hxrules connect hubspot", "and hxrules connect xero: once, in your browser"),
    ("hxrules import", "what your accounts have beyond the defaults"),
    ("hxrules dry-run", "what would be done; writes nothing"),
)


@click.command("init")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="What to begin with; other options change it.")
@click.option("--contacts", type=_DIRECTIONS)
@click.option("--products", type=_DIRECTIONS)
@click.option("--invoices", type=_DIRECTIONS)
@click.option("--payments", type=_DIRECTIONS)
@click.option("--winner", type=click.Choice([each.value for each in App]), help="Where it is unclear who is newer.")
@click.option(
    "--filter",
    "filters",
    type=(str, str),
    multiple=True,
    metavar="SYNC.to-APP CONDITION",
    help="Who may travel: contacts.to-xero 'email is known'; the condition `all` for everybody.",
)
@click.option("--sales-account", type=CODE, help="Xero's account for lines whose item names none; else 200.")
@click.option("--bank-account", type=CODE, help="Xero's account for money that was paid in HubSpot; else 090.")
@click.option("--portal", type=click.IntRange(min=1), help="The number of the HubSpot account, if you know it.")
@click.option(
    "--tenant",
    type=Pattern(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "the id of a tenant"),
    help="The id of the Xero organisation.",
)
@click.option("--organisation", help="The name of the Xero organisation, as Xero shows it.")
@click.option(
    "--name",
    type=Pattern(r"[a-z0-9][a-z0-9-]{0,62}", "a name: lower-case letters, digits and `-`"),
    help="Of the ruleset; else that of this folder.",
)
@click.option("--ci", type=click.Choice(["github", "gitlab", "none"]), help="What runs it; else github.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no option says is the preset's, or usual.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    preset: str | None,
    contacts: str | None,
    products: str | None,
    invoices: str | None,
    payments: str | None,
    winner: str | None,
    filters: tuple[tuple[str, str], ...],
    sales_account: str | None,
    bank_account: str | None,
    portal: int | None,
    tenant: str | None,
    organisation: str | None,
    name: str | None,
    ci: str | None,
    yes: bool,
    form: str,
) -> int:
    """Begin: write a first ruleset, its tests, and what CI needs into this folder. Overwrites nothing.

    \b
      hxrules init                                             asks; Enter takes the answer in brackets
      hxrules init --preset invoices-from-hubspot --yes        asks nothing
      hxrules init --contacts two-way --filter contacts.to-xero 'email is known' --ci none --yes
    """
    ask = not yes and form == "text" and sys.stdin.isatty() and sys.stdout.isatty()
    if not yes and not ask:
        raise click.UsageError(
            "Nobody can be asked here: this is no terminal. Add --yes, and say by options what differs."
        )
    root = _root(ci)
    said = init_questions.Said(
        preset=preset,
        directions={
            sync: _direction(word)
            for sync, word in zip(SYNCS, (contacts, products, invoices, payments), strict=True)
            if word is not None
        },
        winner=App(winner) if winner else None,
        filters=dict(_filter(*each) for each in filters),
        sales_account=sales_account,
        bank_account=bank_account,
        portal=portal,
        tenant=tenant,
        organisation=organisation,
        name=name or _folder_name(),
        ci=ci,
    )
    answers, ci = init_questions.asked(said, style()) if ask else init_questions.taken(said)
    files = _files(answers, ci)
    written = write_all(root, files)
    if form == "json":
        print_json({"written": [file.path for file in written], "next": [command for command, _ in _NEXT]})
    else:
        if ask:
            click.echo()
        _show(written, style())
    return 0


# --- what was said -----------------------------------------------------------------------------------------------------------


def _direction(word: str) -> Direction | None:
    return None if word == _OFF else Direction(word)


def _filter(where: str, condition: str) -> tuple[tuple[str, App], str | None]:
    """A filter of an option. Raises `click.UsageError` (64) for a place that is none, `Halt` (3) for a wrong condition."""
    sync, _, way = where.partition(".")
    apps = {f"to-{app.value}": app for app in App}
    if sync not in SYNCS or way not in apps:
        raise click.UsageError(f"--filter {where!r}: say where as SYNC.to-APP, contacts.to-xero, say.")
    condition = condition.strip()
    if condition != EVERYTHING:
        checked_filter(sync, apps[way], condition, f"--filter {where}")
    return (sync, apps[way]), None if condition == EVERYTHING else condition


def _folder_name() -> str:
    words = re.sub(r"[^a-z0-9]+", "-", Path.cwd().name.lower()).strip("-")[:63].strip("-")
    return words or "rules"


def _root(ci: str | None) -> Path:
    """This folder. Raises `click.UsageError` (64) where CI would not find what is written here."""
    here = Path.cwd()
    above = next((each for each in here.parents if (each / ".git").exists()), None)
    if ci != "none" and above is not None and not (here / ".git").exists():
        raise click.UsageError(
            f"The repository begins at {above}, where CI looks for its files: begin there, or add --ci none."
        )
    return here


# --- files -------------------------------------------------------------------------------------------------------------------


def _files(answers: Answers, ci: str) -> list[NewFile]:
    """All that is to be there. Raises `Halt` (3) should the rules not be valid."""
    text = ruleset_text(answers)
    loaded = rulesets.load_text(Path(rulesets.FILE), text)
    if loaded.ruleset is None or has_errors(loaded.problems):
        raise rulesets.RulesetHalt(3, loaded.problems, loaded)
    cases = first_cases(loaded.ruleset, load_catalogue())
    number = cases.count("\n  - name: ")
    syncs = ", ".join(f"{sync.name} {sync.direction.value}" for sync in loaded.ruleset.syncs)
    return [
        NewFile(rulesets.FILE, text, f"the rules: {syncs}"),
        NewFile("hxrules_test.yaml", cases, f"{number} cases that say what the rules do; all pass"),
        NewFile(
            "schemas/ruleset.v1.json",
            shipped.schema("ruleset.v1"),
            "what an editor needs to complete and check them",
            ours=True,
        ),
        *_ci_files(ci, answers.name),
    ]


def _ci_files(ci: str, name: str) -> list[NewFile]:
    if ci == "github":
        workflow = shipped.ci("workflows-examples/hxrules.yml").replace("acme.db", f"{name}.db")
        action = "actions/hxrules/action.yml", "actions/hxrules/steps.py"
        return [
            NewFile(
                ".github/workflows/hxrules.yaml", workflow, "test, preview and comment on pull requests; apply on main"
            ),
            *(NewFile(f".github/{each}", shipped.ci(each), "what the workflow runs", ours=True) for each in action),
        ]
    if ci == "gitlab":
        pipeline = shipped.ci("workflows-examples/gitlab-ci.yml").replace("acme.db", f"{name}.db")
        return [NewFile(".gitlab-ci.yml", pipeline, "test, preview and comment on merge requests; apply by hand")]
    return []


def _show(written: list[NewFile], drawn: Style) -> None:
    click.echo(drawn.paint("Written", Tone.STRONG))
    paths = max(len(file.path) for file in written)
    for file in written:
        first, *rest = fold(file.about, drawn.width - paths - 4)
        click.echo(f"  {drawn.paint(file.path.ljust(paths), Tone.PLACE)}  {first}")
        for line in rest:
            click.echo(f"  {' ' * paths}  {line}")
    click.echo("\n" + drawn.paint("Next", Tone.STRONG))
    for line in table(_NEXT, gap=3):
        click.echo(f"  {line}")
