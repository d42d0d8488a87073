"""The client against the simulated market, over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
import json
from typing import override

import aiohttp
from aiohttp import web
import pytest

from custom_components.glocalflex.market import (
    Account,
    Authorization,
    ContractUpdate,
    Control,
    CredentialsRefused,
    Endpoint,
    ExpiredOrder,
    FixedToken,
    HostNotFound,
    MarketClient,
    MarketError,
    MarketUnavailable,
    Message,
    NoAccount,
    NotAMarket,
    OrderBook,
    OrderUpdate,
    StreamName,
    StreamRefused,
    TooManyRequests,
    Trade,
    UnknownMessage,
    auth,
    client as client_module,
    stream as stream_module,
)
from custom_components.glocalflex.simulator import Simulator

from .conftest import (
    CONTROL,
    PASSWORD,
    TOKEN,
    USER,
    account,
    client_of,
    endpoint_of,
    running,
    serving,
    streaming,
    told,
    until,
)

ALL = set(StreamName)
PUBLIC = {StreamName.TICKER, StreamName.ORDER_BOOK}
TRADE_PATH, BOOK_PATH, TICKER_PATH = (f"/api/v1/ws/{name}/" for name in StreamName)

TICK = json.dumps({"type": "ticker_update", "data": {"price": 0.5}})


@pytest.fixture
def client(session: aiohttp.ClientSession, market: Simulator) -> MarketClient:
    """Return a signed-in client of the simulated market."""
    return client_of(session, endpoint_of(market), account(session, market))


# What is told


async def test_control_first(market: Simulator, client: MarketClient) -> None:
    """Each stream begins with the market's confirmation, and works from then on."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        for name in StreamName:
            control = heard.on(name)[0]
            assert isinstance(control, Control)
            assert control.success
            assert (
                heard.status(name)
                == heard.statuses[[stream for stream, _ in heard.statuses].index(name)][
                    1
                ]
            )
    assert market.control.sign_ins == 1
    await until(lambda: not any(market.control.connections.values()))


async def test_every_message_once_and_in_order(
    market: Simulator, client: MarketClient
) -> None:
    """The client tells what the market's journal holds, no more and no less."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        for number in range(50):
            await market.control.trade(number / 100, user=USER)
        await market.control.place_order(None, side="buy", power=1000, price=-0.5)
        await market.control.advance(4 * 3600)
        await market.control.drained()

        def documents(name: str) -> list[Mapping[str, object]]:
            return [entry.document for entry in market.journal if entry.stream == name]

        ticks, own = documents("ticker"), documents("trade")
        await until(lambda: len(heard.on(StreamName.TICKER)) > len(ticks))
        await until(lambda: len(heard.on(StreamName.TRADE)) > len(own))

    told_ticks = heard.on(StreamName.TICKER)[1:]
    kinds: dict[str, type[Message]] = {
        "ticker_update": Trade,
        "expired_order_update": ExpiredOrder,
    }
    assert [type(tick) for tick in told_ticks] == [
        kinds[str(document["type"])] for document in ticks
    ]
    assert [tick.price for tick in told_ticks if isinstance(tick, Trade)] == [
        number / 100 for number in range(50)
    ]
    assert any(isinstance(tick, ExpiredOrder) for tick in told_ticks)
    statuses = [
        message.status
        for message in heard.on(StreamName.TRADE)
        if isinstance(message, OrderUpdate | ContractUpdate)
    ]
    assert statuses == [document["name"] for document in own]
    assert "settlement_completed_success" in statuses
    assert not heard.undecodable


async def test_book(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest book arrives, and says what rests."""
    monkeypatch.setattr(client_module, "BOOK_INTERVAL", 0.01)
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.control.place_order(None, side="buy", power=1000, price=0.25)
        await until(
            lambda: any(
                isinstance(message, OrderBook) and message.bids
                for message in heard.on(StreamName.ORDER_BOOK)
            )
        )
    book = heard.on(StreamName.ORDER_BOOK)[-1]
    assert isinstance(book, OrderBook)
    assert [(order.price, order.power) for order in book.bids] == [(0.25, 1000.0)]


