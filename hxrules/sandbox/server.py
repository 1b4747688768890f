"""Serves the local HubSpot and the local Xero: two ports of 127.0.0.1, one process, one event loop.

What: builds both apps from options, stands between each and the network (`Gate`: faults, request log, control routes),
writes the ready file, and runs until a signal (`serve`) or for as long as a `with` block (`running`).
Invariants: the ready file appears, complete and readable by its owner only, after both ports accept connections; a lost
answer means that the request was carried out and the connection then closed without a byte.
Uvicorn's HTTP protocol is served by asyncio's own servers instead of by `uvicorn.Server`, because that one looks only ten
times a second whether it should stop, and takes over the signals of the process.
See also: `environment`, `faults`, `request_log`, `seeds`; design §0.4.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hxrules.sandbox import hubspot, seeds, xero
from hxrules.sandbox.environment import AppSandbox, Clock, Environment, resolve_quirks
from hxrules.sandbox.faults import HUBSPOT_ONLY, Fault, FaultPlan, InvalidFaults
from hxrules.sandbox.request_log import Entry, RequestLog


@dataclass(frozen=True)
class SandboxOptions:
    """The flags of `hxrules sandbox`. Port 0 is any free one; `seed` is `empty`, `small` or a number of contacts a side.

    `seed_file` and `faults` name a YAML or JSON file, or are its content. `clock` is the aware instant to start at.
    """

    hubspot_port: int = 0
    xero_port: int = 0
    seed: str = "empty"
    seed_file: Path | Mapping[str, Any] | None = None
    faults: Path | Mapping[str, Any] | None = None
    clock: datetime | None = None
    ready_file: Path | None = None
    request_log: Path | None = None
    quirks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadyInfo:
    """A served sandbox: what the ready file says, and, within this process, the insides that tests look at."""

    hubspot_url: str
    hubspot_token: str
    portal: int
    xero_url: str
    xero_identity_url: str
    xero_client_id: str
    xero_client_secret: str
    xero_tenant: str
    organisation: str
    environment: Environment
    hubspot: AppSandbox
    xero: AppSandbox
    log: RequestLog

    @property
    def requests(self) -> list[Entry]:
        """The entries of the request log so far."""
        return self.log.entries

    def ready(self) -> dict[str, Any]:
        """The content of the ready file."""
        inside = {"environment", "hubspot", "xero", "log"}
        return {name: value for name, value in self.__dict__.items() if name not in inside}


def serve(options: SandboxOptions, *, ready: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; `ready` gets the content of the ready file once both ports accept connections.

    Must run in the main thread. Raises `OSError` for a taken port or an unreadable file, `ValueError` for options that
    mean nothing (an unknown quirk, seed or fault).
    """
    # A large world is made of millions of objects that all stay: the collector need not look through them, now or later.
    gc.disable()
    sandbox = _Sandbox(options)
    gc.freeze()
    gc.enable()

    async def until_signal() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await sandbox.run(stop, lambda: ready and ready(sandbox.info.ready()))

    asyncio.run(until_signal())


@contextmanager
def running(options: SandboxOptions) -> Iterator[ReadyInfo]:
    """Serve in a thread of this process while the block runs; raises as `serve` does."""
    sandbox = _Sandbox(options)
    started = threading.Event()
    inner: dict[str, Any] = {}

    async def until_told() -> None:
        inner["loop"], inner["stop"] = asyncio.get_running_loop(), asyncio.Event()
        await sandbox.run(inner["stop"], started.set)

    def run() -> None:
        try:
            asyncio.run(until_told())
        except OSError as error:
            inner["error"] = error
        finally:
            started.set()

    thread = threading.Thread(target=run, name="hxrules-sandbox", daemon=True)
    thread.start()
    started.wait()
    if "error" in inner:
        raise inner["error"]
    try:
        yield sandbox.info
    finally:
        inner["loop"].call_soon_threadsafe(inner["stop"].set)
        thread.join()


