"""What tests and scripts do to a simulated market. No client of the market reaches it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiohttp import WSCloseCode
import orjson

from .accounts import Accounts
from .documents import Document, Json
from .faults import ENDPOINTS, Endpoint, Faults
from .load import meet
from .market import Market
from .order_request import parse
from .orders import Side, Window
from .pace import Pace
from .streams import Connection, Frame, Streams
from .traders import BASELINE, HOUR, Traders, next_quarter
from .wire import STREAMS, Stream, timestamp

TOKEN_ENDED = WSCloseCode.POLICY_VIOLATION
"""How a stream is closed whose token is made to end (a guess)."""

RUN_ORDERS_PER_MINUTE = 60.0
"""The traders' pace in `run_trades` when the settings have none."""


class Control:
    """Moves the market and provokes faults."""

    def __init__(
        self,
        pace: Pace,
        accounts: Accounts,
        streams: Streams,
        faults: Faults,
        market: Market,
        traders: Traders,
    ) -> None:
        """Reach into all parts of a simulator."""
        self._pace = pace
        self._accounts = accounts
        self._streams = streams
        self._faults = faults
        self._market = market
        self._traders = traders

    @property
    def now(self) -> datetime:
        """Tell the simulated time up to which everything has happened."""
        return self._pace.catch_up()

    @property
    def trades(self) -> int:
        """Count the trades so far, the warm-up's among them."""
        return self._market.trades

    @property
    def sign_ins(self) -> int:
        """Count the sign-ins with a password that were granted."""
        return self._accounts.sign_ins

    @property
    def renewals(self) -> int:
        """Count the renewals that were granted."""
        return self._accounts.renewals

    @property
    def connections(self) -> Mapping[str, int]:
        """Count the open connections of each stream."""
        return self._streams.counts

    async def place_order(
        self,
        user: str | None,
        *,
        side: Side,
        power: float,
        price: float,
        delivery_start: datetime | None = None,
        delivery_end: datetime | None = None,
        expiry_time: datetime | None = None,
        location: Mapping[str, Json] | None = None,
        baseline: Mapping[str, Json] | None = BASELINE,
    ) -> str:
        """Place an order, matched at once unless it is a sell order without baseline; return its id.

        Power in W, price in €/kWh. The window is the hour from the first quarter an hour ahead, where
        it is not given; the order stands until delivery. Raises OrderRefused.
        """
        window = self._window(delivery_start, delivery_end)
        body: Document = {
            "side": side,
            "power": power,
            "price": price,
            "delivery_start": timestamp(window.start),
            "delivery_end": timestamp(window.end),
            "expiry_time": timestamp(expiry_time or window.start),
            "location": {**location} if location else {},
            "baseline": {**baseline} if baseline and side == "sell" else None,
        }
        return self._pace.place(parse(body, self.now), user)

    async def trade(
        self,
        price: float,
        power: float = 1000.0,
        *,
        delivery_start: datetime | None = None,
        delivery_end: datetime | None = None,
        location: Mapping[str, Json] | None = None,
        user: str | None = None,
        baseline: Mapping[str, Json] | None = BASELINE,
    ) -> None:
        """Make a trade between two orders that meet nobody else; with a user, it is the seller.

        Power in W, price in €/kWh; the window as for `place_order`. Raises OrderRefused.
        """
        window = self._window(delivery_start, delivery_end)
        body: Document = {
            "side": "sell",
            "power": power,
            "price": price,
            "delivery_start": timestamp(window.start),
            "delivery_end": timestamp(window.end),
            "expiry_time": timestamp(window.start),
            "location": {**location} if location else {},
            "baseline": {**baseline} if baseline else None,
        }
        request = parse(body, self.now)
        meet(self._market, request, user)
        self._pace.moved()

    async def advance(self, seconds: float) -> None:
        """Put the simulated clock forward; everything due by then happens, in order."""
        await self._pace.advance_to(self.now + timedelta(seconds=seconds))

    async def run_trades(self, count: int) -> None:
        """Run the market, with traders, until so many further trades have happened.

        As fast as the connected clients read; a trade more where one order meets several.
        """
        goal = self._market.trades + count
        orders_per_minute = self._traders.orders_per_minute
        if not orders_per_minute:
            self._traders.start(RUN_ORDERS_PER_MINUTE)
        try:
            await self._pace.run_until(lambda: self._market.trades >= goal)
        finally:
            if not orders_per_minute:
                self._traders.start(0)

    async def cut(self, stream: Stream | None = None, code: int = 1006) -> None:
        """Close the connections of a stream, or of all; 1006 drops them without a close frame."""
        await self._streams.close(self._on(stream), code)

    def freeze(self, stream: Stream | None = None) -> None:
        """Let a stream, or all, fall silent: nothing is sent, no ping or close is answered."""
        for name in _streams(stream):
            self._streams.flowing(name).clear()

    def thaw(self, stream: Stream | None = None) -> None:
        """Let a stream, or all, go on; what was to be sent meanwhile is sent now."""
        for name in _streams(stream):
            self._streams.flowing(name).set()

    async def send(
        self, stream: Stream, frame: Frame | Document, *, user: str | None = None
    ) -> None:
        """Send any frame, outside the journal: bytes as a binary one, a dict as JSON text."""
        text = orjson.dumps(frame).decode() if isinstance(frame, dict) else frame
        for connection in self._on(stream):
            if user is None or connection.user == user:
                connection.put(text)

    def expire_tokens(self) -> None:
        """End all access tokens but the fixed ones, and the streams opened with them."""
        ended = self._accounts.expire()
        for connection in self._streams:
            if connection.token in ended:
                connection.put(TOKEN_ENDED)

    def revoke_refresh_tokens(self) -> None:
        """Let every renewal be refused."""
        self._accounts.revoke_refresh_tokens()

    def refuse(self, status: int | None, *, what: Endpoint | None = None) -> None:
        """Answer with an HTTP status at an endpoint (the token endpoint) until told None.

        None without an endpoint ends all refusals.
        """
        if status is not None:
            self._faults.refused[what or "token"] = status
            return
        for endpoint in ENDPOINTS if what is None else (what,):
            self._faults.refused.pop(endpoint, None)

    def delay(self, seconds: float) -> None:
        """Let every answer, also the opening of a stream, take so many real seconds."""
        self._faults.delay = seconds

    async def drained(self) -> None:
        """Wait until all queued frames are written to the sockets, except on frozen streams."""
        await self._streams.drained()

    def _window(self, start: datetime | None, end: datetime | None) -> Window:
        start = start or next_quarter(self.now + HOUR)
        return Window(start, end or start + HOUR)

    def _on(self, stream: Stream | None) -> list[Connection]:
        return [c for c in self._streams if stream is None or c.stream == stream]


def _streams(stream: Stream | None) -> tuple[Stream, ...]:
    return STREAMS if stream is None else (stream,)
