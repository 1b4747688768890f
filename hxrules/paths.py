"""Where a field stands inside an app's own JSON, and whether a value can be put back there.

A path is a JMESPath. Two shapes can also be written: names joined by dots (`Contact.Name`), and one entry of a list chosen by a
key (`Phones[?PhoneType=='MOBILE'].PhoneNumber | [0]`), which is how Xero keeps phones and addresses (facts/xero.md 6.2). Those two
are read without the JMESPath interpreter as well: they are most of what a sync reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
_SLOT = re.compile(
    r"(?P<list>[A-Za-z_]\w*)\[\?\s*(?P<key>[A-Za-z_]\w*)\s*==\s*'(?P<value>[^']*)'\s*\]"
    r"(?:\.(?P<leaf>[A-Za-z_]\w*))?\s*\|\s*\[0\]\Z"
)


class BadPath(ValueError):
    """The text is no JMESPath; `at` is the offset of the first wrong character in it."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry of a list, chosen by a key: `Phones` where `PhoneType` is `MOBILE`."""

    list: str
    key: str
    value: str

    @property
    def name(self) -> str:
        return f"{self.list}.{self.value}"

    def find(self, document: dict[str, Any]) -> dict[str, Any] | None:
        for entry in document.get(self.list) or ():
            if entry.get(self.key) == self.value:
                return entry  # type: ignore[no-any-return]
        return None


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `names` are the keys to walk to the value (inside the slot, if there is one)."""

    text: str
    slot: Slot | None
    names: tuple[str, ...] | None

    @property
    def writable(self) -> bool:
        """Whether a value can be put back where it was read."""
        return self.names is not None

    @property
    def whole(self) -> str | None:
        """What has to be written whole when this is written: the name of the slot, or of the outermost object that it stands in.

        `None` where it stands by itself. Keys `Record.slots` and `Write.slots`.
        """
        if self.slot is not None:
            return self.slot.name
        return self.names[0] if self.names is not None and len(self.names) > 1 else None

    def read(self, document: dict[str, Any]) -> Any:
        """What stands there; `None` where nothing does."""
        if self.names is None:
            return _compiled(self.text).search(document)
        here: Any = document if self.slot is None else self.slot.find(document)
        for name in self.names:
            if not isinstance(here, dict):
                return None
            here = here.get(name)
        return here


@lru_cache(maxsize=1024)
def parse_path(text: str) -> Path:
    """Compiles `text`; raises `BadPath` when it is no JMESPath."""
    if _DOTTED.match(text):
        return Path(text, None, tuple(text.split(".")))
    slot = _SLOT.match(text)
    if slot:
        leaf = slot["leaf"]
        return Path(text, Slot(slot["list"], slot["key"], slot["value"]), (leaf,) if leaf else ())
    _compiled(text)
    return Path(text, None, None)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError, ParseError

    try:
        return jmespath.compile(text)
    except ParseError as error:
        raise BadPath(str(error.msg), min(max(error.lex_position or 0, 0), len(text))) from error
    except JMESPathError as error:
        raise BadPath(str(error).splitlines()[0], 0) from error
