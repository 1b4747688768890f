"""`hxrules connect`: open HubSpot and Xero to hxrules, once, by a consent in the browser, a token, or a custom connection (R5)."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from hxrules.cli.clock import now
from hxrules.cli.output import print_json
from hxrules.problems import Halt, Problem
from hxrules.records import App

if TYPE_CHECKING:
    from hxrules.connectors.connecting import Made, Tenant
    from hxrules.connectors.credentials import Connection, Credentials
    from hxrules.connectors.oauth import Question, Vendor
    from hxrules.connectors.settings import Settings

_WHERE_TO_REGISTER = {
    App.HUBSPOT: "an app at developers.hubspot.com; or use --token with a service key of the account",
    App.XERO: "a “Mobile or desktop app” (PKCE) at developer.xero.com; or use --custom with a custom connection",
}


@click.command("connect")
@click.argument("app", required=False, type=click.Choice([each.value for each in App]))
@click.option("--status", is_flag=True, help="What is connected; asks neither app.")
@click.option(
    "--client-id", help="Of your app; else HXRULES_HUBSPOT_CLIENT_ID, HXRULES_XERO_CLIENT_ID, or the last one used."
)
@click.option("--token", is_flag=True, help="HubSpot: by a service key or another static token, which is asked for.")
@click.option("--custom", is_flag=True, help="Xero: by a custom connection, whose secret is asked for.")
@click.option("--no-browser", is_flag=True, help="Open the page elsewhere, and paste the address that it ends at.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of the redirect address, http://localhost:PORT/callback.")
@click.option("--tenant", help="Xero: the organisation's id or name, where a consent opens several.")
@click.option("--broad", is_flag=True, help="Xero: ask for the scopes of an app made before March 2026.")
@click.option(
    "--timeout", type=click.IntRange(1, 3600), default=300, show_default=True, help="Seconds to wait for the browser."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    app: str | None,
    status: bool,
    client_id: str | None,
    token: bool,
    custom: bool,
    no_browser: bool,
    port: int | None,
    tenant: str | None,
    broad: bool,
    timeout: int,
    form: str,
) -> int:
    """Connect an account, or show what is connected.

    \b
      hxrules connect hubspot                    by a consent in the browser
      hxrules connect hubspot --token            by a service key
      hxrules connect xero --client-id ID        by a consent in the browser
      hxrules connect xero --custom              by a custom connection
      hxrules connect --status

    What is stored goes into the system's keyring, or into a file for you alone where there is none. Credentials of the environment
    (HXRULES_HUBSPOT_TOKEN …) go before what is stored. Secrets are asked for, or read from standard input in a script.
    """
    if status or app is None:
        return _status(form)
    which = App(app)
    if (token and which is not App.HUBSPOT) or ((custom or tenant or broad) and which is not App.XERO):
        raise click.UsageError("--token is for hubspot; --custom, --tenant and --broad are for xero.")
    from hxrules.connectors import connecting
    from hxrules.connectors.credentials import credentials_from
    from hxrules.connectors.oauth_callback import PORT
    from hxrules.connectors.pace import Timing
    from hxrules.connectors.settings import addresses

    problems: list[Problem] = []
    settings = addresses(os.environ, problems)
    if problems:
        raise Halt(7, problems)
    credentials, timing = credentials_from(os.environ), Timing()
    before = credentials.find(which, settings.root(which))
    if token:
        made = connecting.by_token(settings, _secret("HXRULES_HUBSPOT_TOKEN", "Token"), now(), timing)
    elif custom or (which is App.XERO and client_id is None and _given("HXRULES_XERO_CLIENT_SECRET")):
        known = _client_id(which, client_id, before)
        secret = _secret("HXRULES_XERO_CLIENT_SECRET", "Client secret")
        made = connecting.by_custom_connection(settings, known, secret, now(), timing)
    else:
        known = _client_id(which, client_id, before)
        secret = _client_secret(credentials, before, known) if which is App.HUBSPOT else ""
        made = _by_consent(
            settings, which, known, secret, port or PORT, _Browser(no_browser, timeout), tenant=tenant, broad=broad
        )
    credentials.keep(*made)
    _say_so(made, credentials, form)
    return 0


class _Browser:
    """How the consent page is opened, and how long its answer is waited for."""

    def __init__(self, elsewhere: bool, seconds: int) -> None:
        self.elsewhere = elsewhere
        self.seconds = seconds


def _by_consent(
    settings: Settings,
    app: App,
    client_id: str,
    client_secret: str,
    port: int,
    browser: _Browser,
    *,
    tenant: str | None,
    broad: bool,
) -> Made:
    from hxrules.connectors import connecting
    from hxrules.connectors.oauth import Question, TokenEndpoint, vendor_of
    from hxrules.connectors.oauth_callback import redirect_uri
    from hxrules.connectors.pace import Timing

    vendor, timing = vendor_of(app, settings, broad=broad), Timing()
    question = Question(vendor, client_id, redirect_uri(port))
    _announce(vendor, question.redirect_uri)
    code = _pasted(question) if browser.elsewhere else _waited_for(question, port, browser.seconds)
    with closing(TokenEndpoint(vendor, timing)) as endpoint:
        grant = endpoint.exchange(question, code, client_secret)
    if app is App.HUBSPOT:
        return connecting.by_consent_of_hubspot(settings, client_id, grant, now(), timing)

    def choose(found: list[Tenant]) -> Tenant:
        return _chosen(found, tenant)

    return connecting.by_consent_of_xero(settings, client_id, grant, choose, now(), timing)


def _announce(vendor: Vendor, redirect: str) -> None:
    """What will be asked for, before it is (R5)."""
    click.echo(f"{vendor.app.brand} will ask you to agree to these scopes:", err=True)
    for scope in vendor.scopes:
        click.echo(f"  {scope}", err=True)
    if vendor.optional:
        click.echo("and, as far as the account's plan has them:", err=True)
        for scope in vendor.optional:
            click.echo(f"  {scope}", err=True)
    click.echo(f"The app must have registered the redirect address {redirect}", err=True)


def _waited_for(question: Question, port: int, seconds: int) -> str:
    import webbrowser

    from hxrules.connectors.oauth_callback import listening

    with listening(question.vendor.app, port) as callback:
        click.echo(f"\nIf no browser opens, go to this address yourself:\n{question.url}\n", err=True)
        webbrowser.open(question.url)
        return callback.wait(question, seconds)


def _pasted(question: Question) -> str:
    """For a machine without a browser: the page is opened on another one, whose way back leads nowhere but shows the answer."""
    click.echo(f"\nOpen this address in any browser, and agree:\n{question.url}\n", err=True)
    click.echo(
        "The browser then shows that it can't open a page of localhost. Copy that page's whole address.", err=True
    )
    return question.code(_read("Address", hidden=False))


def _client_id(app: App, given: str | None, before: Connection | None) -> str:
    name = f"HXRULES_{app.name}_CLIENT_ID"
    known = given or _given(name) or (before.client_id if before else "")
    if not known and sys.stdin.isatty():
        click.echo(f"hxrules signs in as an app of your own: {_WHERE_TO_REGISTER[app]}.", err=True)
        known = _read("Client id", hidden=False)
    if not known:
        raise click.UsageError(f"Name your app by --client-id or {name}: {_WHERE_TO_REGISTER[app]}.")
    return known


def _client_secret(credentials: Credentials, before: Connection | None, client_id: str) -> str:
    """HubSpot's apps have one; the one that was stored with the same app serves again."""
    given = _given("HXRULES_HUBSPOT_CLIENT_SECRET")
    if not given and before is not None and before.client_id == client_id:
        given = credentials.secrets(before).client_secret
    return given or _read("Client secret", hidden=True)