async def test_books_in_quick_succession(
    market: Simulator, client: MarketClient
) -> None:
    """Of many snapshots at once few are decoded, the last among them."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await until(lambda: len(heard.on(StreamName.ORDER_BOOK)) == 2)
        for number in range(100):
            await market.control.send(
                "orderbook",
                {
                    "type": "orderbook_update",
                    "data": {"bids": {"1": [{"price": number, "power": 1}]}},
                },
            )
        await market.control.send("orderbook", "{")
        await until(lambda: heard.undecodable)
        # A frame that is no snapshot waits for nothing.
        assert len(heard.on(StreamName.ORDER_BOOK)) == 2


async def test_last_of_the_books(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the interval is over the newest snapshot is there."""
    monkeypatch.setattr(client_module, "BOOK_INTERVAL", 0.05)
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        for number in range(100):
            await market.control.send(
                "orderbook",
                {
                    "type": "orderbook_update",
                    "data": {"bids": {"1": [{"price": number, "power": 1}]}},
                },
            )

        def newest() -> float | None:
            book = heard.on(StreamName.ORDER_BOOK)[-1]
            bids = book.bids if isinstance(book, OrderBook) else ()
            return bids[0].price if bids else None

        await until(lambda: newest() == 99)
        assert len(heard.on(StreamName.ORDER_BOOK)) < 20


async def test_frames_of_no_use(market: Simulator, client: MarketClient) -> None:
    """Frames that mean nothing are told apart, and the stream goes on."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.control.send("ticker", "<html>Bad gateway</html>")
        await market.control.send("ticker", {"type": "weather_update"})
        await market.control.send("ticker", TICK.encode())
        await until(lambda: len(heard.on(StreamName.TICKER)) == 3)
        assert heard.on(StreamName.TICKER)[1] == UnknownMessage(type="weather_update")
        assert isinstance(heard.on(StreamName.TICKER)[2], Trade)
        assert [name for name, _ in heard.undecodable] == [StreamName.TICKER]
        assert heard.status(StreamName.TICKER).reconnects == 0
        assert heard.connected() == ALL


async def test_listener_that_fails(
    market: Simulator, client: MarketClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What is called that raises costs its own news, never a stream or what comes after."""
    prices: list[float] = []

    def on_message(_stream: StreamName, message: Message) -> None:
        if not isinstance(message, Trade):
            return
        prices.append(message.price)
        raise RuntimeError("no such thing")

    def on_status(*_: object) -> None:
        raise RuntimeError("nor such a thing")

    async with running(client, on_message=on_message, on_status=on_status):
        await until(lambda: sum(market.control.connections.values()) == len(ALL))
        for price in (0.1, 0.2, 0.3):
            await market.control.trade(price)
        await until(lambda: prices == [0.1, 0.2, 0.3])
        await market.control.cut()
        await until(lambda: sum(market.control.connections.values()) == len(ALL))
        await market.control.trade(0.4)
        await until(lambda: prices == [0.1, 0.2, 0.3, 0.4])
    failures = [r for r in caplog.records if r.exc_info and "news" in r.message]
    assert len(failures) == 2


