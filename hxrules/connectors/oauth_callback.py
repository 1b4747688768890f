"""Waits on this machine for the browser that comes back from a consent page (RFC 8252 7.3).

Xero takes `http://localhost` and not `http://127.0.0.1` (facts/xero.md 1.3), so that is what the address says; listened to is the
loopback interface only, on the one port that the app has registered. Whoever else asks there, or answers another question, gets a
refusal and changes nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from hxrules.connectors.oauth import Question, no_consent
from hxrules.problems import Halt, Problem
from hxrules.records import App

PORT: Final = 8734
"""The port of the redirect address unless the command names another one; any would do that is registered."""
_PATH: Final = "/callback"
_POLL: Final = 0.05

_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>hxrules</title></head>'
    '<body style="font: 16px/1.5 sans-serif; max-width: 34rem; margin: 4rem auto"><h1 style="font-size: 1.4rem">{title}</h1>'
    "<p>{text}</p></body></html>"
)


def redirect_uri(port: int) -> str:
    """What has to be registered with the app, letter by letter."""
    return f"http://localhost:{port}{_PATH}"


class Callback:
    """The listener. Made by `listening`."""

    def __init__(self, answers: queue.Queue[str], questions: list[Question]) -> None:
        self._answers = answers
        self._questions = questions

    def wait(self, question: Question, seconds: float) -> str:
        """The code for the question. Raises `Halt` (7, `HX408`) after so long, or when the answer is no."""
        self._questions.append(question)
        try:
            address = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise no_consent(question.vendor.app, f"Nobody answered within {seconds:.0f} seconds.") from None
        return question.code(address)


@contextmanager
def listening(app: App, port: int) -> Iterator[Callback]:
    """Listens while the block runs. Raises `Halt` (7, `HX408`) when the port is taken."""
    answers: queue.Queue[str] = queue.Queue()
    questions: list[Question] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ours = self.path.partition("?")[0] == _PATH and any(each.is_answered_by(self.address) for each in questions)
            if ours:
                answers.put(self.address)
                self._show(
                    200,
                    "Thank you",
                    "hxrules has the answer. You can close this page; the terminal says how it went on.",
                )
            else:
                self._show(404, "Nothing here", "This page only takes the answer to a question that hxrules has asked.")

        @property
        def address(self) -> str:
            return f"{redirect_uri(port).removesuffix(_PATH)}{self.path}"

        def _show(self, status: int, title: str, text: str) -> None:
            body = _PAGE.format(title=title, text=text).encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The address holds the code."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        remedy = "Name another port with --port, and register its address with the app; or use --no-browser."
        cause = f"{redirect_uri(port)}: {error.strerror}"
        raise Halt(7, [Problem("HX408", f"Nobody can wait for {app.brand}'s answer", cause, remedy)]) from None
    # A browser opens connections ahead of use and leaves them idle.
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _POLL}, daemon=True)
    thread.start()
    try:
        yield Callback(answers, questions)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
