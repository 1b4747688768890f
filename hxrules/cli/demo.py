"""`hxrules demo`: the whole story on a local sandbox, with the real commands, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.cli import run, session
from hxrules.cli.sandbox import environment
from hxrules.problems import Halt, Problem
from hxrules.records import App, Link, ReadRequest, Write
from hxrules.values import Value

RULESET = "contacts.yaml"


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the folder with ruleset, plan and state afterwards.")
def command(keep: bool) -> int:
    """Start a local HubSpot and a local Xero, and tell the story on them: validate, dry-run, apply, edits on both sides, dry-run,
    apply, status. Needs no account and no network."""
    from hxrules.sandbox.server import SandboxOptions, running

    folder = Path(tempfile.mkdtemp(prefix="hxrules-demo-"))
    try:
        with running(SandboxOptions(seed="small")) as sandbox, _inside(folder, environment(sandbox.ready())):
            _tell(folder)
    finally:
        if keep:
            click.echo(f"\nThe folder is kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _tell(folder: Path) -> None:
    (folder / RULESET).write_text(shipped.ruleset("contacts"), encoding="utf-8")
    _say(
        "A HubSpot portal and a Xero organisation are up, with a few dozen contacts each.",
        f"The rules are in {RULESET}: contacts both ways, those with an e-mail address.",
    )
    _step("Is the ruleset right?", ["validate", RULESET], 0)
    _step("What would happen? Nothing is written by looking.", ["dry-run", RULESET], 0)
    _step(
        "Do it. What can't be done (a name that is taken in Xero) is held with its reason, and stops nothing else.",
        ["apply", RULESET, "--yes"],
        6,
    )
    _say("Now people go on working. In both apps:", *_edit())
    _step("The next plan is exactly these edits.", ["dry-run", RULESET, "-o", "plan.json"], 0)
    _step("Do it.", ["apply", RULESET, "--yes"], 6)
    _step("And now?", ["dry-run", RULESET], 0)
    _step("Where does everything stand?", ["status", RULESET], 0)
    _step("And what is the matter with the failing one?", ["status", RULESET, "--failing", "contacts"], 0)
    _say("That was hxrules. Your own ruleset is a YAML file like the one you saw: hxrules validate, dry-run, apply.")


def _say(*lines: str) -> None:
    click.echo()
    for line in lines:
        click.secho(line, bold=True, color=None if sys.stdout.isatty() else False)


def _step(title: str, arguments: Sequence[str], expected: int) -> None:
    """Runs one command as a person would, and stops the story when it ends otherwise than it should."""
    _say(title)
    click.echo(f"$ hxrules {' '.join(arguments)}")
    click.echo()
    shown = [*arguments] if arguments[0] == "validate" else [*arguments, "--values", "full"]
    code = run(shown)
    if code != expected:
        problem = Problem(
            "HX308",
            f"hxrules {arguments[0]} ended with {code} in the demo",
            f"It should have ended with {expected}.",
            "Please report what is printed above.",
        )
        raise Halt(1, [problem])
    sys.stdout.flush()


def _edit() -> list[str]:
    """Edits three linked contacts through the APIs: one in HubSpot, one in Xero, and one in both."""
    store = session.existing_store()
    assert store is not None
    with store, session.connected() as connectors:
        first, second, third = _linked(store.view().links)
        told: list[str] = []

        def edit(app: App, link: Link, name: str, value: Value) -> None:
            info = load_catalogue().type(app, "contacts")
            field = info.fields[name]
            connector = connectors.of(app)
            (page,) = list(connector.read(ReadRequest(app, "contacts", (field,), ids=(link.side(app),))))
            (record,) = page.records
            write = Write(app, "contacts", f"demo-{app.value}-{link.id}", link.side(app), {field: value}, record.slots)
            (result,) = connector.write([write])
            if result.error is not None:
                raise Halt(1, [Problem("HX308", "an edit of the demo was refused", result.error.message)])
            was = record.fields.get(name)
            told.append(f"  {app.brand:<8}{field.title} of {link.side(app)}: {was or '(empty)'} → {value}")

        connectors.hubspot.identify()
        connectors.xero.identify()
        edit(App.HUBSPOT, first, "phone", "+61 2 9000 0001")
        edit(App.XERO, second, "PostalCity", "Hobart")
        edit(App.HUBSPOT, third, "city", "Fremantle")
        edit(App.XERO, third, "PostalCity", "Geraldton")
        return told


def _linked(links: Sequence[Link]) -> tuple[Link, Link, Link]:
    found = sorted(links, key=lambda each: int(each.hubspot))
    return found[0], found[1], found[2]


@contextmanager
def _inside(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """The demo's own folder and environment; what was there before comes back."""
    before, here = dict(os.environ), Path.cwd()
    own = {name: value for name, value in before.items() if not name.startswith("HXRULES_")}
    os.environ.clear()
    os.environ.update({**own, **variables})
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