async def test_huge_frame(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book of 20 MB arrives."""
    monkeypatch.setattr(client_module, "BOOK_INTERVAL", 0.01)
    order = {"price": 1.5, "power": 7.0, "note": "x" * 1000}
    book = {"type": "orderbook_update", "data": {"asks": {"1.5": [order] * 20_000}}}
    frame = json.dumps(book)
    assert len(frame) > 20 * 10**6
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await until(lambda: len(heard.on(StreamName.ORDER_BOOK)) == 2)
        await market.control.send("orderbook", frame)
        await until(lambda: len(heard.on(StreamName.ORDER_BOOK)) == 3)
    huge = heard.on(StreamName.ORDER_BOOK)[-1]
    assert isinstance(huge, OrderBook)
    assert len(huge.asks) == 20_000


async def test_frame_without_end(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame past the limit ends the connection, not the client."""
    monkeypatch.setattr(stream_module, "FRAME_LIMIT", 4096)
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.control.send("ticker", "x" * 5000)
        await until(lambda: heard.status(StreamName.TICKER).reconnects == 1)
        assert not heard.undecodable
    lost = [status.error for name, status in heard.statuses if status.error]
    assert [type(error) for error in lost] == [MarketUnavailable]


# Connections that end


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 1012, 4401])
async def test_cut(market: Simulator, client: MarketClient, code: int) -> None:
    """Each stream comes back by itself, whatever it was closed with, and only that stream."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.control.cut("ticker", code)
        await until(lambda: heard.status(StreamName.TICKER).reconnects == 1)
        assert heard.connected() == ALL
        await market.control.trade(0.5)
        await until(
            lambda: any(isinstance(m, Trade) for m in heard.on(StreamName.TICKER))
        )
    statuses = [status for name, status in heard.statuses if name is StreamName.TICKER]
    assert [status.connected for status in statuses] == [True, False, True]
    assert isinstance(statuses[1].error, MarketUnavailable)
    assert statuses[2].error is None
    if code != 1006:
        assert str(code) in str(statuses[1].error)
    assert len(heard.statuses) == 5
    assert market.control.sign_ins == 1


async def test_cut_all(market: Simulator, client: MarketClient) -> None:
    """All streams at once come back with the token that they have."""
    async with running(client) as heard:
        for count in range(4):

            def have_come_back(count: int = count) -> bool:
                return heard.connected() == ALL and all(
                    heard.status(name).reconnects == count for name in ALL
                )

            await until(have_come_back)
            await market.control.cut()
    assert (market.control.sign_ins, market.control.renewals) == (1, 0)


async def test_silence_is_noticed(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A market that answers no ping is taken for dead; another stream is not."""
    monkeypatch.setattr(stream_module, "HEARTBEAT", 0.2)
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        market.control.freeze("ticker")
        await until(lambda: StreamName.TICKER not in heard.connected())
        market.control.thaw("ticker")
        await until(lambda: heard.status(StreamName.TICKER).reconnects >= 1)
        assert heard.status(StreamName.TRADE).reconnects == 0
    lost = next(status.error for _, status in heard.statuses if status.error)
    assert isinstance(lost, MarketUnavailable)


async def test_quiet_is_no_silence(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A market that says nothing but answers pings is well, however long."""
    monkeypatch.setattr(stream_module, "HEARTBEAT", 0.2)
    pings = 0

    async def answer_pings(request: web.Request) -> web.StreamResponse:
        nonlocal pings
        websocket = web.WebSocketResponse(autoping=False)
        await websocket.prepare(request)
        await websocket.send_str(CONTROL)
        async for message in websocket:
            pings += message.type is aiohttp.WSMsgType.PING
            await websocket.pong(message.data)
        return websocket

    async with (
        serving(
            (TICKER_PATH, answer_pings), (BOOK_PATH, streaming(CONTROL))
        ) as endpoint,
        running(client_of(session, endpoint)) as heard,
    ):
        await until(lambda: pings == 3)
        assert heard.status(StreamName.TICKER).connected
        assert heard.status(StreamName.TICKER).reconnects == 0


async def test_restart(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A market that comes back is found at the next attempt."""
    # Long enough for the market to stop in: a connection that its server accepts
    # in that very moment belongs to nobody and is left to the garbage collector.
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.2)
    monkeypatch.setattr(stream_module, "UNREACHABLE_RETRY_LIMIT", 0.2)
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.stop()
        await until(lambda: not heard.connected())
        seen = len(heard.statuses)
        await until(lambda: len(heard.statuses) > seen + 6)
        assert not heard.connected()
        await market.start()
        await until(lambda: heard.connected() == ALL)
        assert all(heard.status(name).reconnects >= 1 for name in ALL)


# Being turned away


async def test_token_ended_in_mid_stream(
    market: Simulator, client: MarketClient
) -> None:
    """Streams whose token the market ends come back with a new one."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        market.control.expire_tokens()
        await until(lambda: all(heard.status(name).reconnects == 1 for name in ALL))
        market.control.expire_tokens()
        market.control.revoke_refresh_tokens()
        await until(lambda: all(heard.status(name).reconnects == 2 for name in ALL))
        assert not heard.refusals
    assert (market.control.sign_ins, market.control.renewals) == (2, 1)


async def test_never_with_a_token_past_its_end(
    session: aiohttp.ClientSession,
    start_market: Callable[..., Awaitable[Simulator]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that comes back after its token's end asks for another first."""
    market = await start_market(token_lifetime=timedelta(seconds=10))
    async with running(
        client_of(session, endpoint_of(market), account(session, market))
    ) as heard:
        await until(lambda: heard.connected() == ALL)
        loop = asyncio.get_running_loop()
        later = loop.time() + 9
        monkeypatch.setattr(auth, "_now", lambda: later)
        await market.control.cut()
        await until(lambda: all(heard.status(name).reconnects == 1 for name in ALL))
    assert (market.control.sign_ins, market.control.renewals) == (1, 1)


