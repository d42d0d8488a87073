"""A client, markets for it to follow, and servers that are none."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
import logging

import aiohttp
from aiohttp import web
import pytest

from custom_components.glocalflex.market import (
    Account,
    Authorization,
    CredentialsRefused,
    Endpoint,
    MarketClient,
    Message,
    NoAccount,
    StreamName,
    StreamStatus,
    UndecodableFrame,
    stream as stream_module,
)
from custom_components.glocalflex.simulator import Settings, Simulator

USER = "ada"
PASSWORD = "correct horse"
TOKEN = "made-elsewhere"

# None of these may be seen in anything that is told, logged or raised.
SECRETS = (PASSWORD, TOKEN)

# How long a test waits for what must happen soon. Seconds.
PATIENCE = 10.0

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what sockets bring about."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Go through an error, its causes and its contexts."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        if error.__context__ is not error.__cause__:
            yield from chain(error.__context__)


def told(error: BaseException) -> str:
    """Return everything that an error and those behind it would tell."""
    return " ".join(
        f"{each} {each!r} {each.args!r} {vars(each)!r}" for each in chain(error)
    )


@dataclass
class Heard:
    """What a client told while it ran."""

    messages: list[tuple[StreamName, Message]] = field(default_factory=list)
    undecodable: list[tuple[StreamName, UndecodableFrame]] = field(default_factory=list)
    statuses: list[tuple[StreamName, StreamStatus]] = field(default_factory=list)
    refusals: list[CredentialsRefused] = field(default_factory=list)

    def on(self, name: StreamName) -> list[Message]:
        """Return the messages of one stream."""
        return [message for stream, message in self.messages if stream is name]

    def status(self, name: StreamName) -> StreamStatus:
        """Return a stream's newest status."""
        return next(
            (status for stream, status in reversed(self.statuses) if stream is name),
            StreamStatus(),
        )

    def connected(self) -> set[StreamName]:
        """Return the streams that work."""
        return {name for name in StreamName if self.status(name).connected}


@asynccontextmanager
async def running(
    client: MarketClient, **listeners: Callable[..., None]
) -> AsyncGenerator[Heard]:
    """Run a client, with other listeners where some are given."""
    heard = Heard()
    heard_by: dict[str, Callable[..., None]] = {
        "on_message": lambda *args: heard.messages.append(args),
        "on_undecodable": lambda *args: heard.undecodable.append(args),
        "on_status": lambda *args: heard.statuses.append(args),
        "on_credentials_refused": heard.refusals.append,
    }
    task = asyncio.create_task(client.run(**(heard_by | listeners)))
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def serving(
    *routes: tuple[str, Handler],
) -> AsyncGenerator[Endpoint]:
    """Serve paths on loopback, any other is not found."""
    application = web.Application()
    for path, handler in routes:
        application.router.add_route("*", path, handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Endpoint(f"127.0.0.1:{runner.addresses[0][1]}", plain=True)
    finally:
        await runner.cleanup()


CONTROL = '{"type": "control", "status": "success", "data": {"message": "Welcome"}}'


def streaming(*frames: str | bytes, code: int | None = None) -> Handler:
    """Return a handler that sends some frames, then closes or waits for the client to leave."""

    async def handle(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse(timeout=0.1)
        await websocket.prepare(request)
        for frame in frames:
            if isinstance(frame, str):
                await websocket.send_str(frame)
            else:
                await websocket.send_bytes(frame)
        if code is None:
            await websocket.receive()
        else:
            await websocket.close(code=code)
        return websocket

    return handle


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client wait for hardly anything."""
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "UNREACHABLE_RETRY_LIMIT", 0.04)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.04)


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold every test's log against the credentials."""
    caplog.set_level(logging.DEBUG)
    yield
    for secret in SECRETS:
        assert secret not in caplog.text


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def start_market() -> AsyncGenerator[Callable[..., Awaitable[Simulator]]]:
    """Return a function that starts a quiet simulated market."""
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> Simulator:
            defaults: dict[str, object] = {
                "users": {USER: PASSWORD},
                "access_tokens": {TOKEN: USER},
                "orders_per_minute": 0,
                "speed": 0,
                "book_interval": 0.01,
            }
            return await stack.enter_async_context(
                Simulator(Settings(**(defaults | settings)))  # type: ignore[arg-type]
            )

        yield start


@pytest.fixture
async def market(start_market: Callable[..., Awaitable[Simulator]]) -> Simulator:
    """Return a quiet simulated market."""
    return await start_market()


def endpoint_of(market: Simulator) -> Endpoint:
    """Return where a simulated market is reached."""
    return Endpoint(market.host, plain=not market.ca_certificate)


def account(
    session: aiohttp.ClientSession, market: Simulator, password: str = PASSWORD
) -> Account:
    """Return the user's account on a simulated market."""
    return Account(session, endpoint_of(market), USER, password)


def client_of(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    authorization: Authorization | None = None,
) -> MarketClient:
    """Return a client."""
    return MarketClient(session, endpoint, authorization or NoAccount())
