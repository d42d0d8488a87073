"""Load on demand: trades at an even pace, and a book of a given size."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from .market import Market
from .order_request import OrderRequest
from .orders import MILLIWATTS, Place, Side
from .traders import BASELINE, COUNTRIES, window_after

MEETING_SEGMENT = 1
"""Where two orders meet that are meant for each other; nothing ever rests here."""

QUARTERS_AHEAD = 96
REFILL = timedelta(minutes=1)


def meet(market: Market, sell: OrderRequest, seller: str | None = None) -> None:
    """Make a trade of a sell order, with a buy order that takes all of it and meets nobody else.

    A sell order without baseline data has to wait for it, and gets it at once.
    """
    sell = replace(sell, place=sell.place._replace(segment=MEETING_SEGMENT))
    market.baseline_arrived(market.place(sell, seller))
    market.place(replace(sell, side="buy", baseline=None))


class Load:
    """What a market carries besides its traders."""

    def __init__(self, market: Market, seed: str) -> None:
        """Prepare for a market."""
        self._market = market
        self._random = Random(seed)

    def trade_every(self, pause: timedelta) -> None:
        """Let trades happen, evenly spaced in simulated time."""

        def trade() -> None:
            country = self._random.choice([*COUNTRIES])
            price = round(self._random.gauss(0.6, 0.1), 2)
            window = window_after(self._market.now, self._random.randrange(8))
            sell = OrderRequest(
                side="sell",
                milliwatts=1000 * MILLIWATTS,
                price=price,
                window=window,
                place=Place(country),
                expiry_time=window.start,
                baseline=BASELINE,
            )
            meet(self._market, sell)
            self._market.plan(self._market.now + pause, trade)

        self._market.plan(self._market.now + pause, trade)

    def fill_book(self, orders: int) -> None:
        """Keep so many orders in the book, too far apart to trade, for deliveries of the next day."""

        def refill() -> None:
            # One order at a time, so that a large book does not hold up the event loop.
            if short := len(self._market.engine) < orders:
                self._rest()
            pause = timedelta() if short else REFILL
            self._market.plan(self._market.now + pause, refill)

        refill()

    def _rest(self) -> None:
        random = self._random
        side: Side = random.choice(("buy", "sell"))
        price = random.uniform(0.01, 0.2) if side == "buy" else random.uniform(1.5, 3.0)
        window = window_after(self._market.now, random.randrange(1, QUARTERS_AHEAD))
        request = OrderRequest(
            side=side,
            milliwatts=random.randrange(100_000, 10_000_000, 10_000),
            price=round(price, 3),
            window=window,
            place=Place(random.choice([*COUNTRIES])),
            expiry_time=window.start,
            baseline=BASELINE if side == "sell" else None,
        )
        self._market.place(request)