async def test_fixed_token_refused(
    session: aiohttp.ClientSession,
    start_market: Callable[..., Awaitable[Simulator]],
) -> None:
    """A refused token is told once; market data goes on without it."""
    market = await start_market(access_tokens={})
    client = client_of(session, endpoint_of(market), FixedToken(TOKEN))
    async with running(client) as heard:
        await until(lambda: heard.connected() == PUBLIC and heard.refusals)
        await market.control.trade(0.5)
        await until(
            lambda: any(isinstance(m, Trade) for m in heard.on(StreamName.TICKER))
        )
        await market.control.cut()
        await until(lambda: all(heard.status(name).reconnects == 1 for name in PUBLIC))
        assert len(heard.refusals) == 1
    error = heard.status(StreamName.TRADE).error
    assert isinstance(error, CredentialsRefused)
    assert TOKEN not in told(error)
    assert TOKEN not in told(heard.refusals[0])


async def test_password_refused(
    session: aiohttp.ClientSession, market: Simulator
) -> None:
    """A refused password is told once; market data goes on without an account."""
    client = client_of(
        session, endpoint_of(market), account(session, market, password="old")
    )
    async with running(client) as heard:
        await until(lambda: heard.connected() == PUBLIC and heard.refusals)
        assert len(heard.refusals) == 1
    with pytest.raises(CredentialsRefused):
        await client.check()


async def test_fixed_token(session: aiohttp.ClientSession, market: Simulator) -> None:
    """A token made elsewhere opens all streams."""
    client = client_of(session, endpoint_of(market), FixedToken(TOKEN))
    await client.check()
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        await market.control.trade(0.5, user=USER)
        await until(lambda: len(heard.on(StreamName.TRADE)) > 1)


async def test_no_account(session: aiohttp.ClientSession, market: Simulator) -> None:
    """Without an account there is market data, and no stream of one's own."""
    client = client_of(session, endpoint_of(market))
    await client.check()
    async with running(client) as heard:
        await until(lambda: heard.connected() == PUBLIC)
        assert market.control.connections["trade"] == 0
    assert {name for name, _ in heard.statuses} == PUBLIC


async def test_private_market(
    session: aiohttp.ClientSession,
    start_market: Callable[..., Awaitable[Simulator]],
) -> None:
    """A market that shows nothing without an account says so."""
    market = await start_market(private=True)
    with pytest.raises(StreamRefused, match="account"):
        await client_of(session, endpoint_of(market)).check()
    await client_of(session, endpoint_of(market), account(session, market)).check()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, StreamRefused),
        (403, StreamRefused),
        (404, NotAMarket),
        (429, TooManyRequests),
        (500, MarketUnavailable),
        (503, MarketUnavailable),
    ],
)
async def test_status_of_a_stream(
    session: aiohttp.ClientSession,
    market: Simulator,
    client: MarketClient,
    status: int,
    expected: type[MarketError],
) -> None:
    """Each status has its meaning; a new token that is refused too is not the password's fault."""
    market.control.refuse(status, what="stream")
    with pytest.raises(MarketError) as caught:
        await client.check()
    assert type(caught.value) is expected
    async with running(client) as heard:
        await until(lambda: len(heard.statuses) > 6)
        assert {type(status.error) for _, status in heard.statuses} == {expected}
        market.control.refuse(None)
        await until(lambda: heard.connected() == ALL)
        assert not heard.refusals
        assert all(heard.status(name).reconnects == 0 for name in ALL)


async def test_bearer_of_the_token_is_nowhere(
    session: aiohttp.ClientSession, market: Simulator
) -> None:
    """The errors of refused and failed openings lead nowhere to the token."""
    client = client_of(session, endpoint_of(market), FixedToken(TOKEN))
    for status in (401, 404, 429, 503):
        market.control.refuse(status, what="stream")
        with pytest.raises(MarketError) as caught:
            await client_of(session, endpoint_of(market), FixedToken(TOKEN)).check()
        assert TOKEN not in told(caught.value)
    await market.stop()
    with pytest.raises(MarketUnavailable) as caught_away:
        await client.check()
    assert TOKEN not in told(caught_away.value)


