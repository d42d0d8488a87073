"""Frames of the order book: encoded when somebody listens, in slices, at most once an interval."""

import asyncio
from itertools import batched
from time import perf_counter

import orjson

from . import wire
from .agenda import SLICE
from .market import Market
from .streams import Connection, Streams

ORDERS_AT_ONCE = 64


class Breather:
    """Gives the event loop its turn whenever a slice of work is done."""

    def __init__(self) -> None:
        """Begin a slice."""
        self._ends = perf_counter() + SLICE

    async def breathe(self) -> None:
        """Yield if it is time."""
        if perf_counter() > self._ends:
            await asyncio.sleep(0)
            self._ends = perf_counter() + SLICE


async def encode(market: Market) -> bytes:
    """Write the book as it is now."""
    # Taken at one moment; what rests is never changed, so it can be written bit by bit.
    created_at = wire.timestamp(market.now).encode()
    taken = [
        (key.encode(), [*market.engine.levels(side)]) for side, key in wire.BOOK_SIDES
    ]
    breather = Breather()
    sides: list[bytes] = []
    for key, levels in taken:
        written: list[bytes] = []
        for price, orders in levels:
            for batch in batched(orders, ORDERS_AT_ONCE, strict=False):
                for resting in batch:
                    resting.encoded = resting.encoded or orjson.dumps(
                        wire.book_order(resting.order, resting.milliwatts)
                    )
                await breather.breathe()
            orders_text = b",".join([resting.encoded or b"" for resting in orders])
            written.append(b'"%b":[%b]' % (wire.price_key(price).encode(), orders_text))
        sides.append(b'"%b":{%b}' % (key, b",".join(written)))
    return b'{"type":"orderbook_update","created_at":"%b","data":{%b}}' % (
        created_at,
        b",".join(sides),
    )


class BookPublisher:
    """Sends the book to its listeners whenever it has changed, but not too often."""

    def __init__(self, market: Market, streams: Streams, interval: float) -> None:
        """Watch a market; the interval is in real seconds."""
        self._market = market
        self._streams = streams
        self._interval = interval
        self._changed = asyncio.Event()
        self._encoding = asyncio.Lock()
        self._frame = b""
        self._revision = -1
        self._encoded_at = float("-inf")

    def touch(self) -> None:
        """Note that the book may have changed."""
        if self._market.engine.revision != self._revision:
            self._changed.set()

    async def greet(self, connection: Connection) -> None:
        """Send the first snapshot to a new listener."""
        if self._seconds_to_wait() <= 0:
            await self._encode()
        else:
            self.touch()
        connection.put_book(self._revision, self._frame)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if any(self._streams.of("orderbook")):
                await asyncio.sleep(self._seconds_to_wait())
                await self._encode()
                for connection in self._streams.of("orderbook"):
                    connection.put_book(self._revision, self._frame)

    def _seconds_to_wait(self) -> float:
        return self._encoded_at + self._interval - asyncio.get_running_loop().time()

    async def _encode(self) -> None:
        async with self._encoding:
            revision = self._market.engine.revision
            if revision != self._revision:
                self._frame = await encode(self._market)
                self._revision = revision
                self._encoded_at = asyncio.get_running_loop().time()
