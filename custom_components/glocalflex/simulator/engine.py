"""A continuous double auction: price, then time, where delivery window and place fit."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from .orders import Order, Place, Side, Window

type Queue = list[tuple[float, int, str]]
"""A heap of orders, the best first: signed price, time priority, order id."""


class Resting:
    """An order in the book with the power that is left of it; a partial fill puts a new one in its place."""

    __slots__ = ("encoded", "milliwatts", "order")

    def __init__(self, order: Order, milliwatts: int) -> None:
        """Take what is left of an order."""
        self.order = order
        self.milliwatts = milliwatts
        self.encoded: bytes | None = None
        """Its text in a book frame, once there was one."""


class Fill(NamedTuple):
    """Two orders that met."""

    resting: Order
    incoming: Order
    milliwatts: int
    price: float
    """€/kWh, the resting order's."""

    resting_left: int
    incoming_left: int

    @property
    def sell(self) -> Order:
        """The seller's order."""
        return self.resting if self.resting.side == "sell" else self.incoming

    @property
    def buy(self) -> Order:
        """The buyer's order."""
        return self.resting if self.resting.side == "buy" else self.incoming


class Engine:
    """The order book and its matching. It knows no clock: its caller removes what expired."""

    def __init__(self) -> None:
        """Start with an empty book."""
        self._resting: dict[str, Resting] = {}
        self._queues: defaultdict[Window, dict[tuple[Side, Place], Queue]] = (
            defaultdict(dict)
        )
        self._alive: Counter[Window] = Counter()
        self._levels: dict[Side, dict[float, dict[str, Resting]]] = {
            "buy": {},
            "sell": {},
        }
        self._priority = 0
        self.revision = 0
        """Counts the changes of the book."""

    def __len__(self) -> int:
        """Count the resting orders."""
        return len(self._resting)

    def place(self, order: Order) -> list[Fill]:
        """Match an order against the book and let rest what is left of it."""
        fills: list[Fill] = []
        left = order.milliwatts
        while left and (resting := self._best_for(order)):
            power = min(left, resting.milliwatts)
            left -= power
            self._reduce(resting, power)
            fills.append(
                Fill(
                    resting.order,
                    order,
                    power,
                    resting.order.price,
                    resting.milliwatts - power,
                    left,
                )
            )
        if left:
            self._rest(order, left)
        return fills

    def remove(self, order_id: str) -> Resting | None:
        """Take an order out of the book; None where it does not rest there."""
        if (resting := self._resting.get(order_id)) is not None:
            self._reduce(resting, resting.milliwatts)
        return resting

    def levels(self, side: Side) -> Iterator[tuple[float, list[Resting]]]:
        """Iterate over the prices of one side, the best first, each with its orders, the oldest first."""
        levels = self._levels[side]
        for price in sorted(levels, reverse=side == "buy"):
            yield price, list(levels[price].values())

    def _best_for(self, order: Order) -> Resting | None:
        """Find the resting order with which this one trades next."""
        if order.window not in self._queues:
            return None
        best: tuple[float, int, str] | None = None
        for (side, place), queue in self._queues[order.window].items():
            if side == order.side or not place.fits(order.place):
                continue
            while queue and queue[0][2] not in self._resting:
                heappop(queue)
            if queue and (best is None or queue[0] < best):
                best = queue[0]
        if best is None:
            return None
        resting = self._resting[best[2]]
        return resting if order.crosses(resting.order) else None

    def _rest(self, order: Order, milliwatts: int) -> None:
        resting = Resting(order, milliwatts)
        self._priority += 1
        signed = -order.price if order.side == "buy" else order.price
        queue = self._queues[order.window].setdefault((order.side, order.place), [])
        heappush(queue, (signed, self._priority, order.order_id))
        self._alive[order.window] += 1
        self._resting[order.order_id] = resting
        self._levels[order.side].setdefault(order.price, {})[order.order_id] = resting
        self.revision += 1

    def _reduce(self, resting: Resting, milliwatts: int) -> None:
        """Take power off a resting order, and the order out of the book when none is left."""
        order = resting.order
        self.revision += 1
        level = self._levels[order.side][order.price]
        if left := resting.milliwatts - milliwatts:
            self._resting[order.order_id] = level[order.order_id] = Resting(order, left)
            return
        del self._resting[order.order_id], level[order.order_id]
        if not level:
            del self._levels[order.side][order.price]
        self._alive[order.window] -= 1
        if not self._alive[order.window]:
            del self._alive[order.window], self._queues[order.window]
