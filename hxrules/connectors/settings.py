"""Where the two APIs are and who we are to them: the part of the environment that connectors need (design §0.3).

Each secret may also be given as the path of a file that holds it (`HXRULES_HUBSPOT_TOKEN_FILE=/run/secrets/token`).
Secrets are kept out of `repr`, and travel over TLS or to this machine only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hxrules.problems import Halt, Problem

HUBSPOT_URL: Final = "https://api.hubapi.com"
XERO_URL: Final = "https://api.xero.com"
XERO_IDENTITY_URL: Final = "https://identity.xero.com"

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Credentials and addresses; addresses are roots, without a path and without a final slash."""

    hubspot_token: str = field(repr=False)
    xero_client_id: str = field(repr=False)
    xero_client_secret: str = field(repr=False)
    hubspot_url: str = HUBSPOT_URL
    xero_url: str = XERO_URL
    xero_identity_url: str = XERO_IDENTITY_URL


def settings_from(environ: Mapping[str, str]) -> Settings:
    """The settings that the environment holds.

    Raises `Halt` (7, `HX401`) that names every credential that is missing or can't be read, and every address that
    can't be used.
    """
    problems: list[Problem] = []
    settings = Settings(
        hubspot_token=_secret(environ, "HXRULES_HUBSPOT_TOKEN", problems),
        xero_client_id=_secret(environ, "HXRULES_XERO_CLIENT_ID", problems),
        xero_client_secret=_secret(environ, "HXRULES_XERO_CLIENT_SECRET", problems),
        hubspot_url=_address(environ, "HXRULES_HUBSPOT_URL", HUBSPOT_URL, problems),
        xero_url=_address(environ, "HXRULES_XERO_URL", XERO_URL, problems),
        xero_identity_url=_address(environ, "HXRULES_XERO_IDENTITY_URL", XERO_IDENTITY_URL, problems),
    )
    if problems:
        raise Halt(7, problems)
    return settings


def _secret(environ: Mapping[str, str], name: str, problems: list[Problem]) -> str:
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
    if not value:
        problems.append(_problem(f"{name} is not set", "", f"Set it, or {name}_FILE to a file that holds it."))
    elif not (value.isascii() and value.isprintable() and " " not in value):
        problems.append(_problem(f"{name} is no credential", "It has blanks or odd characters.", "Copy it again."))
    return value


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
