"""Tests of how own orders and contracts become deliveries."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.deliveries import Deliveries, Delivery
from custom_components.glocalflex.market import (
    Contract,
    ContractUpdate,
    Order,
    OrderUpdate,
)
from custom_components.glocalflex.state import Own

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

SOLD: dict[str, Any] = {
    "side": "sell",
    "power": 2000.0,
    "price": 0.3,
    "delivery_start": NOON,
    "delivery_end": NOON + HOUR / 2,
}


def tell_order(own: Own, *statuses: str, at: datetime = NOON, **fields: Any) -> None:
    """Take an order through statuses, a second each."""
    order = Order(**{"order_id": "order-1", **SOLD, **fields})
    for number, status in enumerate(statuses):
        own.add_order(
            OrderUpdate(created_at=at + number * SECOND, status=status, order=order)
        )


def tell_contract(own: Own, *statuses: str, **fields: Any) -> None:
    """Take a contract through statuses, a second each."""
    contract = Contract(
        **{"contract_id": "contract-1", "order_id": "order-1", **SOLD, **fields}
    )
    for number, status in enumerate(statuses):
        own.add_contract(
            ContractUpdate(
                created_at=NOON + number * SECOND, status=status, contract=contract
            )
        )


def delivery(**fields: Any) -> Delivery:
    """Return the delivery of the order that SOLD describes, with some fields changed."""
    known = {
        "start": NOON,
        "end": NOON + HOUR / 2,
        "side": "sell",
        "price": 0.3,
        "power": 2000.0,
        "energy": 1.0,
        "at_most": False,
        "order_id": "order-1",
        "contract_id": None,
        "status": "filled",
    }
    return Delivery(**{**known, **fields})


def test_a_filled_order() -> None:
    """It has a delivery from when it is filled on, and not before."""
    own = Own()
    tell_order(own, "awaiting_baseline_data", "accepted", "matching_active")
    assert [*Deliveries.of(own)] == []
    tell_order(own, "filled", at=NOON + HOUR)
    assert [*Deliveries.of(own)] == [delivery()]


@pytest.mark.parametrize(
    ("statuses", "has_delivery"),
    [
        (["expired"], False),
        (["cancelled"], False),
        (["accepted", "half_filled"], False),
        (["filled", "cancelled"], False),
        (["filled", "canceled_by_moon"], False),
        (["filled", "failed"], False),
        (["filled", "rejected"], False),
        (["partially_filled", "filled", "cancelled"], False),
        # A word about something else changes nothing.
        (["filled", "cancelled", "refunded"], False),
        (["filled", "archived"], True),
        (["filled", "accepted"], True),
        # The newer word on the matter counts.
        (["cancelled", "filled"], True),
        (["cancelled", "filled", "archived"], True),
        (["filled", "cancelled", "filled"], True),
    ],
)
def test_what_statuses_mean(statuses: Sequence[str], has_delivery: bool) -> None:
    """An order that was cancelled or failed after it was filled has no delivery."""
    own = Own()
    tell_order(own, *statuses)
    expected = [delivery(status=statuses[-1])] if has_delivery else []
    assert [*Deliveries.of(own)] == expected


def test_a_cancellation_that_is_overtaken() -> None:
    """Frames that change places mean what they mean in their order."""
    own = Own()
    tell_order(own, "cancelled", at=NOON + SECOND)
    tell_order(own, "filled")
    assert not len(Deliveries.of(own))
    # The market's clock was set back.
    own = Own()
    tell_order(own, "filled", at=NOON + HOUR)
    tell_order(own, "cancelled")
    assert not len(Deliveries.of(own))


@pytest.mark.parametrize(
    "statuses",
    [
        ["partially_filled"],
        ["partially_filled", "partially_filled"],
        ["partially_filled", "expired"],
        ["partially_filled", "cancelled"],
        ["partial_fill", "matching_active"],
    ],
)
def test_an_order_filled_in_part(statuses: Sequence[str]) -> None:
    """It has a delivery of at most its power; what ends later is its rest."""
    own = Own()
    tell_order(own, *statuses)
    assert [*Deliveries.of(own)] == [delivery(at_most=True, status=statuses[-1])]


def test_of_unknown_power_nothing_is_said() -> None:
    """No power means no energy, and no most."""
    own = Own()
    tell_order(own, "partially_filled", power=None, price=None, side=None)
    assert [*Deliveries.of(own)] == [
        delivery(
            power=None, energy=None, price=None, side=None, status="partially_filled"
        )
    ]


FAR = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "window",
    [
        {"delivery_start": None},
        {"delivery_end": None},
        {"delivery_end": NOON},
        {"delivery_end": NOON - HOUR},
        # A moment is one in any zone.
        {"delivery_end": (NOON - HOUR).astimezone(timezone(9 * HOUR))},
        # No local clock need be able to show these.
        {"delivery_end": FAR},
        {"delivery_start": datetime.min.replace(tzinfo=timezone(14 * HOUR))},
        {"delivery_end": datetime.max.replace(tzinfo=timezone(-12 * HOUR))},
    ],
)
def test_no_window(window: dict[str, Any]) -> None:
    """Without a beginning and an end after it there is no delivery."""
    own = Own()
    tell_order(own, "filled", **window)
    tell_contract(own, "verification_initiated", order_id=None, **window)
    assert not len(Deliveries.of(own))


def test_windows_are_in_utc() -> None:
    """Whatever zone the market names."""
    own = Own()
    zone = timezone(-5 * HOUR)
    tell_order(
        own,
        "filled",
        delivery_start=NOON.astimezone(zone),
        delivery_end=(NOON + HOUR / 2).astimezone(zone),
    )
    (found,) = Deliveries.of(own)
    assert found == delivery()
    assert {found.start.tzinfo, found.end.tzinfo} == {UTC}


def test_a_contract_takes_its_orders_place() -> None:
    """Its terms are the better ones; what it leaves out is the order's."""
    own = Own()
    tell_order(own, "filled")
    tell_contract(own, "verification_initiated", price=0.35, energy=0.9)
    of_contract = delivery(
        price=0.35,
        energy=0.9,
        contract_id="contract-1",
        status="verification_initiated",
    )
    assert [*Deliveries.of(own)] == [of_contract]

    own = Own()
    tell_order(own, "filled")
    nothing = dict.fromkeys(SOLD)
    tell_contract(own, "settlement_initiated", **nothing)
    bare = delivery(
        at_most=True, contract_id="contract-1", status="settlement_initiated"
    )
    assert [*Deliveries.of(own)] == [bare]


