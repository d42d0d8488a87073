"""Keeps the market going with its clock, never for long at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from .book import BookPublisher
from .clock import Clock
from .market import Market
from .order_request import OrderRequest
from .streams import Streams

LEAST_PAUSE = 0.01
"""Real seconds between two looks at the agenda, however fast the clock runs."""

NEVER = datetime.max.replace(tzinfo=UTC)


class Pace:
    """Lets happen what is due."""

    def __init__(
        self, market: Market, clock: Clock, book: BookPublisher, streams: Streams
    ) -> None:
        """Tie a market to a clock; the book's publisher hears of every move."""
        self._market = market
        self._clock = clock
        self._book = book
        self._streams = streams
        self._nudge = asyncio.Event()

    def moved(self) -> None:
        """Note that something happened, or was planned."""
        self._book.touch()
        self._nudge.set()

    def catch_up(self) -> datetime:
        """Let happen what is due, as far as one slice goes; tell the market's time."""
        self._market.run(self._clock.now())
        self.moved()
        return self._market.now

    def place(self, request: OrderRequest, user: str | None) -> str:
        """Take an order now; return its id."""
        order_id = self._market.place(request, user)
        self.moved()
        return order_id

    async def advance_to(self, time: datetime) -> None:
        """Put the clock forward, and let happen what is due by then."""
        self._clock.put_forward(time)
        while not self._market.run(time):
            self.moved()
            await asyncio.sleep(0)
        self.moved()

    async def run_until(self, stop: Callable[[], bool]) -> None:
        """Run as fast as the clients read, until `stop` says so, and put the clock forward."""
        while not self._market.run(NEVER, stop):
            self.moved()
            await asyncio.sleep(0)
            await self._streams.drained()
        self._clock.put_forward(self._market.now)
        self.moved()

    async def run(self) -> None:
        """Follow the clock until cancelled; it runs only meanwhile."""
        loop = asyncio.get_running_loop()
        self._clock.run()
        try:
            while True:
                began = loop.time()
                if not self._market.run(self._clock.now()):
                    # More is due than this machine can do in a slice: let the clock wait for it.
                    self.moved()
                    await asyncio.sleep(0)
                    self._clock.lose(loop.time() - began)
                    continue
                self.moved()
                self._nudge.clear()
                pause = self._clock.seconds_until(self._market.next_at)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause and max(pause, LEAST_PAUSE)):
                        await self._nudge.wait()
        finally:
            self._clock.hold()
