"""The market: orders from their arrival to the settlement of their contracts, and what is told of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from . import wire
from .agenda import Agenda
from .contracts import AFTER_DELIVERY, Contract, ContractStatus, meter_data_delay
from .documents import Document
from .engine import Engine, Fill
from .order_request import OrderRequest
from .orders import Order
from .wire import OrderStatus, Stream

type Tell = Callable[[Stream, str | None, Document], None]

BASELINE_ARRIVES = timedelta(minutes=2)
"""How long a sell order that brings no baseline data waits for it (a guess)."""


class Market(Agenda):
    """An engine in simulated time. It has no idea of sockets, users' passwords or real time."""

    def __init__(self, start: datetime, tell: Tell) -> None:
        """Open an empty market; `tell` gets every document of the ticker and the trade stream."""
        super().__init__(start)
        self.engine = Engine()
        self.trades = 0
        self._tell = tell
        self._orders = 0
        self._contracts = 0
        self._awaiting: dict[str, Order] = {}

    def place(self, request: OrderRequest, owner: str | None = None) -> str:
        """Take an order and match it at once, unless it waits for its baseline; return its id."""
        self._orders += 1
        order = request.order(f"order-{self._orders:08d}", owner)
        # The gate closes with the beginning of the delivery.
        self.plan(
            min(order.expiry_time, order.window.start), partial(self._expire, order)
        )
        if request.awaits_baseline:
            self._awaiting[order.order_id] = order
            self._tell_order(order, "awaiting_baseline_data")
            self.plan(
                self.now + BASELINE_ARRIVES,
                partial(self.baseline_arrived, order.order_id),
            )
        else:
            self._activate(order)
        return order.order_id

    def baseline_arrived(self, order_id: str) -> None:
        """Let an order that waits for its baseline take part; no other."""
        if (order := self._awaiting.pop(order_id, None)) is not None:
            self._activate(order)

    def _activate(self, order: Order) -> None:
        self._tell_order(order, "accepted")
        self._tell_order(order, "matching_active")
        for fill in self.engine.place(order):
            self._traded(fill)

    def _traded(self, fill: Fill) -> None:
        self.trades += 1
        self._tell("ticker", None, wire.ticker_update(fill, self.now))
        for order, left in (
            (fill.resting, fill.resting_left),
            (fill.incoming, fill.incoming_left),
        ):
            self._tell_order(order, "partially_filled" if left else "filled")
            if order.owner is not None:
                self._contract(order, fill)

    def _contract(self, order: Order, fill: Fill) -> None:
        self._contracts += 1
        contract = Contract(
            contract_id=f"contract-{self._contracts:08d}",
            order=order,
            milliwatts=fill.milliwatts,
            price=fill.price,
            place=fill.sell.place.meet(fill.buy.place),
        )
        verifiable = order.window.end + meter_data_delay(self._contracts)
        for status, delay in AFTER_DELIVERY:
            self.plan(
                verifiable + delay, partial(self._tell_contract, contract, status)
            )

    def _expire(self, order: Order) -> None:
        if self._awaiting.pop(order.order_id, None) is not None:
            left = order.milliwatts
        elif (resting := self.engine.remove(order.order_id)) is not None:
            left = resting.milliwatts
        else:
            return
        self._tell("ticker", None, wire.expired_order_update(order, left, self.now))
        self._tell_order(order, "expired")

    def _tell_order(self, order: Order, status: OrderStatus) -> None:
        if order.owner is not None:
            self._tell(
                "trade", order.owner, wire.order_status_update(order, status, self.now)
            )

    def _tell_contract(self, contract: Contract, status: ContractStatus) -> None:
        owner = contract.order.owner
        self._tell(
            "trade", owner, wire.contract_status_update(contract, status, self.now)
        )
