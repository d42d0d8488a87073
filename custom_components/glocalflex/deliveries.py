"""The user's deliveries, reckoned from own orders and contracts. Knows nothing of Home Assistant.

The market speaks of a contract from its verification on, which comes after delivery. Until
then a delivery is known from the order that was filled.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import fsum
from typing import Self

from msgspec import Struct

from .market import Contract, ContractUpdate, Order, OrderUpdate
from .state import Own, Record

# The one documented status of an order that has found its match.
FILLED = "filled"

# How statuses begin that are not documented: that of an order of which a part has
# found its match, and those of an order or a contract that came to nothing. [guess]
PARTLY_FILLED = "partial"
UNDONE = ("cancel", "fail", "reject")

# What contracts leave of a filled order's power counts as its rest from this share on.
LEAST_REST = 0.01

# A local clock must be able to show a window: UTC and it are not two days apart.
EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


class Delivery(Struct, frozen=True, kw_only=True):
    """A window in which the user delivers or takes power; what is not known is None."""

    start: datetime
    """In UTC, like the end, at which the delivery is over."""
    end: datetime
    side: str | None
    price: float | None
    """EUR/kWh; the order's limit, until a contract is known."""
    power: float | None
    """W."""
    energy: float | None
    """kWh."""
    at_most: bool
    """Whether power and energy are the order's, of which it is not known how much was met."""
    order_id: str | None
    contract_id: str | None
    status: str
    """The contract's, else the order's, as the market named it."""


class Deliveries:
    """All deliveries that are known, in the order in which they begin."""

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        """Sort them; of those with the same window the order is always the same."""
        self._sorted = sorted(deliveries, key=_rank)
        self._starts = [delivery.start for delivery in self._sorted]
        self._edges = sorted(
            {*self._starts, *(delivery.end for delivery in self._sorted)}
        )

    @classmethod
    def of(cls, own: Own) -> Self:
        """Reckon what own orders and contracts come to."""
        return cls(_reckon(own))

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate in the order in which they begin."""
        return iter(self._sorted)

    def __len__(self) -> int:
        """Count them."""
        return len(self._sorted)

    def active(self, at: datetime) -> list[Delivery]:
        """Return those that run: a window holds its start, and not its end."""
        begun = self._sorted[: bisect_right(self._starts, at)]
        return [delivery for delivery in begun if at < delivery.end]

    def next(
        self, after: datetime, *, is_bought: bool | None = None
    ) -> Delivery | None:
        """Return the first that has not begun; of what was bought, or of all else, if asked for."""
        ahead = islice(self._sorted, bisect_right(self._starts, after), None)
        return next(
            (each for each in ahead if is_bought in (None, each.side == "buy")), None
        )

    def next_edge(self, after: datetime) -> datetime | None:
        """Return when a delivery begins or ends next."""
        index = bisect_right(self._edges, after)
        return self._edges[index] if index < len(self._edges) else None

    def between(self, start: datetime, end: datetime) -> list[Delivery]:
        """Return those of which something lies within a time, its end not counted."""
        begun = self._sorted[: bisect_left(self._starts, end)]
        return [delivery for delivery in begun if start < delivery.end]


def _rank(delivery: Delivery) -> tuple[datetime, datetime, str, str]:
    return (
        delivery.start,
        delivery.end,
        delivery.order_id or "",
        delivery.contract_id or "",
    )


def _reckon(own: Own) -> Iterator[Delivery]:
    """Take contracts for what they are, and of orders what no contract speaks of."""
    contracts: defaultdict[str, list[Contract]] = defaultdict(list)
    for contract_record in own.contracts.values():
        contract = contract_record.update.contract
        order = None
        if contract.order_id is not None:
            contracts[contract.order_id].append(contract)
            if known := own.orders.get(contract.order_id):
                order = known.update.order
        if delivery := _of_contract(contract_record, order):
            yield delivery
    for order_id, order_record in own.orders.items():
        if delivery := _of_order(order_record, contracts[order_id]):
            yield delivery


def _of_contract(
    record: Record[ContractUpdate], order: Order | None
) -> Delivery | None:
    """Return a contract's delivery; what it leaves out is taken from its order."""
    if any(status.startswith(UNDONE) for status in record.statuses):
        return None
    contract = record.update.contract
    terms = order or Order(order_id="")
    is_power_known = contract.power is not None
    return _delivery(
        contract.delivery_start or terms.delivery_start,
        contract.delivery_end or terms.delivery_end,
        side=contract.side or terms.side,
        price=terms.price if contract.price is None else contract.price,
        power=contract.power if is_power_known else terms.power,
        energy=contract.energy,
        at_most=not is_power_known and terms.power is not None,
        order_id=contract.order_id,
        contract_id=contract.contract_id,
        status=record.update.status,
    )


def _of_order(
    record: Record[OrderUpdate], contracts: list[Contract]
) -> Delivery | None:
    """Return what an order delivers apart from its contracts, also from those that came to nothing."""
    if not _is_met(record):
        return None
    order = record.update.order
    is_filled = FILLED in record.statuses
    power = order.power
    if contracts:
        if not is_filled or power is None:
            return None
        # A contract that does not say how much stands for the whole order.
        known = fsum(
            power if contract.power is None else contract.power
            for contract in contracts
        )
        if power - known <= abs(power) * LEAST_REST:
            return None
        power -= known
    return _delivery(
        order.delivery_start,
        order.delivery_end,
        side=order.side,
        price=order.price,
        power=power,
        energy=None,
        at_most=not is_filled and power is not None,
        order_id=order.order_id,
        contract_id=None,
        status=record.update.status,
    )


def _is_met(record: Record[OrderUpdate]) -> bool:
    """Tell whether an order has found its match, as far as the last word on that goes.

    Of one that was filled in part, what is cancelled or expires later is the rest.
    """
    filled = record.statuses.get(FILLED)
    if filled is None:
        return any(status.startswith(PARTLY_FILLED) for status in record.statuses)
    last = record.update.status
    if last == FILLED or last.startswith(UNDONE):
        return last == FILLED
    return not any(
        at >= filled and status.startswith(UNDONE)
        for status, at in record.statuses.items()
    )


def _delivery(
    start: datetime | None,
    end: datetime | None,
    *,
    side: str | None,
    price: float | None,
    power: float | None,
    energy: float | None,
    at_most: bool,
    order_id: str | None,
    contract_id: str | None,
    status: str,
) -> Delivery | None:
    """Return a delivery; None where its window is not known, or is none."""
    if start is None or end is None or not EARLIEST <= start < end <= LATEST:
        return None
    if energy is None and power is not None:
        energy = power * ((end - start) / timedelta(hours=1)) / 1000
    return Delivery(
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        side=side,
        price=price,
        power=power,
        energy=energy,
        at_most=at_most,
        order_id=order_id,
        contract_id=contract_id,
        status=status,
    )
