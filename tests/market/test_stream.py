"""One websocket, kept up: how long it waits, and what it says of itself."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
import random

import aiohttp
import pytest

from custom_components.glocalflex.market import (
    CertificateNotTrusted,
    CredentialsRefused,
    Endpoint,
    FixedToken,
    HostNotFound,
    MarketError,
    MarketUnavailable,
    NoAccount,
    NotAMarket,
    StreamName,
    StreamRefused,
    StreamStatus,
    TooManyRequests,
    stream as stream_module,
)
from custom_components.glocalflex.market.conflator import Conflator
from custom_components.glocalflex.market.messages import Frame, is_order_book
from custom_components.glocalflex.market.stream import Stream
from custom_components.glocalflex.simulator import Simulator

from .conftest import CONTROL, TOKEN, endpoint_of, serving, streaming, until

PATH = "/api/v1/ws/ticker/"


@pytest.fixture
def statuses() -> list[StreamStatus]:
    """Return what the stream told of itself."""
    return []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between attempts, as long as they ever are; here they take no time."""
    waits: list[float] = []
    wait_after = Stream._wait_after  # noqa: SLF001

    def note(stream: Stream, error: MarketError) -> float:
        waits.append(wait_after(stream, error))
        return 0

    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.5)
    monkeypatch.setattr(stream_module, "UNREACHABLE_RETRY_LIMIT", 4.0)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 60.0)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    monkeypatch.setattr(Stream, "_wait_after", note)
    return waits


def stream_of(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    statuses: list[StreamStatus],
    on_frame: Callable[[Frame], bool] = lambda _: True,
) -> Stream:
    """Return a stream without an account."""
    return Stream(
        session,
        endpoint,
        StreamName.TICKER,
        NoAccount(),
        on_frame=on_frame,
        on_status=statuses.append,
    )