def _secret(name: str, prompt: str) -> str:
    return _given(name) or _read(prompt, hidden=True)


def _given(name: str) -> str:
    """What the environment, or a file that it names, holds. Raises `Halt` (7) for what is no credential."""
    from hxrules.connectors.settings import secret

    problems: list[Problem] = []
    found = secret(os.environ, name, problems)
    if problems:
        raise Halt(7, problems)
    return found


def _read(prompt: str, *, hidden: bool) -> str:
    """Asks a person, or reads a line of standard input. Raises `Halt` (7) for nothing."""
    if sys.stdin.isatty():
        answer = str(click.prompt(prompt, hide_input=hidden, err=True))
    else:
        answer = sys.stdin.readline()
    answer = answer.strip()
    if not answer or any(each.isspace() for each in answer):
        remedy = "Give it in one line of standard input, or type it on a terminal."
        raise Halt(7, [Problem("HX401", f"{prompt}: nothing usable was given", "", remedy)])
    return answer


def _chosen(found: list[Tenant], wanted: str | None) -> Tenant:
    """Raises `Halt` (7, `HX410`) when it can't be told which is meant."""
    for each in found:
        if wanted is not None and wanted.lower() in (each.id.lower(), each.name.lower()):
            return each
    if wanted is None and sys.stdin.isatty():
        for number, each in enumerate(found, 1):
            click.echo(f"  {number}  {each.name}  {each.id}", err=True)
        answer = click.prompt("Which organisation", type=click.IntRange(1, len(found)), err=True)
        return found[int(answer) - 1]
    listed = "; ".join(f"{each.name} ({each.id})" for each in found)
    raise Halt(
        7,
        [
            Problem(
                "HX410",
                "The consent opens several Xero organisations"
                if wanted is None
                else f"No organisation {wanted!r} is connected",
                f"There are: {listed}.",
                "Name the one that is meant with --tenant.",
                next_command=f"hxrules connect xero --tenant {found[0].id}",
            )
        ],
    )


