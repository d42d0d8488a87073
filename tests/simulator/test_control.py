"""The control interface, the life of a simulator, and its determinism."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
import socket

from aiohttp import ClientConnectionError, ClientSession, WSMsgType
import pytest

from custom_components.glocalflex.simulator import (
    Entry,
    OrderRefused,
    Settings,
    Simulator,
)

from .conftest import NOON, ORDER, QUIET, Client
from .test_streams import STREAMS, refused, wait_for

LIVELY = replace(QUIET, orders_per_minute=60, own_orders_per_minute=2)


async def journal(
    settings: Settings, *, steps: int = 1, wait: float = 0
) -> list[Entry]:
    """Run half an hour of a market, in some steps, with an order in the middle."""
    async with Simulator(settings) as simulator:
        for step in range(steps):
            await simulator.control.advance(1800 / steps)
            if step + 1 == steps // 2 or steps == 1:
                await asyncio.sleep(wait)
        return [*simulator.journal]


async def test_same_seed_same_journal() -> None:
    """A run is repeated exactly, whatever its pace; another seed is another run."""
    once = await journal(LIVELY)
    assert {entry.stream for entry in once} == {"ticker", "trade"}
    assert [entry.sequence for entry in once] == [*range(1, len(once) + 1)]
    assert len(once) > 1000
    assert once == await journal(LIVELY)
    assert once == await journal(LIVELY, steps=50)
    assert once != await journal(replace(LIVELY, seed=2))
    times = [
        datetime.fromisoformat(str(entry.document["created_at"])) for entry in once
    ]
    assert all(earlier <= later for earlier, later in pairwise(times))


async def test_speed_changes_nothing_but_the_pace() -> None:
    """A market at a thousand times the speed of life tells what one moved by hand does."""
    async with Simulator(replace(LIVELY, speed=20_000)) as fast:
        await wait_for(lambda: len(fast.journal) >= 1000)
        told = [*fast.journal][:1000]
    assert told == (await journal(LIVELY))[:1000]


async def test_speed() -> None:
    """The clock runs as fast as told, and stands still while the market is stopped."""
    simulator = Simulator(replace(QUIET, speed=100_000))
    async with simulator:
        await wait_for(lambda: simulator.control.now > NOON + timedelta(hours=1))
    stopped = simulator.control.now
    await asyncio.sleep(0.01)
    assert simulator.control.now == stopped


async def test_clock_waits_for_a_market_that_is_too_slow() -> None:
    """More happenings than the machine can do slow time down; nothing blocks."""
    settings = replace(LIVELY, speed=1e7, orders_per_minute=6000)
    async with Simulator(settings) as simulator:
        await wait_for(lambda: simulator.control.trades > 3000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(5):
            await asyncio.sleep(0)
        assert loop.time() - began < 1


async def test_own_orders_at_a_pace() -> None:
    """Real time moves the market without anybody's doing."""
    async with Simulator(replace(LIVELY, speed=3600)) as simulator:
        await wait_for(lambda: len(simulator.journal) > 20)


async def test_warm_up() -> None:
    """A fresh market has a history, a full book and contracts on their way, and an empty journal."""
    settings = replace(LIVELY, warm_up=timedelta(hours=3))
    async with Simulator(settings) as simulator:
        control = simulator.control
        assert control.now == NOON
        assert not simulator.journal
        assert control.trades > 1000
        await control.advance(3600)
        names = {entry.status for entry in simulator.journal if entry.user == "anna"}
        assert {
            "settlement_completed_success",
            "verification_initiated",
            "filled",
        } <= names
        assert {entry.user for entry in simulator.journal} == {None, "anna", "bert"}


async def test_load(session: ClientSession) -> None:
    """Load is there from the start and keeps its rate in simulated time."""
    settings = replace(QUIET, trades_per_second=10, book_orders=50)
    async with Simulator(settings) as simulator:
        await simulator.control.advance(60)
        assert simulator.control.trades == 600
        async with Client(simulator, session).stream("orderbook") as opened:
            assert any((await opened.next())["data"].values())


async def test_run_trades(client: Client) -> None:
    """Thousands of trades as fast as they are read, each told once; then all is quiet again."""
    control = client.simulator.control
    async with client.stream("ticker") as ticker:
        running = asyncio.create_task(control.run_trades(2000))
        seen, trades = [], 0
        while trades < 2000:
            seen.append(await ticker.next())
            trades += seen[-1]["type"] == "ticker_update"
        await running
        assert 2000 <= control.trades <= 2005
        entries = [entry.document for entry in client.simulator.journal]
        assert seen == entries[: len(seen)]
        trades = control.trades
        assert control.now > NOON
        await control.advance(7200)
        assert control.trades == trades


async def test_run_trades_of_traders(session: ClientSession) -> None:
    """Where there are traders, they go on."""
    async with Simulator(LIVELY) as simulator:
        await simulator.control.run_trades(10)
        trades = simulator.control.trades
        await simulator.control.advance(600)
        assert simulator.control.trades > trades


