"""A server of scripted bytes, for answers that no sane server gives: what stands between here and there may be a proxy."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def answer(body: bytes | str = b"", status: int = 200, media: str = "application/json", **headers: str) -> bytes:
    """One HTTP answer; header names are written with `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close"]
    if media:
        lines.append(f"Content-Type: {media}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass
class Wire:
    """What was sent to it, whole; each answer is given once, the last one for ever."""

    answers: list[bytes]
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def bodies(self) -> list[bytes]:
        return [request.partition(b"\r\n\r\n")[2] for request in self.requests]


@contextmanager
def wire(*answers: bytes) -> Iterator[Wire]:
    """Listens on loopback until the block ends; an empty answer is a connection that closes."""
    script = Wire(list(answers))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            lengths = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
            script.requests.append(head + self.rfile.read(sum(lengths)))
            self.wfile.write(script.answers.pop(0) if len(script.answers) > 1 else script.answers[0])

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
