"""Where the two APIs are and who we are to them: the part of the environment that connectors need (design §0.3).

What the environment names goes before what `hxrules connect` has stored. Each secret may also be given as the path of a file that
holds it (`HXRULES_HUBSPOT_TOKEN_FILE=/run/secrets/token`). Secrets are kept out of `repr`, and travel over TLS or to this machine
only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from hxrules.connectors.credentials import Connection, Credentials, Kind, credentials_from
from hxrules.problems import Halt, Problem
from hxrules.records import App

HUBSPOT_URL: Final = "https://api.hubapi.com"
XERO_URL: Final = "https://api.xero.com"
XERO_IDENTITY_URL: Final = "https://identity.xero.com"

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Credentials and addresses; addresses are roots, without a path and without a final slash.

    `stored` are the connections of `credentials` that are used, by app; where there is none, the environment has named the
    credentials itself. Texts are empty where a consent takes their place.
    """

    hubspot_token: str = field(repr=False)
    xero_client_id: str = field(repr=False)
    xero_client_secret: str = field(repr=False)
    hubspot_url: str = HUBSPOT_URL
    xero_url: str = XERO_URL
    xero_identity_url: str = XERO_IDENTITY_URL
    stored: Mapping[App, Connection] = field(default_factory=lambda: MappingProxyType({}))
    credentials: Credentials | None = field(default=None, repr=False)

    def root(self, app: App) -> str:
        """The address of the app's API."""
        return self.hubspot_url if app is App.HUBSPOT else self.xero_url

    def consent(self, app: App) -> tuple[Connection, Credentials] | None:
        """The consent by which the app is opened, and where its tokens are kept; `None` when it is opened otherwise."""
        connection = self.stored.get(app)
        if connection is None or connection.kind is not Kind.OAUTH or self.credentials is None:
            return None
        return connection, self.credentials


def settings_from(environ: Mapping[str, str], apps: Collection[App] = tuple(App)) -> Settings:
    """The settings that the environment and the stored connections hold for these apps.

    Raises `Halt` (7, `HX401`) that names every app that is not connected, every credential that can't be read, and every
    address that can't be used; and (7, `HX409`) when the stored connections can't be read.
    """
    problems: list[Problem] = []
    urls = addresses(environ, problems)
    token = secret(environ, "HXRULES_HUBSPOT_TOKEN", problems)
    client_id = secret(environ, "HXRULES_XERO_CLIENT_ID", problems)
    client_secret = secret(environ, "HXRULES_XERO_CLIENT_SECRET", problems)
    if problems:
        raise Halt(7, problems)
    named = {App.HUBSPOT: bool(token), App.XERO: bool(client_id and client_secret)}
    credentials = credentials_from(environ)
    stored: dict[App, Connection] = {}
    for app in apps:
        if named[app]:
            continue
        connection = credentials.find(app, urls.root(app))
        if connection is None:
            problems.append(_not_connected(app, urls.root(app), bool(client_id)))
            continue
        stored[app] = connection
        if connection.kind is Kind.TOKEN:
            token = credentials.secrets(connection).access_token
        elif connection.kind is Kind.CUSTOM:
            client_id, client_secret = connection.client_id, credentials.secrets(connection).client_secret
    if problems:
        raise Halt(7, problems)
    return Settings(
        token,
        client_id,
        client_secret,
        urls.hubspot_url,
        urls.xero_url,
        urls.xero_identity_url,
        MappingProxyType(stored),
        credentials,
    )


def addresses(environ: Mapping[str, str], problems: list[Problem]) -> Settings:
    """Settings that know where the APIs are, and no credentials. What is wrong is added to `problems`."""
    return Settings(
        "",
        "",
        "",
        hubspot_url=_address(environ, "HXRULES_HUBSPOT_URL", HUBSPOT_URL, problems),
        xero_url=_address(environ, "HXRULES_XERO_URL", XERO_URL, problems),
        xero_identity_url=_address(environ, "HXRULES_XERO_IDENTITY_URL", XERO_IDENTITY_URL, problems),
    )


def secret(environ: Mapping[str, str], name: str, problems: list[Problem]) -> str:
    """The credential `name`, or the content of the file `name_FILE`; empty for neither. What is wrong is added to `problems`."""
    value = environ.get(name, "").strip()
    file = environ.get(f"{name}_FILE", "").strip()
    if file and not value:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            problems.append(_problem(f"{name}_FILE can't be read", f"{file}: {reason}", "Name a file with the secret."))
            return ""
        if not value:
            problems.append(_problem(f"{name}_FILE is empty", file, "Put the secret into the file."))
            return ""
    if value and not is_credential(value):
        problems.append(_problem(f"{name} is no credential", "It has blanks or odd characters.", "Copy it again."))
    return value


def is_credential(text: str) -> bool:
    """Whether the text can be a token, an id or a secret at all."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _not_connected(app: App, root: str, has_client_id: bool) -> Problem:
    command = f"hxrules connect {app}"
    if app is App.HUBSPOT:
        missing, instead = "HXRULES_HUBSPOT_TOKEN is", "HXRULES_HUBSPOT_TOKEN"
    elif has_client_id:
        missing, instead = "HXRULES_XERO_CLIENT_SECRET is", "HXRULES_XERO_CLIENT_SECRET for a custom connection"
    else:
        missing = "HXRULES_XERO_CLIENT_ID and HXRULES_XERO_CLIENT_SECRET are"
        instead = "both for a custom connection"
    return Problem(
        "HX401",
        f"{app.brand} is not connected",
        f"No connection to {root} is stored, and {missing} not set.",
        f"Type `{command}`. Or set {instead}; the same names with _FILE hold the path of a file.",
        next_command=command,
    )


def _address(environ: Mapping[str, str], name: str, default: str, problems: list[Problem]) -> str:
    value = environ.get(name, "").strip().rstrip("/") or default
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        plain = parts.scheme == "http" and parts.hostname not in _LOOPBACK
        login = parts.username is not None
    except ValueError:
        usable = plain = login = False
    if not usable or login:
        problems.append(_problem(f"{name} is no address", "", f"Write it like {default}."))
    elif plain:
        problems.append(_problem(f"{name} is not safe", f"{value} would carry secrets in clear text.", "Use https."))
    return value


def _problem(summary: str, cause: str, remedy: str) -> Problem:
    return Problem("HX401", summary, cause, remedy)