@pytest.mark.parametrize("order_id", [None, "order-unheard-of"])
def test_a_contract_on_its_own(order_id: str | None) -> None:
    """Its order need not be known."""
    own = Own()
    tell_contract(own, "verification_initiated", order_id=order_id, price=0.0)
    assert [*Deliveries.of(own)] == [
        delivery(
            price=0.0,
            order_id=order_id,
            contract_id="contract-1",
            status="verification_initiated",
        )
    ]


def test_a_contract_of_an_order_that_was_not_seen_filled() -> None:
    """That there is a contract is enough."""
    own = Own()
    tell_order(own, "matching_active", "cancelled")
    tell_contract(own, "verification_initiated", power=500.0)
    (found,) = Deliveries.of(own)
    assert (found.contract_id, found.power) == ("contract-1", 500.0)


def test_several_contracts_of_an_order() -> None:
    """Each is a delivery; what of a filled order no contract speaks of yet is one as well."""
    own = Own()
    tell_order(own, "partially_filled", "filled")
    tell_contract(own, "verification_initiated", power=500.0)
    assert [(d.contract_id, d.power, d.energy) for d in Deliveries.of(own)] == [
        (None, 1500.0, 0.75),
        ("contract-1", 500.0, 0.25),
    ]
    tell_contract(own, "verification_initiated", contract_id="2", power=1499.0)
    assert [(d.contract_id, d.power) for d in Deliveries.of(own)] == [
        ("2", 1499.0),
        ("contract-1", 500.0),
    ]


