"""The three streams of the simulated market."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
import pytest

from custom_components.glocalflex.simulator import Simulator, book, streams

from .conftest import QUIET, Client

STREAMS = ("ticker", "orderbook", "trade")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("stream", STREAMS)
async def test_connects(client: Client, stream: str, slash: str) -> None:
    """With and without the slash, the control message first, pings answered."""
    async with client.stream(stream, slash=slash) as opened:
        await opened.socket.ping(b"are you there")
        while (
            message := await opened.socket.receive(timeout=10)
        ).type is WSMsgType.TEXT:
            assert stream == "orderbook"
        assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")
        assert client.simulator.control.connections[stream] == 1
    await asyncio.sleep(0)
    await wait_for(lambda: client.simulator.control.connections[stream] == 0)


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def refused(client: Client, stream: str, token: str | None) -> int:
    """Return the HTTP status with which a stream is refused."""
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with client.stream(stream, token):
            pass
    return refusal.value.status


async def test_who_may_listen(client: Client, session: ClientSession) -> None:
    """The trade stream needs a token, the others do not; a wrong one is refused everywhere."""
    assert await refused(client, "trade", None) == 401
    for stream in STREAMS:
        assert await refused(client, stream, "wrong") == 401
    for stream in ("ticker", "orderbook"):
        async with client.stream(stream, token=None):
            pass
    async with Simulator(replace(QUIET, private=True)) as simulator:
        for stream in STREAMS:
            assert await refused(Client(simulator, session), stream, None) == 401


async def test_only_bearer(client: Client) -> None:
    """Other schemes are refused."""
    url = f"http://{client.simulator.host}/api/v1/order"
    answer = await client.session.post(
        url, headers={"Authorization": "Basic fixed-token"}
    )
    assert answer.status == 401


async def test_ticker_tells_the_journal(client: Client) -> None:
    """What is sent is the journal, in order, each event once, to every listener."""
    async with client.stream("ticker") as one, client.stream("ticker", None) as other:
        for number in range(50):
            await client.simulator.control.trade(number / 100)
        journal = [e.document for e in client.simulator.journal if e.stream == "ticker"]
        assert [await one.next() for _ in range(50)] == journal
        assert [await other.next() for _ in range(50)] == journal
        assert [entry.data["price"] for entry in client.simulator.journal] == [
            n / 100 for n in range(50)
        ]


async def test_users_hear_their_own_orders_alone(client: Client) -> None:
    """Two users trade with each other and each hears its own side, on all its connections."""
    control = client.simulator.control
    bert = await client.sign_in("bert", "hidden")
    async with (
        client.stream("trade") as anna,
        client.stream("trade") as anna_too,
        client.stream("trade", bert["access_token"]) as berts,
    ):
        sold = await control.place_order("anna", side="sell", power=1000, price=0.4)
        bought = await control.place_order("bert", side="buy", power=2500, price=0.6)
        await control.place_order(None, side="sell", power=100, price=0.5)
        await control.advance(4 * 3600)
        lifetime = [
            "verification_initiated",
            "verification_completed_success",
            "settlement_initiated",
            "settlement_completed_success",
        ]
        for stream in (anna, anna_too):
            documents = [await stream.next() for _ in range(7)]
            assert {document["data"]["order_id"] for document in documents} == {sold}
            assert [document["name"] for document in documents] == [
                "accepted",
                "matching_active",
                "filled",
                *lifetime,
            ]
        documents = [await berts.next() for _ in range(5 + 8)]
        assert {document["data"]["order_id"] for document in documents} == {bought}
        assert [document["name"] for document in documents][:5] == [
            "accepted",
            "matching_active",
            "partially_filled",
            "partially_filled",
            "expired",
        ]
        # The two streams say nothing else: the next word is the one sent now.
        for stream in (anna, berts):
            await control.send("trade", {"type": "end"})
            assert (await stream.next()) == {"type": "end"}


async def test_book_is_a_snapshot(client: Client) -> None:
    """The whole book at once, at each change, by price, the oldest first."""
    control = client.simulator.control
    for power, price in ((1000, 100), (2000, 99.5), (3000, 100)):
        await control.place_order(None, side="buy", power=power, price=price)
    async with client.stream("orderbook", None) as opened:
        document = await opened.next()
        assert document["type"] == "orderbook_update"
        assert document["created_at"] == "2026-06-01T12:00:00Z"
        assert document["data"]["asks"] == {}
        bids = document["data"]["bids"]
        assert list(bids) == ["100", "99.5"]
        assert [order["power"] for order in bids["100"]] == [1000, 3000]
        assert bids["99.5"] == [
            {
                "side": "buy",
                "power": 2000.0,
                "price": 99.5,
                "delivery_start": "2026-06-01T13:15:00Z",
                "delivery_end": "2026-06-01T14:15:00Z",
                "energy": 2000.0,
                "location": {"location_id": [None], "country_code": ""},
            }
        ]
        await control.place_order(None, side="sell", power=4500, price=99)
        document = await opened.next()
        assert document["data"]["bids"] == {
            "99.5": [{**bids["99.5"][0], "power": 1500, "energy": 1500}]
        }
        await control.place_order(None, side="sell", power=500, price=110)
        assert list((await opened.next())["data"]["asks"]) == ["110"]


async def test_book_is_conflated(client: Client) -> None:
    """Who does not read gets the newest book, not every one; the interval is kept."""
    control = client.simulator.control
    async with client.stream("orderbook") as opened:
        await opened.next()
        control.freeze("orderbook")
        for number in range(100):
            await control.place_order(None, side="buy", power=1000, price=number)
            await asyncio.sleep(0)
        control.thaw()
        frames = 1
        while len((await opened.next())["data"]["bids"]) < 100:
            frames += 1
        assert frames < 10


async def test_book_waits_for_its_interval(session: ClientSession) -> None:
    """Within the interval a new listener gets the book as it was, and nobody a newer one."""
    async with Simulator(replace(QUIET, book_interval=3600)) as simulator:
        client = Client(simulator, session)
        async with client.stream("orderbook") as one:
            assert (await one.next())["data"]["bids"] == {}
            await simulator.control.place_order(None, side="buy", power=1000, price=1)
            async with client.stream("orderbook") as other:
                assert (await other.next())["data"]["bids"] == {}
            await simulator.control.send("orderbook", {"type": "end"})
            assert await one.next() == {"type": "end"}


async def test_large_book_is_encoded_in_slices(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a book is written, the event loop goes on, and a change does not tear it."""
    monkeypatch.setattr(book, "SLICE", 0.0)
    async with Simulator(replace(QUIET, book_orders=3000)) as simulator:
        client = Client(simulator, session)
        await simulator.control.advance(0)
        async with client.stream("orderbook") as opened:
            document = await opened.next()
            sides = document["data"].values()
            assert sum(len(level) for side in sides for level in side.values()) == 3000
            turns = 0

            async def count() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            counting = asyncio.create_task(count())
            encoding = asyncio.create_task(book.encode(simulator._market))  # noqa: SLF001
            await asyncio.sleep(0)
            await simulator.control.place_order(None, side="buy", power=1, price=0.005)
            assert b'"0.005"' not in await encoding
            counting.cancel()
            assert turns > 20


