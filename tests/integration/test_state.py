"""Tests of how messages become a state."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.glocalflex import state
from custom_components.glocalflex.market import (
    Contract,
    ContractUpdate,
    Order,
    OrderUpdate,
    Trade,
)
from custom_components.glocalflex.state import Figures, Own, Period

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def order(
    status: str, order_id: str = "1", at: datetime = NOON, power: float | None = None
) -> OrderUpdate:
    """Return an order's update."""
    return OrderUpdate(
        created_at=at, status=status, order=Order(order_id=order_id, power=power)
    )


def contract(
    status: str, contract_id: str = "1", at: datetime = NOON, price: float | None = None
) -> ContractUpdate:
    """Return a contract's update."""
    return ContractUpdate(
        created_at=at,
        status=status,
        contract=Contract(contract_id=contract_id, price=price),
    )


def test_a_repeated_status_is_told_once() -> None:
    """The same documented status of the same time is the same word, also after a later one."""
    own = Own()
    assert own.add_order(order("accepted"))
    assert not own.add_order(order("accepted"))
    assert own.add_order(order("filled", at=NOON + SECOND))
    assert not own.add_order(order("accepted"))
    assert own.add_order(order("accepted", "2"))
    assert own.add_contract(contract("settlement_initiated"))
    assert not own.add_contract(contract("settlement_initiated"))
    assert own.add_contract(contract("settlement_initiated", at=NOON + SECOND))


def test_a_status_of_which_nothing_is_known_is_never_dropped() -> None:
    """Two partial fills at one time are two."""
    own = Own()
    assert own.add_order(order("partially_filled"))
    assert own.add_order(order("partially_filled"))
    assert own.add_contract(contract("verification_failed"))
    assert own.add_contract(contract("verification_failed"))


def test_an_overtaken_status_is_told_but_not_shown() -> None:
    """It happened, but a newer thing is known of the order."""
    own = Own()
    own.add_order(order("filled", at=NOON + SECOND))
    assert own.add_order(order("accepted"))
    assert own.orders_in("filled") == 1
    assert own.orders_in("accepted") == 0


def test_the_last_status_is_the_newest_of_all_orders() -> None:
    """What one order has to say may be overtaken by another."""
    own = Own()
    own.add_order(order("accepted", "1"))
    own.add_order(order("filled", "2", NOON + SECOND))
    own.add_order(order("matching_active", "3", NOON))
    assert own.last_order == order("filled", "2", NOON + SECOND)
    own.add_order(order("matching_active", "1", NOON + SECOND / 2))
    assert own.last_order == order("filled", "2", NOON + SECOND)
    own.add_order(order("matching_active", "1", NOON + SECOND))
    assert own.last_order == order("matching_active", "1", NOON + SECOND)


def test_a_clock_that_was_set_back_is_followed() -> None:
    """What lies further back than frames overtake each other is the newer word."""
    own, figures = Own(), Figures(day=Period(start=NOON), hour=Period(start=NOON))
    own.add_contract(contract("settlement_initiated", at=NOON))
    own.add_contract(contract("verification_initiated", at=NOON - timedelta(hours=1)))
    assert own.contracts_in("verification_initiated") == 1
    figures.add_trade(Trade(created_at=NOON, closed_at=NOON, price=1))
    figures.add_trade(
        Trade(created_at=NOON, closed_at=NOON - timedelta(hours=1), price=2)
    )
    assert figures.last_trade is not None
    assert figures.last_trade.price == 2


def test_what_a_message_leaves_out_stays_known() -> None:
    """A later word on an order need not repeat everything."""
    own = Own()
    own.add_order(order("accepted", power=1000))
    own.add_order(order("filled", at=NOON + SECOND))
    assert own.last_order == order("filled", at=NOON + SECOND, power=1000)
    own.add_contract(contract("settlement_initiated", price=0.5))
    own.add_contract(contract("settlement_completed_success", at=NOON + SECOND))
    assert own.last_contract == contract(
        "settlement_completed_success", at=NOON + SECOND, price=0.5
    )


def test_forgotten_in_time() -> None:
    """What the market says nothing of for long is let go."""
    own = Own()
    own.add_order(order("filled", "old"))
    own.add_order(order("accepted", "new", NOON + SECOND))
    own.add_contract(contract("settlement_completed_success"))
    own.forget(NOON + state.RETENTION)
    assert [*own.orders] == ["old", "new"]
    own.forget(NOON + state.RETENTION + SECOND)
    assert [*own.orders] == ["new"]
    assert not own.contracts
    assert own.last_contract is None


def test_kept_until_delivered() -> None:
    """What was agreed long ahead is not forgotten before it is delivered."""
    own = Own()
    end = NOON + 2 * state.RETENTION
    ahead = Order(order_id="1", delivery_end=end)
    own.add_order(OrderUpdate(created_at=NOON, status="filled", order=ahead))
    promised = Contract(contract_id="1", delivery_end=end)
    own.add_contract(ContractUpdate(created_at=NOON, status="made", contract=promised))
    own.forget(end - SECOND)
    assert own.orders
    assert own.contracts
    own.forget(end)
    assert not own.orders
    assert not own.contracts


def test_the_longest_untouched_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """No market fills the memory."""
    monkeypatch.setattr(state, "RETENTION_COUNT", 2)
    own = Own()
    own.add_order(order("accepted", "1"))
    own.add_order(order("accepted", "2"))
    own.add_order(order("filled", "1", NOON + SECOND))
    own.add_order(order("accepted", "3", NOON + SECOND))
    assert {*own.orders} == {"1", "3"}


def test_a_day_without_energy_has_no_average() -> None:
    """A trade of unknown energy has a price all the same."""
    figures = Figures(day=Period(start=NOON), hour=Period(start=NOON))
    figures.add_trade(Trade(created_at=NOON, closed_at=NOON, price=-0.1))
    day = figures.day
    assert (day.average_price, day.lowest_price, day.highest_price) == (
        None,
        -0.1,
        -0.1,
    )
    figures.add_trade(Trade(created_at=NOON, closed_at=NOON, price=0.3, energy=2))
    assert (day.average_price, day.trades) == (0.3, 2)
