"""`hxrules sandbox`: a local HubSpot and a local Xero, to try things on (design §0.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click


@click.command("sandbox")
@click.option("--hubspot-port", type=click.IntRange(0, 65535), default=0, show_default="any free one")
@click.option("--xero-port", type=click.IntRange(0, 65535), default=0, show_default="any free one")
@click.option("--seed", default="small", show_default=True, help="empty, small, or a number of contacts on each side.")
@click.option(
    "--seed-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML or JSON with both worlds."
)
@click.option("--faults", help="YAML or JSON, or a file of it: what goes wrong, when.")
@click.option("--clock", help="ISO instant at which the sandbox's clock starts.")
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Gets one JSON object once both ports answer."
)
@click.option(
    "--request-log", type=click.Path(dir_okay=False, path_type=Path), help="Gets one JSON line for each request."
)
@click.option(
    "--quirk", "quirks", multiple=True, metavar="NAME=VALUE", help="How to behave where the vendors don't say."
)
def command(
    hubspot_port: int,
    xero_port: int,
    seed: str,
    seed_file: Path | None,
    faults: str | None,
    clock: str | None,
    ready_file: Path | None,
    request_log: Path | None,
    quirks: tuple[str, ...],
) -> None:
    """Serve a local HubSpot and a local Xero on 127.0.0.1 until interrupted.

    They keep the vendors' rules, limits and errors, and their worlds in memory. The lines that are printed set the environment for
    hxrules in another terminal.

    \b
      hxrules sandbox                             a small world
      hxrules sandbox --seed 2000                 2,000 contacts on each side
      hxrules sandbox --faults '{"rate": 0.05}'   a bad day
    """
    from hxrules.sandbox.server import SandboxOptions, serve

    options = SandboxOptions(
        hubspot_port=hubspot_port,
        xero_port=xero_port,
        seed=seed,
        seed_file=seed_file,
        faults=_faults(faults),
        clock=_instant(clock),
        ready_file=ready_file,
        request_log=request_log,
        quirks=dict(_quirk(each) for each in quirks),
    )
    try:
        serve(options, ready=_announce)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error


def environment(ready: dict[str, Any]) -> dict[str, str]:
    """The environment of design §0.3 for a served sandbox."""
    return {
        "HXRULES_HUBSPOT_URL": ready["hubspot_url"],
        "HXRULES_HUBSPOT_TOKEN": ready["hubspot_token"],
        "HXRULES_XERO_URL": ready["xero_url"],
        "HXRULES_XERO_IDENTITY_URL": ready["xero_identity_url"],
        "HXRULES_XERO_CLIENT_ID": ready["xero_client_id"],
        "HXRULES_XERO_CLIENT_SECRET": ready["xero_client_secret"],
    }


def _announce(ready: dict[str, Any]) -> None:
    from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
    from hxrules.sandbox.xero.identity import PKCE_CLIENT_ID

    click.echo(f"# HubSpot portal {ready['portal']} and Xero “{ready['organisation']}” are up. Stop them with Ctrl-C.")
    for name, value in environment(ready).items():
        click.echo(f"export {name}={value}")
    click.echo("# To sign in by a consent instead, leave out the token, the client id and the secret, and type")
    click.echo(f"#   HXRULES_HUBSPOT_CLIENT_SECRET={CLIENT_SECRET} hxrules connect hubspot --client-id {CLIENT_ID}")
    click.echo(f"#   hxrules connect xero --client-id {PKCE_CLIENT_ID}")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no instant; write it like 2026-11-22T03:00:00Z.") from None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _faults(text: str | None) -> Any:
    if text is None:
        return None
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise click.BadParameter(f"--faults is no JSON: {error}") from None
    path = Path(text)
    if not path.is_file():
        raise click.BadParameter(f"There is no file {text!r}.")
    return path


def _quirk(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r}: write it as NAME=VALUE.")
    return name, value