def _say_so(made: Made, credentials: Credentials, form: str) -> None:
    from hxrules.connectors import scopes

    connection = made.connection
    kept = "keyring" if credentials.in_keyring(connection) else "file"
    asked = (*scopes.HUBSPOT, *scopes.HUBSPOT_OPTIONAL) if connection.app is App.HUBSPOT else scopes.XERO
    missing = [each for each in asked if each not in connection.scopes] if connection.scopes else []
    if form == "json":
        print_json({**_shown(connection, kept), "not_granted": missing})
        return
    where = "the keyring" if kept == "keyring" else f"{credentials.path}, which you alone can read"
    click.echo(f"{connection.app.brand} is connected: {connection.name}. Kept in {where}.")
    if missing:
        click.echo(
            f"Not granted: {', '.join(missing)}. A ruleset that needs one of them says so before anything is written."
        )
    if name := _goes_before(connection.app):
        click.echo(f"{name} is set, and goes before this connection: unset it to use the connection.", err=True)
    click.echo("Next: hxrules doctor", err=True)


def _goes_before(app: App) -> str:
    """The variable that names credentials of the environment."""
    if app is App.HUBSPOT:
        return "HXRULES_HUBSPOT_TOKEN" if _given("HXRULES_HUBSPOT_TOKEN") else ""
    both = _given("HXRULES_XERO_CLIENT_ID") and _given("HXRULES_XERO_CLIENT_SECRET")
    return "HXRULES_XERO_CLIENT_SECRET" if both else ""


def _shown(connection: Connection, kept: str) -> dict[str, Any]:
    return {
        "app": connection.app.value,
        "kind": connection.kind.value,
        "account": connection.account,
        "name": connection.name,
        "root": connection.root,
        "client_id": connection.client_id,
        "scopes": list(connection.scopes),
        "made": connection.made.isoformat(timespec="seconds"),
        "kept": kept,
    }


_KINDS = {"token": "by a token", "oauth": "by a consent", "custom": "by a custom connection"}


def _status(form: str) -> int:
    """What is connected; 7 when one of the apps is not."""
    from hxrules.connectors.credentials import credentials_from
    from hxrules.connectors.settings import addresses

    problems: list[Problem] = []
    settings = addresses(os.environ, problems)
    if problems:
        raise Halt(7, problems)
    credentials = credentials_from(os.environ)
    stored = credentials.connections()
    named = {app: name for app in App if (name := _goes_before(app))}
    used = {each.app: each for each in stored if each.root == settings.root(each.app) and each.app not in named}
    rows = [
        {
            **_shown(each, "keyring" if credentials.in_keyring(each) else "file"),
            "in_use": used.get(each.app) is each,
        }
        for each in stored
    ]
    unconnected = [app for app in App if app not in named and app not in used]
    if form == "json":
        environment = [{"app": app.value, "variable": name} for app, name in named.items()]
        print_json({"environment": environment, "connections": rows, "missing": [app.value for app in unconnected]})
        return 7 if unconnected else 0
    for app, name in named.items():
        click.echo(f"{app.brand:8}by {name} of the environment")
    for each, row in zip(stored, rows, strict=True):
        use = "" if row["in_use"] else f"  (not in use: for {each.root})" if each.app not in named else "  (not in use)"
        click.echo(
            f"{each.app.brand:8}{each.name}, {_KINDS[each.kind]} of {each.made:%Y-%m-%d}, kept in the {row['kept']}{use}"
        )
    for app in unconnected:
        click.echo(f"{app.brand:8}not connected")
    if unconnected:
        click.echo(f"Next: hxrules connect {unconnected[0]}", err=True)
    return 7 if unconnected else 0
