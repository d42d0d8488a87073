"""What is true of a market now, reduced from its messages. Knows nothing of Home Assistant."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct, structs

from .market import (
    CONTRACT_STATUSES,
    ORDER_STATUSES,
    BookFigures,
    Contract,
    ContractUpdate,
    ExpiredOrder,
    Order,
    OrderUpdate,
    Trade,
)

# A frame may overtake another by so much; one that is older still means that
# the market's clock was set back, and the newer word counts.
OVERTAKING = timedelta(minutes=1)

# Own orders and contracts are kept so long after the market's last word on
# them, until their delivery is over in any case, and so many of each.
RETENTION = timedelta(days=31)
RETENTION_COUNT = 2000

# What an order or a contract comes to once in its life. Of others nothing is
# known: two partial fills in one second look like one that is told twice.
ONCE_IN_A_LIFE = frozenset((*ORDER_STATUSES, *CONTRACT_STATUSES))


def is_overtaken(at: datetime, by: datetime) -> bool:
    """Return whether something of the time `at` comes after a newer thing of the time `by`."""
    return timedelta() < by - at <= OVERTAKING


class Period(Struct, kw_only=True):
    """What a day or an hour came to so far. Prices in EUR/kWh, energy in kWh."""

    start: datetime
    """In UTC; a day's is local midnight."""
    trades: int = 0
    energy: float = 0.0
    turnover: float = 0.0
    """EUR, over the trades whose energy is known: average price is turnover by energy."""
    lowest_price: float | None = None
    highest_price: float | None = None
    expired_orders: int = 0
    expired_energy: float = 0.0

    @property
    def average_price(self) -> float | None:
        """Traded price by volume."""
        return self.turnover / self.energy if self.energy else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not self.trades and not self.expired_orders

    def add_trade(self, trade: Trade) -> None:
        """Count a trade."""
        self.trades += 1
        if trade.energy is not None:
            self.energy += trade.energy
            self.turnover += trade.energy * trade.price
        if self.lowest_price is None or trade.price < self.lowest_price:
            self.lowest_price = trade.price
        if self.highest_price is None or trade.price > self.highest_price:
            self.highest_price = trade.price

    def add_expired_order(self, order: ExpiredOrder) -> None:
        """Count an expired order."""
        self.expired_orders += 1
        self.expired_energy += order.energy or 0.0


@dataclass(kw_only=True)
class Figures:
    """The whole market's, or an area's, figures."""

    day: Period
    hour: Period
    """In progress; of the clock in UTC."""
    last_hour: Period | None = None
    """The last one in which something happened."""
    last_trade: Trade | None = None
    expired_orders: int = 0
    book: BookFigures | None = None

    def add_trade(self, trade: Trade) -> None:
        """Count a trade."""
        if self.last_trade is None or not is_overtaken(
            trade.closed_at, self.last_trade.closed_at
        ):
            self.last_trade = trade
        self.day.add_trade(trade)
        self.hour.add_trade(trade)

    def add_expired_order(self, order: ExpiredOrder) -> None:
        """Count an expired order."""
        self.expired_orders += 1
        self.day.add_expired_order(order)
        self.hour.add_expired_order(order)

    def end_hour(self, next_hour: datetime) -> Period | None:
        """Begin another hour; return the one before, where something happened in it.

        A clock that was set back goes on with the hour that it was in.
        """
        if next_hour <= self.hour.start:
            return None
        ended, self.hour = self.hour, Period(start=next_hour)
        if ended.is_empty:
            return None
        self.last_hour = ended
        return ended


class Record[UpdateT: (OrderUpdate, ContractUpdate)](Struct):
    """An own order or contract: what is known of it, and when it had which status."""

    update: UpdateT
    statuses: dict[str, datetime]


@dataclass
class Own:
    """The user's own orders and contracts, by identifier, those with the newest word last."""

    orders: dict[str, Record[OrderUpdate]] = field(default_factory=dict)
    contracts: dict[str, Record[ContractUpdate]] = field(default_factory=dict)

    def add_order(self, update: OrderUpdate) -> bool:
        """Take an order's status; return False for one that was told before."""
        record = self.orders.get(update.order.order_id)
        if record is not None:
            if _is_repeated(record, update):
                return False
            update = structs.replace(
                update, order=_completed(update.order, record.update.order)
            )
        _keep(self.orders, update.order.order_id, record, update)
        return True

    def add_contract(self, update: ContractUpdate) -> bool:
        """Take a contract's status; return False for one that was told before."""
        record = self.contracts.get(update.contract.contract_id)
        if record is not None:
            if _is_repeated(record, update):
                return False
            update = structs.replace(
                update, contract=_completed(update.contract, record.update.contract)
            )
        _keep(self.contracts, update.contract.contract_id, record, update)
        return True

    @property
    def last_order(self) -> OrderUpdate | None:
        """The newest word on any order."""
        return _last(self.orders)

    @property
    def last_contract(self) -> ContractUpdate | None:
        """The newest word on any contract."""
        return _last(self.contracts)

    def orders_in(self, status: str) -> int:
        """Count the orders that have this status now."""
        return _count(self.orders, status)

    def contracts_in(self, status: str) -> int:
        """Count the contracts that have this status now."""
        return _count(self.contracts, status)

    def forget(self, now: datetime) -> None:
        """Let go of what the market has said nothing of for long, and of which nothing is ahead."""
        _forget(self.orders, now, lambda update: update.order.delivery_end)
        _forget(self.contracts, now, lambda update: update.contract.delivery_end)


def _is_repeated[UpdateT: (OrderUpdate, ContractUpdate)](
    record: Record[UpdateT], update: UpdateT
) -> bool:
    return (
        update.status in ONCE_IN_A_LIFE
        and record.statuses.get(update.status) == update.created_at
    )


def _completed[PartT: (Order, Contract)](new: PartT, known: PartT) -> PartT:
    """Return the new word, with what it leaves out taken from what was known."""
    left_out = {
        name: getattr(known, name)
        for name in new.__struct_fields__
        if getattr(new, name) is None
    }
    return structs.replace(new, **left_out)


def _keep[UpdateT: (OrderUpdate, ContractUpdate)](
    records: dict[str, Record[UpdateT]],
    identifier: str,
    record: Record[UpdateT] | None,
    update: UpdateT,
) -> None:
    """Keep an update as the newest, unless it was overtaken by another."""
    newest = next(reversed(records), None)
    if record is None:
        records[identifier] = Record(update, {update.status: update.created_at})
        if len(records) > RETENTION_COUNT:
            del records[next(iter(records))]
    else:
        record.statuses[update.status] = update.created_at
        if is_overtaken(update.created_at, record.update.created_at):
            return
        record.update = update
        records[identifier] = records.pop(identifier)
    if newest is not None and is_overtaken(
        update.created_at, records[newest].update.created_at
    ):
        records[newest] = records.pop(newest)


def _last[UpdateT: (OrderUpdate, ContractUpdate)](
    records: dict[str, Record[UpdateT]],
) -> UpdateT | None:
    return next((record.update for record in reversed(records.values())), None)


def _count[UpdateT: (OrderUpdate, ContractUpdate)](
    records: dict[str, Record[UpdateT]], status: str
) -> int:
    return sum(record.update.status == status for record in records.values())


def _forget[UpdateT: (OrderUpdate, ContractUpdate)](
    records: dict[str, Record[UpdateT]],
    now: datetime,
    end_fn: Callable[[UpdateT], datetime | None],
) -> None:
    for identifier, record in list(records.items()):
        end = end_fn(record.update)
        if now - record.update.created_at > RETENTION and (end is None or end <= now):
            del records[identifier]