def test_the_rest_of_an_order_filled_in_part_is_nothing() -> None:
    """What its contracts do not speak of may never have been sold."""
    own = Own()
    tell_order(own, "partially_filled", "expired")
    tell_contract(own, "verification_initiated", power=500.0)
    assert [d.contract_id for d in Deliveries.of(own)] == ["contract-1"]


@pytest.mark.parametrize("status", ["cancelled", "failed", "rejected"])
def test_a_contract_that_came_to_nothing(status: str) -> None:
    """Neither it nor its share of the order is delivered; the order's rest is."""
    own = Own()
    tell_order(own, "filled")
    tell_contract(own, "verification_initiated", status, "archived", power=500.0)
    assert [(d.contract_id, d.power) for d in Deliveries.of(own)] == [(None, 1500.0)]
    own = Own()
    tell_order(own, "filled")
    tell_contract(own, status)
    assert not len(Deliveries.of(own))


def test_a_contract_that_is_found_wanting_was_delivered() -> None:
    """A verification that fails is about what was delivered."""
    own = Own()
    tell_contract(own, "verification_initiated", "verification_failed")
    assert len(Deliveries.of(own)) == 1


minutes = st.integers(-1000, 1000).map(lambda count: NOON + count * HOUR / 60)
wild = st.datetimes(
    timezones=st.integers(-1439, 1439).map(lambda count: timezone(count * HOUR / 60))
)
names = st.sampled_from(["1", "2", "3"])
powers = st.none() | st.floats(-1e15, 1e15)
terms = st.fixed_dictionaries(
    {"power": powers, "delivery_start": minutes | wild, "delivery_end": minutes | wild}
)
order_statuses = st.sampled_from(["accepted", "partially_filled", "filled", "failed"])
contract_statuses = st.sampled_from(["verification_initiated", "cancelled"])


@st.composite
def owns(draw: st.DrawFn) -> Own:
    """Return what any words on orders and contracts come to."""
    own = Own()
    for _ in range(draw(st.integers(0, 8))):
        at, known = draw(minutes), draw(terms)
        if draw(st.booleans()):
            tell_order(own, draw(order_statuses), at=at, order_id=draw(names), **known)
        else:
            tell_contract(
                own,
                draw(contract_statuses),
                contract_id=draw(names),
                order_id=draw(st.none() | names),
                **known,
            )
    return own


@given(owns(), minutes, minutes)
def test_whatever_the_market_tells(
    own: Own, moment: datetime, another: datetime
) -> None:
    """What is looked up quickly is what looking at each delivery would find."""
    known = Deliveries.of(own)
    found = [*known]
    assert len(known) == len(found)
    assert len({(d.contract_id, d.contract_id or d.order_id) for d in found}) == len(
        found
    )
    assert all(d.start < d.end for d in found)
    assert found == sorted(found, key=lambda d: (d.start, d.end))
    edges = {d.start for d in found} | {d.end for d in found}
    for look in (moment, *edges):
        assert known.active(look) == [d for d in found if d.start <= look < d.end]
        assert known.next(look) == next((d for d in found if d.start > look), None)
    first, last = sorted((moment, another))
    assert known.between(first, last) == [
        d for d in found if d.start < last and d.end > first
    ]
    ahead = min((edge for edge in edges if edge > moment), default=None)
    assert known.next_edge(moment) == ahead
    # Nothing changes before the next edge, where the clock looks again.
    if ahead is None:
        assert known.active(moment) == []
    else:
        just_before = ahead - timedelta(microseconds=1)
        assert known.active(just_before) == known.active(moment)
        assert known.next(just_before) == known.next(moment)
