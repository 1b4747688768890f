"""`hxrules disconnect`: take a consent back at the app, and forget the connection."""

from __future__ import annotations

import os

import click

from hxrules.problems import Halt, Problem
from hxrules.records import App


@click.command("disconnect")
@click.argument("app", type=click.Choice([each.value for each in App]))
@click.option("--forget", is_flag=True, help="Only here: asks the app nothing, where the consent goes on.")
def command(app: str, forget: bool) -> int:
    """Revoke a consent and forget the connection.

    \b
      hxrules disconnect xero

    A token or a custom connection is only forgotten here: whoever made it takes it back in the app. Xero ends all connections that
    the same user has made with the same app.
    """
    from hxrules.connectors.credentials import Kind, credentials_from
    from hxrules.connectors.pace import Timing
    from hxrules.connectors.settings import addresses

    which, problems = App(app), list[Problem]()
    settings = addresses(os.environ, problems)
    if problems:
        raise Halt(7, problems)
    credentials = credentials_from(os.environ)
    connection = credentials.find(which, settings.root(which))
    if connection is None:
        raise click.UsageError(f"No connection to {which.brand} is stored; hxrules connect --status shows what is.")
    revoked = False
    if connection.kind is Kind.OAUTH and not forget:
        from hxrules.connectors.connecting import take_back

        with credentials.lock(connection):
            revoked = take_back(settings, connection, credentials.secrets(connection), Timing())
    credentials.forget(connection)
    click.echo(f"{which.brand} is disconnected: {connection.name}.")
    if connection.kind is Kind.TOKEN:
        click.echo("The token still works: delete or rotate it in HubSpot, under Development, Keys.")
    elif connection.kind is Kind.CUSTOM:
        click.echo("The custom connection still works: disconnect it in Xero, under Settings, Connected apps.")
    elif not revoked:
        said = "was not asked" if forget else "knows of no such consent any more"
        click.echo(f"{which.brand} {said}; its settings show which apps are connected.")
    return 0