class Gate:
    """What stands between the network and one app: faults, the request log, and the control routes of the sandbox."""

    def __init__(self, sandbox: _Sandbox, app: AppSandbox) -> None:
        self._sandbox = sandbox
        self._app = app
        self._inner: ASGIApp = Starlette(routes=list(app.routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry of one port."""
        request = Request(scope, receive)
        if scope["path"].startswith("/_sandbox/"):
            answer = await self._sandbox.control(request, self._app)
            await answer(scope, receive, send)
            return
        app = self._app.app_of(request)
        fault = self._sandbox.faults.next_fault(app, request.method, scope["path"])
        scope["state"]["fault"] = fault.kind if fault else None
        scope["state"]["fault_seconds"] = fault.seconds if fault else 0
        counted = _Counted(receive, send, self._sandbox.info.environment.clock)
        started = time.perf_counter()
        try:
            # A client that is killed while it sends: nobody waits for an answer.
            with suppress(ClientDisconnect):
                await self._answer(scope, counted, fault)
        finally:
            self._sandbox.info.log.add(
                Entry(
                    at=self._sandbox.info.environment.clock.now(),
                    app=app,
                    method=request.method,
                    path=scope["path"],
                    query=scope["query_string"].decode("ascii"),
                    read=self._app.is_read(request),
                    status=counted.status,
                    bytes_out=counted.bytes_out,
                    bytes_in=counted.bytes_in,
                    seconds=time.perf_counter() - started,
                    fault=fault.kind if fault else None,
                )
            )
            await counted.flush()

    async def _answer(self, scope: Scope, counted: _Counted, fault: Fault | None) -> None:
        request = Request(scope, counted.receive)
        kind = fault.kind if fault else None
        if kind in ("429", "5xx-before", *HUBSPOT_ONLY):
            await request.body()
            await self._app.fault_answer(kind, request)(scope, counted.receive, counted.send)
        elif kind == "5xx-after":
            await self._inner(scope, counted.receive, _discard)
            await self._app.fault_answer(kind, request)(scope, counted.receive, counted.send)
        elif kind == "lost-answer":
            await self._inner(scope, counted.receive, _discard)
            scope["state"]["transport"].abort()
            while (await counted.receive())["type"] != "http.disconnect":
                continue
        else:
            if fault and kind == "slow":
                await asyncio.sleep(fault.seconds)
            await self._inner(scope, counted.receive, counted.send)


class _Counted:
    """One request's two channels: counts what comes in and holds the answer back until it has been logged.

    The answer is dated by the sandbox's clock, as every server's is by its own.
    """

    def __init__(self, receive: Receive, send: Send, clock: Clock) -> None:
        self._receive = receive
        self._send = send
        self._clock = clock
        self._answer: list[Message] = []
        self.status: int | None = None
        self.bytes_out = 0
        self.bytes_in = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.bytes_out += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            date = format_datetime(self._clock.now(), usegmt=True).encode()
            message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
        self.bytes_in += len(message.get("body", b""))
        self._answer.append(message)

    async def flush(self) -> None:
        for message in self._answer:
            await self._send(message)


async def _discard(message: Message) -> None:
    """The answer of a request whose client must not see it."""


class _Connection(H11Protocol):
    """A connection whose transport the gate can cut: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {"transport": transport}


class _Sandbox:
    """Both apps with their environment, bound to their ports."""

    def __init__(self, options: SandboxOptions) -> None:
        clock = Clock(options.clock)
        quirks = resolve_quirks(options.quirks, hubspot.QUIRKS, xero.QUIRKS)
        environment = Environment(clock, quirks, random.Random(options.seed))
        world = seeds.make(options.seed, clock.start)
        if options.seed_file is not None:
            given = _content(options.seed_file)
            world = {app: {**world[app], **given.get(app, {})} for app in ("hubspot", "xero")}
        self.faults = FaultPlan(_content(options.faults)) if options.faults is not None else FaultPlan()
        self._apps = (hubspot.create(world["hubspot"], environment), xero.create(world["xero"], environment))
        self._ready_file = options.ready_file
        with ExitStack() as opened:
            log = RequestLog(options.request_log)
            opened.callback(log.close)
            self._sockets = [opened.enter_context(_listen(port)) for port in (options.hubspot_port, options.xero_port)]
            self._opened = opened.pop_all()
        hubspot_url, xero_url = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets)
        self.info = ReadyInfo(
            hubspot_url=hubspot_url,
            xero_url=xero_url,
            xero_identity_url=xero_url,
            environment=environment,
            hubspot=self._apps[0],
            xero=self._apps[1],
            log=log,
            **self._apps[0].ready(),
            **self._apps[1].ready(),
        )

    async def run(self, stop: asyncio.Event, started: Callable[[], object]) -> None:
        """Accept connections on both ports until `stop` is set."""
        with self._opened:
            states = [ServerState(), ServerState()]
            servers = []
            for app, state, listening in zip(self._apps, states, self._sockets, strict=True):
                config = uvicorn.Config(Gate(self, app), lifespan="off", log_config=None, access_log=False, ws="none")
                config.timeout_keep_alive = 600
                config.load()
                servers.append(await _accept(config, state, listening))
            if self._ready_file:
                _write_private(self._ready_file, json.dumps(self.info.ready(), indent=2) + "\n")
            started()
            await stop.wait()
            for server, state in zip(servers, states, strict=True):
                server.close()
                for connection in list(state.connections):
                    connection.transport.abort()
                for task in list(state.tasks):
                    task.cancel()

    async def control(self, request: Request, app: AppSandbox) -> Response:
        """`GET /_sandbox/world`, `POST /_sandbox/clock`, `POST /_sandbox/faults`, the same on both ports; then what the app
        itself offers on its own: `POST /_sandbox/lock` of Xero.
        """
        try:
            match (request.method, request.url.path.removeprefix("/_sandbox/")):
                case "GET", "world":
                    return JSONResponse({app.name: app.world() for app in self._apps})
                case "POST", "clock":
                    clock = self.info.environment.clock
                    clock.advance(_duration((await request.json())["advance"]))
                    return JSONResponse({"now": clock.now().isoformat()})
                case "POST", "faults":
                    self.faults = FaultPlan(await request.json())
                    return JSONResponse({"rate": self.faults.rate, "rules": len(self.faults.rules)})
                case "POST", name if name in app.controls:
                    return JSONResponse(app.controls[name](dict(await request.json())))
                case _:
                    return JSONResponse({"error": "no such control route"}, status_code=404)
        except (InvalidFaults, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)


async def _accept(config: uvicorn.Config, state: ServerState, listening: socket.socket) -> asyncio.Server:
    def connect() -> asyncio.Protocol:
        return _Connection(config=config, server_state=state, app_state={})

    return await asyncio.get_running_loop().create_server(connect, sock=listening, backlog=512)


def _listen(port: int) -> socket.socket:
    """A listening socket that says it is TCP, as asyncio sends small packets at once (no Nagle) for no other."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(512)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _content(source: Path | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(source, Mapping):
        return dict(source)
    text = source.read_text(encoding="utf-8")
    content = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    if not isinstance(content, dict):
        raise ValueError(f"{source} must hold one mapping")
    return content


def _duration(text: str) -> timedelta:
    """`90s`, `15m`, `12h`, `30d`, or several of them in a row."""
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    if not re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        raise ValueError(f"{text!r} is no duration; write 90s, 15m, 12h or 30d")
    return sum(
        (timedelta(**{units[unit]: float(n)}) for n, _, unit in re.findall(r"(\d+(\.\d+)?)([dhms])", text)), timedelta()
    )


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