async def test_public_stream_that_wants_no_token(
    session: aiohttp.ClientSession,
) -> None:
    """Market data is tried without a token where the market takes none."""
    seen: list[str | None] = []
    stream = streaming(CONTROL)

    async def anonymous_only(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        if seen[-1] is not None:
            raise web.HTTPUnauthorized
        return await stream(request)

    class Renewing(NoAccount):
        """Has a new token whenever one is refused."""

        count = 0

        @override
        async def token(self) -> str:  # type: ignore[override]
            return f"token-{self.count}"

        @override
        def refused(self, token: str) -> None:
            self.count += 1

    async with (
        serving((TICKER_PATH, anonymous_only), (BOOK_PATH, stream)) as endpoint,
        running(client_of(session, endpoint, Renewing())) as heard,
    ):
        await until(lambda: heard.connected() == PUBLIC)
    assert seen == ["Bearer token-0", "Bearer token-1", None]


async def test_control_refusal(market: Simulator, client: MarketClient) -> None:
    """A control message that refuses ends the connection, with the market's words."""
    async with running(client) as heard:
        await until(lambda: heard.connected() == ALL)
        refusal = {
            "type": "control",
            "status": "error",
            "data": {"message": "Too many connections"},
        }
        for name in ("ticker", "orderbook"):
            await market.control.send(name, refusal)  # type: ignore[arg-type]
        await until(lambda: all(heard.status(name).reconnects == 1 for name in PUBLIC))
        assert heard.connected() == ALL
    errors = [status.error for _, status in heard.statuses if status.error]
    assert [(type(error), str(error)) for error in errors] == [
        (StreamRefused, "Too many connections")
    ] * 2


@pytest.mark.parametrize(
    ("handler", "expected", "text"),
    [
        (
            streaming(
                '{"type":"control","status":"error","data":{"message":"Go away"}}'
            ),
            StreamRefused,
            "Go away",
        ),
        (streaming('{"type":"control","status":"denied"}'), StreamRefused, "denied"),
        (streaming('{"type":"control"}'), StreamRefused, "without saying why"),
        (streaming("Hello"), NotAMarket, "first message"),
        (streaming('{"type":"hello"}'), NotAMarket, "first message"),
        (streaming(code=1000), MarketUnavailable, "before the first message"),
        (streaming(), MarketUnavailable, "does not confirm"),
    ],
)
async def test_first_message(
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    expected: type[MarketError],
    text: str,
) -> None:
    """A stream works once the market has confirmed it, and not before."""
    monkeypatch.setattr(stream_module, "CONFIRMATION", 0.05)
    async with serving((TICKER_PATH, handler), (BOOK_PATH, handler)) as endpoint:
        client = client_of(session, endpoint)
        with pytest.raises(expected, match=text):
            await client.check()
        async with running(client) as heard:
            await until(lambda: len(heard.statuses) >= 4)
    assert not any(status.connected for _, status in heard.statuses)
    assert {type(status.error) for _, status in heard.statuses} == {expected}


async def test_first_message_is_data(session: aiohttp.ClientSession) -> None:
    """A market that does without the confirmation is one all the same."""
    handler = streaming(TICK.encode())
    async with (
        serving((TICKER_PATH, handler), (BOOK_PATH, handler)) as endpoint,
        running(client_of(session, endpoint)) as heard,
    ):
        await until(lambda: heard.connected() == PUBLIC)
    assert isinstance(heard.on(StreamName.TICKER)[0], Trade)


# Paths and hosts


@pytest.mark.parametrize("slash", ["", "/"])
async def test_either_path(session: aiohttp.ClientSession, slash: str) -> None:
    """Streams are found with a slash at the end and without, and found again at once."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) < 3:
            return await streaming(CONTROL, code=1001)(request)
        return await streaming(CONTROL)(request)

    ticker, book = (path.rstrip("/") + slash for path in (TICKER_PATH, BOOK_PATH))
    async with serving((ticker, handle), (book, streaming(CONTROL))) as endpoint:
        client = client_of(session, endpoint)
        async with running(client) as heard:
            await until(lambda: heard.status(StreamName.TICKER).reconnects == 2)
    assert asked == [ticker] * 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect(session: aiohttp.ClientSession, status: int) -> None:
    """A server that redirects from one path to the other is followed, with the token."""
    seen: list[str | None] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        return await streaming(CONTROL)(request)

    async def redirect(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, headers={"Location": request.path.rstrip("/")}
        )

    async with serving(
        *((f"/api/v1/ws/{name}", handle) for name in StreamName),
        *((f"/api/v1/ws/{name}/", redirect) for name in StreamName),
    ) as endpoint:
        await client_of(session, endpoint, FixedToken(TOKEN)).check()
    assert seen == [f"Bearer {TOKEN}"] * 3


@pytest.mark.parametrize("location", ["wss://market.example/", "http://[", "", "/loop"])
async def test_redirect_to_nowhere(
    session: aiohttp.ClientSession, location: str
) -> None:
    """A redirect that leads nowhere is no market's, and tells no token."""

    async def redirect(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    async with serving(("/{path:.*}", redirect)) as endpoint:
        with pytest.raises(NotAMarket) as caught:
            await client_of(session, endpoint, FixedToken(TOKEN)).check()
    assert TOKEN not in told(caught.value)


async def test_token_is_not_redirected(session: aiohttp.ClientSession) -> None:
    """The token goes to the host that the user named and to no other."""
    seen: list[str | None] = []

    async def thief(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        raise web.HTTPNotFound

    async with serving(("/{path:.*}", thief)) as elsewhere:

        async def redirect(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(str(elsewhere.http(request.path)))

        async with serving(("/{path:.*}", redirect)) as endpoint:
            with pytest.raises(NotAMarket):
                await client_of(session, endpoint, FixedToken(TOKEN)).check()
    assert set(seen) == {None}


async def test_not_a_market(session: aiohttp.ClientSession) -> None:
    """A host with other pages is no market, signed in or not."""

    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    for routes in ((), (("/{path:.*}", page),)):
        async with serving(*routes) as endpoint:
            for authorization in (
                NoAccount(),
                FixedToken(TOKEN),
                Account(session, endpoint, USER, PASSWORD),
            ):
                with pytest.raises(NotAMarket) as caught:
                    await client_of(session, endpoint, authorization).check()
                assert TOKEN not in told(caught.value)
                assert PASSWORD not in told(caught.value)


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"\x00\x01\xff\r\n\r\n", b""])
async def test_not_even_http(session: aiohttp.ClientSession, answer: bytes) -> None:
    """A server of something else is no market, and tells no token."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        endpoint = Endpoint(
            f"127.0.0.1:{server.sockets[0].getsockname()[1]}", plain=True
        )
        authorizations: list[Authorization] = [
            FixedToken(TOKEN),
            Account(session, endpoint, USER, PASSWORD),
        ]
        for authorization in authorizations:
            with pytest.raises((NotAMarket, MarketUnavailable)) as caught:
                await client_of(session, endpoint, authorization).check()
            assert isinstance(caught.value, NotAMarket) == bool(answer)
            assert TOKEN not in told(caught.value)
            assert PASSWORD not in told(caught.value)


async def test_host_without_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an address is told apart from a market that is away."""

    class Resolver(aiohttp.abc.AbstractResolver):
        """Knows no name."""

        @override
        async def resolve(
            self, host: str, *_: object, **__: object
        ) -> list[aiohttp.abc.ResolveResult]:
            raise OSError(f"Name or service not known: {host}")

        @override
        async def close(self) -> None:
            """Have nothing to close."""

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Resolver())
    ) as session:
        endpoint = Endpoint("market.example")
        for authorization in (
            NoAccount(),
            Account(session, endpoint, USER, PASSWORD),
        ):
            with pytest.raises(HostNotFound, match=r"market\.example has no address"):
                await client_of(session, endpoint, authorization).check()


async def test_hanging_market(
    market: Simulator, client: MarketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An opening that is not answered is not waited for without end."""
    monkeypatch.setattr(stream_module, "TIMEOUT", 0.05)
    await client.check()
    market.control.delay(0.2)
    with pytest.raises(MarketUnavailable, match="in time"):
        await client.check()
    market.control.delay(0)