async def test_stalled_client_is_dropped(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads nothing for long is dropped; others are not held up."""
    monkeypatch.setattr(streams, "STALLED", 0.05)
    control = client.simulator.control
    async with client.stream("ticker") as stalled, client.stream("trade") as other:
        transport = stalled.transport
        transport.pause_reading()
        for _ in range(20):
            await control.send("ticker", b"x" * 1_000_000)
        await control.send("trade", "still here")
        assert (await other.socket.receive(timeout=10)).data == "still here"
        await wait_for(lambda: control.connections["ticker"] == 0)
        assert control.connections["trade"] == 1
        transport.abort()
    assert "ticker stream reads nothing" in caplog.text


async def test_stalled_client_does_not_keep_a_market_from_ending(
    client: Client,
) -> None:
    """What can not be written is given up."""
    async with client.stream("ticker") as stalled:
        stalled.transport.pause_reading()
        for _ in range(20):
            await client.simulator.control.send("ticker", b"x" * 1_000_000)
        async with asyncio.timeout(5):
            await client.simulator.stop()
        stalled.transport.abort()


async def test_clients_leave_in_any_way(client: Client) -> None:
    """A close frame is answered, a dropped connection forgotten."""
    control = client.simulator.control
    async with client.stream("ticker") as polite:
        await polite.socket.close(code=4000)
        assert polite.socket.close_code in (1000, 4000)
    async with client.stream("ticker") as rude:
        rude.transport.abort()
        await wait_for(lambda: control.connections["ticker"] == 0)


async def test_what_clients_say_is_ignored(client: Client) -> None:
    """Text, binary and pongs from a client do nothing."""
    async with client.stream("ticker") as opened:
        await opened.socket.send_str("{}")
        await opened.socket.send_bytes(b"x")
        await opened.socket.pong()
        await client.simulator.control.trade(0.5)
        assert (await opened.next())["type"] == "ticker_update"


async def test_unknown_stream(client: Client) -> None:
    """Other paths are not found."""
    url = f"http://{client.simulator.host}/api/v1/ws/rumours/"
    assert (await client.session.get(url)).status == 404
