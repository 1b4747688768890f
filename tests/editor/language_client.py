"""A language server's other side: messages over stdio, as an editor sends them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import IO, Any

PATIENCE = 60.0
"""Seconds that an answer may take, on a slow machine."""


@dataclass
class Editor:
    """One session with a server."""

    process: subprocess.Popen[bytes]
    settings: Mapping[str, Any]
    """What the server gets when it asks how it is configured."""
    inbox: Queue[dict[str, Any] | None] = field(default_factory=Queue)
    diagnostics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By URI, what was published last."""
    numbers: int = 0

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request. Fails when the server answers with an error."""
        self.numbers += 1
        mine = self.numbers
        self._send({"id": mine, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == mine and "method" not in message:
                assert "error" not in message, message["error"]
                return message.get("result")

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def open(self, path: Path, text: str) -> str:
        """Opens a document as an editor does; its URI."""
        uri = path.as_uri()
        self.diagnostics.pop(uri, None)
        self.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        self.diagnostics.pop(uri, None)
        self.tell(
            "textDocument/didChange", textDocument={"uri": uri, "version": version}, contentChanges=[{"text": text}]
        )

    def problems(self, uri: str) -> list[dict[str, Any]]:
        """The diagnostics of a document; waits for them to be published."""
        while uri not in self.diagnostics:
            self._next()
        return self.diagnostics[uri]

    def complete(self, uri: str, line: int, character: int) -> list[dict[str, Any]]:
        found = self.ask("textDocument/completion", textDocument={"uri": uri}, position=place(line, character))
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found or []
        return items

    def hover(self, uri: str, line: int, character: int) -> str:
        found = self.ask("textDocument/hover", textDocument={"uri": uri}, position=place(line, character))
        return "" if found is None else str(found["contents"]["value"])

    def _next(self) -> dict[str, Any]:
        """The next message; the server's own requests are answered on the way."""
        message = self.inbox.get(timeout=PATIENCE)
        assert message is not None, "the server has ended"
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            asked = message["params"]["items"]
            self._send({"id": message["id"], "result": [self.settings.get(each.get("section")) for each in asked]})
        elif method is not None and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()


def place(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


@contextmanager
def session(
    command: Sequence[str], folder: Path, settings: Mapping[str, Any] | None = None, **environment: str
) -> Iterator[Editor]:
    """Starts a server and shakes hands; ends it as an editor does."""
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment or None
    )
    editor = Editor(process, settings or {})
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, editor.inbox), daemon=True)
    reader.start()
    try:
        markdown = ["markdown"]
        editor.ask(
            "initialize",
            processId=None,
            rootUri=folder.as_uri(),
            capabilities={
                "workspace": {"configuration": True},
                "textDocument": {
                    "hover": {"contentFormat": markdown},
                    "completion": {"completionItem": {"documentationFormat": markdown, "snippetSupport": True}},
                },
            },
        )
        editor.tell("initialized")
        yield editor
        editor.ask("shutdown")
        editor.tell("exit")
        process.wait(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


def _read(stream: IO[bytes], inbox: Queue[dict[str, Any] | None]) -> None:
    while True:
        length = 0
        while (line := stream.readline()).strip():
            name, _, value = line.decode().partition(":")
            if name.lower() == "content-length":
                length = int(value)
        if not length:
            inbox.put(None)
            return
        inbox.put(json.loads(stream.read(length)))