@asynccontextmanager
async def running(stream: Stream) -> AsyncGenerator[None]:
    """Run a stream."""
    task = asyncio.create_task(stream.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def failing(
    monkeypatch: pytest.MonkeyPatch,
    *outcomes: tuple[MarketError, float],
) -> asyncio.Event:
    """Let attempts end so, each with an error some seconds after the connection stood.

    A connection that lasts less than 0 seconds never stood.
    """
    done = asyncio.Event()
    remaining = iter(outcomes)

    async def follow(stream: Stream) -> MarketError:
        try:
            error, lasted = next(remaining)
        except StopIteration:
            done.set()
            await asyncio.Event().wait()
            raise
        started = asyncio.get_running_loop().time() - lasted
        stream._steady_at = (  # noqa: SLF001
            started + stream_module.STEADY if lasted >= 0 else float("inf")
        )
        return error

    monkeypatch.setattr(Stream, "_follow_until_error", follow)
    return done


AWAY = MarketUnavailable("away")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AWAY, [0.5, 1, 2, 4, 4, 4, 4, 4, 4]),
        (HostNotFound("nowhere"), [0.5, 1, 2, 4, 4, 4, 4, 4, 4]),
        (StreamRefused("no"), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (NotAMarket("no"), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (CertificateNotTrusted("no"), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (TooManyRequests("slow"), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (TooManyRequests("slow", 30.0), [30.5, 31, 32, 34, 38, 46, 62, 90, 90]),
    ],
)
async def test_waits(
    session: aiohttp.ClientSession,
    statuses: list[StreamStatus],
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    error: MarketError,
    expected: list[float],
) -> None:
    """Waits double up to a limit: a short one for a market that is away, so that its return is noticed within 5 seconds."""
    done = failing(monkeypatch, *[(error, -1.0)] * len(expected))
    async with running(stream_of(session, Endpoint("market.example"), statuses)):
        await done.wait()
    assert waits == expected
    assert [status.error for status in statuses] == [error] * len(expected)


async def test_waits_are_spread(
    session: aiohttp.ClientSession,
    statuses: list[StreamStatus],
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Homes do not come back as one, and never before the wait that the market asks for."""
    monkeypatch.setattr(random, "uniform", lambda low, high: low)
    done = failing(
        monkeypatch, (AWAY, -1.0), (AWAY, -1.0), (TooManyRequests("slow", 7.0), -1.0)
    )
    async with running(stream_of(session, Endpoint("market.example"), statuses)):
        await done.wait()
    assert waits == [0.25, 0.5, 8.0]


async def test_waits_begin_anew(
    session: aiohttp.ClientSession,
    statuses: list[StreamStatus],
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that lasted makes what went before forgotten, one that was cut at once does not."""
    short, long = stream_module.STEADY - 1, stream_module.STEADY
    done = failing(
        monkeypatch,
        *[(AWAY, -1.0)] * 3,
        (AWAY, short),
        (AWAY, long),
        (AWAY, -1.0),
        (AWAY, 0.0),
    )
    async with running(stream_of(session, Endpoint("market.example"), statuses)):
        await done.wait()
    assert waits == [0.5, 1, 2, 4, 0.5, 1, 2]


async def test_market_that_cuts_at_once(
    session: aiohttp.ClientSession, statuses: list[StreamStatus], waits: list[float]
) -> None:
    """A market that confirms each connection only to close it is not stormed."""
    async with (
        serving((PATH, streaming(CONTROL, code=1013))) as endpoint,
        running(stream_of(session, endpoint, statuses)),
    ):
        await until(lambda: len(waits) >= 5)
    assert waits[:5] == [0.5, 1, 2, 4, 4]
    assert [status.connected for status in statuses[:4]] == [True, False] * 2
    assert [status.reconnects for status in statuses[:6]] == [0, 0, 1, 1, 2, 2]


async def test_return_within_five_seconds(
    session: aiohttp.ClientSession,
    market: Simulator,
    statuses: list[StreamStatus],
    waits: list[float],
) -> None:
    """However long a market was away, it is asked often enough."""
    await market.stop()
    async with running(stream_of(session, endpoint_of(market), statuses)):
        await until(lambda: len(waits) > 8)
        await market.start()
        await until(lambda: statuses[-1].connected)
    assert max(waits) < 5 - 0.5


async def test_handler_that_fails(
    session: aiohttp.ClientSession,
    market: Simulator,
    statuses: list[StreamStatus],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault in what handles the frames is logged, and does not end the stream."""
    failures = iter([False, True])

    def handle(frame: Frame) -> bool:
        if "ticker_update" in str(frame) and next(failures, False):
            raise RuntimeError("a fault of ours")
        return True

    async with running(stream_of(session, endpoint_of(market), statuses, handle)):
        await until(lambda: len(statuses) == 1)
        await market.control.trade(0.5)
        await market.control.trade(0.5)
        await until(lambda: len(statuses) == 3)
    assert [status.connected for status in statuses] == [True, False, True]
    assert "RuntimeError" in str(statuses[1].error)
    assert [record.levelname for record in caplog.records if record.exc_info] == [
        "ERROR"
    ]
    assert "a fault of ours" in caplog.text


async def test_invalid_text(
    session: aiohttp.ClientSession, statuses: list[StreamStatus]
) -> None:
    """A text frame that is none ends the connection, with the reason."""

    async def handle(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        websocket = aiohttp.web.WebSocketResponse(timeout=0.1)
        await websocket.prepare(request)
        await websocket.send_str(CONTROL)
        await websocket.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        await websocket.receive()
        return websocket

    async with (
        serving((PATH, handle)) as endpoint,
        running(stream_of(session, endpoint, statuses)),
    ):
        await until(lambda: len(statuses) >= 2)
    assert statuses[0].connected
    assert isinstance(statuses[1].error, MarketUnavailable)
    assert "UTF-8" in str(statuses[1].error)


async def test_first_text_invalid(
    session: aiohttp.ClientSession, statuses: list[StreamStatus]
) -> None:
    """So does one that comes first."""

    async def handle(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        websocket = aiohttp.web.WebSocketResponse(timeout=0.1)
        await websocket.prepare(request)
        await websocket.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        await websocket.receive()
        return websocket

    async with serving((PATH, handle)) as endpoint:
        with pytest.raises(MarketUnavailable, match="before the first message"):
            await stream_of(session, endpoint, statuses).confirm()


async def test_snapshot_of_a_lost_connection(
    session: aiohttp.ClientSession, market: Simulator, statuses: list[StreamStatus]
) -> None:
    """A snapshot that still waits when the connection is lost is not told afterwards."""
    seen: list[Frame] = []

    def handle(frame: Frame) -> bool:
        seen.append(frame)
        return True

    stream = Stream(
        session,
        endpoint_of(market),
        StreamName.ORDER_BOOK,
        NoAccount(),
        on_frame=handle,
        on_status=statuses.append,
        conflator=Conflator(handle, 3600, is_order_book),
    )
    async with running(stream):
        await until(lambda: len(seen) == 2)
        await market.control.send("orderbook", '{"type":"orderbook_update"}')
        await market.control.send("orderbook", "marker")
        await until(lambda: "marker" in seen)
        await market.control.cut("orderbook")
        await until(lambda: len(statuses) == 3)
    # The control messages, the first book, and the marker: verify_cleanup sees
    # to it that no timer is left.
    assert len(seen) == 4
    assert '{"type":"orderbook_update"}' not in seen


async def test_credentials_refused(
    session: aiohttp.ClientSession, market: Simulator, statuses: list[StreamStatus]
) -> None:
    """A stream that needs an account ends when only the user can help."""
    stream = Stream(
        session,
        endpoint_of(market),
        StreamName.TRADE,
        FixedToken(f"{TOKEN}-of-yesterday"),
        on_frame=lambda _: True,
        on_status=statuses.append,
    )
    with pytest.raises(CredentialsRefused):
        await stream.run()
    assert [type(status.error) for status in statuses] == [CredentialsRefused]
    assert stream.status is statuses[-1]


def test_limits() -> None:
    """A return is noticed within 5 seconds, silence within 15, and a frame of 20 MB passes."""
    assert stream_module.HEARTBEAT * 1.5 <= 15
    assert stream_module.FRAME_LIMIT > 20 * 10**6
    assert all(name.needs_account == (name == "trade") for name in StreamName)