async def test_journal_limit() -> None:
    """A journal keeps the newest entries."""
    async with Simulator(replace(QUIET, journal_limit=2)) as simulator:
        for price in (1, 2, 3):
            await simulator.control.trade(price)
        assert [entry.data["price"] for entry in simulator.journal] == [
            2,
            3,
        ]
        assert [entry.sequence for entry in simulator.journal] == [2, 3]


async def test_trade(client: Client) -> None:
    """A trade happens as asked for, whatever is in the book."""
    control = client.simulator.control
    await control.place_order(None, side="sell", power=1, price=0.1)
    await control.trade(
        0.42,
        1500,
        delivery_start=NOON + timedelta(hours=2),
        delivery_end=NOON + timedelta(hours=2, minutes=30),
        location={"location_id": ["loc1"], "country_code": "FI"},
        user="anna",
    )
    [trade] = [e.data for e in client.simulator.journal if e.stream == "ticker"]
    assert (trade["price"], trade["power"], trade["energy"]) == (0.42, 1500, 750)
    assert trade["location"] == {
        "location_id": ["loc1"],
        "country_code": "FI",
        "coordinates": {"latitude": 62.5, "longitude": 26.0},
    }
    assert trade["delivery_end"] == "2026-06-01T14:30:00Z"
    names = [e.status for e in client.simulator.journal if e.user == "anna"]
    assert names == ["accepted", "matching_active", "filled"]


async def test_place_order_refuses() -> None:
    """The control interface takes no nonsense either."""
    async with Simulator(QUIET) as simulator:
        with pytest.raises(OrderRefused, match="power must be"):
            await simulator.control.place_order("anna", side="buy", power=0, price=1)
        with pytest.raises(OrderRefused, match="delivery_start must lie in the future"):
            await simulator.control.trade(1, delivery_start=NOON)


@pytest.mark.parametrize("code", [1001, 1011, 4001])
async def test_cut_with_a_code(client: Client, code: int) -> None:
    """A stream is closed with a code, the others stay; it can be opened again."""
    control = client.simulator.control
    async with client.stream("ticker") as ticker, client.stream("trade"):
        closed = asyncio.create_task(ticker.closed())
        await control.cut("ticker", code)
        assert await closed == code
        await wait_for(
            lambda: control.connections == {"ticker": 0, "orderbook": 0, "trade": 1}
        )
        async with client.stream("ticker"):
            pass


async def test_cut_without_a_word(client: Client) -> None:
    """All connections drop."""
    async with client.stream("ticker") as ticker, client.stream("trade") as trade:
        await client.simulator.control.cut()
        for stream in (ticker, trade):
            assert await stream.closed() in (None, 1006)
        await wait_for(lambda: not any(client.simulator.control.connections.values()))


async def test_freeze(client: Client) -> None:
    """A frozen stream is open and silent, for old and new clients; nothing is lost."""
    control = client.simulator.control
    async with client.stream("ticker") as ticker, client.stream("trade") as trade:
        control.freeze("ticker")
        await control.trade(0.5)
        await ticker.socket.ping()
        async with client.session.ws_connect(
            f"ws://{client.simulator.host}/api/v1/ws/ticker"
        ) as new:
            await control.drained()
            for silent in (ticker.socket, new):
                with pytest.raises(TimeoutError):
                    await silent.receive(timeout=0.1)
            await trade.socket.ping()
            assert (await trade.socket.receive(timeout=10)).type is WSMsgType.PONG
            control.thaw("ticker")
            kinds = {(await ticker.socket.receive(timeout=10)).type for _ in range(2)}
            assert kinds == {WSMsgType.PONG, WSMsgType.TEXT}
            assert (await new.receive_json(timeout=10))["type"] == "control"


async def test_frozen_close_is_not_answered(client: Client) -> None:
    """A client that leaves a frozen stream politely is left waiting, and one that drops is forgotten."""
    control = client.simulator.control
    async with client.stream("ticker") as ticker:
        control.freeze()
        await ticker.socket._writer.close(1000, b"")  # noqa: SLF001
        with pytest.raises(TimeoutError):
            await ticker.socket.receive(timeout=0.1)
        assert control.connections["ticker"] == 1
        control.thaw()
        assert (await ticker.socket.receive(timeout=10)).type is WSMsgType.CLOSE


@pytest.mark.parametrize("code", [1006, 1001])
async def test_cut_while_frozen(client: Client, code: int) -> None:
    """A frozen stream is cut like any other."""
    control = client.simulator.control
    async with client.stream("ticker") as ticker:
        control.freeze("ticker")
        await ticker.socket.ping()
        await asyncio.sleep(0.05)  # so that the ping is there, unanswered
        closed = asyncio.create_task(ticker.closed())
        async with asyncio.timeout(5):
            await control.cut("ticker", code)
        assert control.connections["ticker"] == 0
        assert await closed in ((code,) if code != 1006 else (None, 1006))


async def test_stops_while_frozen(session: ClientSession) -> None:
    """A frozen stream does not keep a market from ending."""
    async with Simulator(QUIET) as simulator:
        client = Client(simulator, session)
        async with client.stream("ticker") as ticker, client.stream("trade") as trade:
            simulator.control.freeze("ticker")
            await ticker.socket.ping()
            await asyncio.sleep(0.05)  # so that the ping is there, unanswered
            closed = asyncio.create_task(trade.closed())
            async with asyncio.timeout(5):
                await simulator.stop()
            assert await closed == 1001
            assert await ticker.closed() in (None, 1006)


async def test_send(client: Client) -> None:
    """Any frame goes out as it is, to all or to one user, in the order of things."""
    control = client.simulator.control
    bert = await client.sign_in("bert", "hidden")
    async with (
        client.stream("trade") as anna,
        client.stream("trade", bert["access_token"]) as berts,
    ):
        await control.send("trade", b"\x00{", user="anna")
        await control.send("trade", "no json")
        await control.send("trade", {"a": 1})
        message = await anna.socket.receive(timeout=10)
        assert (message.type, message.data) == (WSMsgType.BINARY, b"\x00{")
        for stream in (anna, berts):
            assert (await stream.socket.receive(timeout=10)).data == "no json"
            assert await stream.next() == {"a": 1}
        large = "x" * 20_000_000
        await control.send("trade", large)
        messages = await asyncio.gather(anna.socket.receive(), berts.socket.receive())
        assert [message.data for message in messages] == [large, large]
    assert not client.simulator.journal


async def test_expired_token_ends_its_streams(client: Client) -> None:
    """Streams opened with a token that is made to end are closed, those with a fixed one stay."""
    tokens = await client.sign_in()
    async with (
        client.stream("trade", tokens["access_token"]) as ended,
        client.stream("trade") as stays,
        client.stream("ticker", token=None) as anonymous,
    ):
        client.simulator.control.expire_tokens()
        assert await ended.closed() == 1008
        assert await refused(client, "trade", tokens["access_token"]) == 401
        await client.simulator.control.send("trade", {})
        await client.simulator.control.send("ticker", {})
        assert await stays.next() == await anonymous.next() == {}


async def test_refuse(client: Client) -> None:
    """Each endpoint refuses on its own, until told otherwise."""
    control = client.simulator.control
    control.refuse(503)
    answer = await client.token(
        grant_type="password", username="anna", password="secret"
    )
    assert answer.status == 503
    assert (await client.order()).status == 200
    control.refuse(429, what="order")
    assert (await client.order()).status == 429
    control.refuse(401, what="stream")
    for stream in STREAMS:
        assert await refused(client, stream, "fixed-token") == 401
    control.refuse(None, what="order")
    assert (await client.order()).status == 200
    assert await refused(client, "ticker", None) == 401
    control.refuse(None)
    await client.sign_in()
    async with client.stream("ticker"):
        pass


async def test_delay(client: Client) -> None:
    """Every answer takes its time."""
    client.simulator.control.delay(0.1)
    loop = asyncio.get_running_loop()
    for action in (client.sign_in, client.order):
        began = loop.time()
        await action()
        assert loop.time() - began >= 0.1
    client.simulator.control.delay(0)


async def test_restarts_on_its_port(session: ClientSession) -> None:
    """Stopped it is away, started again it is where it was, with its users and orders."""
    simulator = Simulator(QUIET)
    await simulator.stop()
    await simulator.start()
    await simulator.start()
    host, client = simulator.host, Client(simulator, session)
    tokens = await client.sign_in()
    await client.order({**ORDER, "expiry_time": "2026-06-01T12:59:00Z"})
    async with client.stream("ticker") as ticker:
        closed = asyncio.create_task(ticker.closed())
        await simulator.stop()
        assert await closed == 1001
    await simulator.stop()
    with pytest.raises(ClientConnectionError):
        await client.sign_in()
    await simulator.start()
    assert simulator.host == host
    async with client.stream("orderbook", tokens["access_token"]) as book:
        assert list((await book.next())["data"]["asks"]) == ["0.42"]
    await simulator.control.advance(3600)
    assert "expired" in [entry.status for entry in simulator.journal]
    await simulator.stop()


async def test_port_is_taken(session: ClientSession) -> None:
    """A port that is taken is an error, after which another start works."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        simulator = Simulator(replace(QUIET, port=other.getsockname()[1]))
        with pytest.raises(OSError):
            await simulator.start()
    await simulator.start()
    await Client(simulator, session).sign_in()
    await simulator.stop()


async def test_leaves_nothing_behind(session: ClientSession) -> None:
    """No task outlives the market."""
    before = asyncio.all_tasks()
    async with Simulator(replace(LIVELY, speed=100)) as simulator:
        client = Client(simulator, session)
        async with (
            client.stream("ticker"),
            client.stream("orderbook"),
            client.stream("trade"),
        ):
            await simulator.control.drained()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def test_settings_keep_secrets() -> None:
    """Passwords and tokens do not show."""
    assert "secret" not in repr(QUIET)
    assert "fixed-token" not in repr(QUIET)
