"""Quotes against a reckoning in exact numbers, one slice of five minutes at a time."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import (
    BookOrder,
    OrderBook,
    Quote,
    QuotePiece,
    Side,
    quote,
    run_costs,
)

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLICE = timedelta(minutes=5)
HOURS = Fraction(1, 12)
"""Of a slice."""

type Orders = tuple[BookOrder, ...]

zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-3.5 * HOUR)])
known_times = st.builds(
    lambda index, zone: (START + index * SLICE).astimezone(zone),
    st.integers(-6, 18),
    zones,
)
times = st.one_of(known_times, known_times, known_times, st.none())
powers = st.sampled_from([0.0, 500.0, 1000.0, 1000.0, 2500.0]) | st.integers(
    0, 3_000_000
).map(lambda milliwatts: milliwatts / 1000)
orders = st.builds(
    BookOrder,
    price=st.sampled_from([-0.1, 0.0, 0.1, 0.25]) | st.floats(-10, 10),
    power=powers,
    delivery_start=times,
    delivery_end=times,
)
# Without one that stands throughout hardly any window is met.
always = st.builds(
    lambda price, power: order(price, power, -100, 100),
    st.floats(-1, 1),
    st.sampled_from([0.0, 800.0, 9000.0]),
)
sides = st.builds(
    lambda some, other: (*some, other), st.lists(orders, max_size=12), always
)
windows = st.tuples(st.integers(0, 11), st.integers(1, 12)).map(
    lambda window: (START + window[0] * SLICE, START + sum(window) * SLICE)
)


def order(
    price: float, power: float = 1000, first: int = 0, last: int = 12
) -> BookOrder:
    """Return an order whose delivery begins and ends with a slice."""
    return BookOrder(
        price=price,
        power=power,
        delivery_start=START + first * SLICE,
        delivery_end=START + last * SLICE,
    )


def book(bids: Orders = (), asks: Orders = ()) -> OrderBook:
    """Return a snapshot."""
    return OrderBook(created_at=START, bids=bids, asks=asks)


def standing(orders: Orders, since: datetime) -> list[BookOrder]:
    """Return the orders that cover a slice."""
    return [
        order
        for order in orders
        if order.delivery_start is not None
        and order.delivery_end is not None
        and order.delivery_start <= since
        and since + SLICE <= order.delivery_end
    ]


def walked(
    side: Side, orders: list[BookOrder], power: float
) -> tuple[int, Fraction | None, float | None]:
    """Take the best left, in whole milliwatts; return what is met, its cost an hour, the worst price."""
    left = round(power * 1000)
    cost = Fraction(0)
    rest = [order for order in orders if order.power]
    worst = None
    while left and rest:
        choose = min if side is Side.BUY else max
        best = choose(rest, key=lambda order: order.price)
        rest.remove(best)
        taken = min(left, round(best.power * 1000))
        cost += Fraction(taken, 1_000_000) * Fraction(best.price)
        worst = best.price
        left -= taken
    met = round(power * 1000) - left
    return (met, None, None) if left else (met, cost, worst)


def about(exact: Fraction | float | None) -> Any:
    """Allow for sums of binary fractions."""
    return None if exact is None else pytest.approx(float(exact), rel=1e-6, abs=1e-6)


@given(sides, sides, st.sampled_from(Side), powers.filter(bool), windows)
def test_quotes(
    bids: Orders,
    asks: Orders,
    side: Side,
    power: float,
    window: tuple[datetime, datetime],
) -> None:
    """The whole and each piece are those of a plain reckoning from the other side of the book."""
    start, end = window
    told = quote(book(bids, asks), side=side, power=power, start=start, end=end)
    assert told.pieces[0].start == start
    assert told.pieces[-1].end == end
    assert all(one.end == other.start for one, other in pairwise(told.pieces))
    offered = asks if side is Side.BUY else bids
    total: Fraction | None = Fraction(0)
    met_energy = Fraction(0)
    available: list[float] = []
    worst_prices: list[float] = []
    count = (end - start) // SLICE
    for since in (start + index * SLICE for index in range(count)):
        there = standing(offered, since)
        met, cost, worst = walked(side, there, power)
        (piece,) = (p for p in told.pieces if p.start <= since < p.end)
        share = Fraction((piece.end - piece.start) // SLICE) * HOURS
        assert piece == QuotePiece(
            start=piece.start,
            end=piece.end,
            total=about(cost and cost * share),
            average_price=about(cost and cost * 1000 / Fraction(power)),
            worst_price=worst,
            met_power=about(met / 1000),
            available_power=about(sum(order.power for order in there)),
        )
        total = None if total is None or cost is None else total + cost * HOURS
        met_energy += Fraction(met, 1_000_000) * HOURS
        available.append(sum(order.power for order in there))
        worst_prices += [] if worst is None else [worst]
    energy = Fraction(power) / 1000 * count * HOURS
    choose = max if side is Side.BUY else min
    assert told == Quote(
        pieces=told.pieces,
        total=about(total),
        average_price=about(total and total / energy),
        worst_price=choose(worst_prices) if total is not None else None,
        met_energy=about(met_energy),
        available_power=about(min(available)),
    )


@given(sides, powers.filter(bool))
def test_like_the_first_run(asks: Orders, power: float) -> None:
    """Buying for an hour costs what running a load in it costs."""
    bought = quote(
        book(asks=asks), side=Side.BUY, power=power, start=START, end=START + HOUR
    )
    (run,) = run_costs(
        book(asks=asks),
        power=power,
        duration=HOUR,
        earliest=START,
        ready_by=START + HOUR,
    )
    assert bought.total == about(run.cost)


def test_by_hand() -> None:
    """Half an hour of two kilowatts for 0.1, then the second one costs 0.3."""
    asks = (order(0.1), order(0.1, 1000, 0, 6), order(0.3, 4000, 6, 12))
    told = quote(
        book(asks=asks), side=Side.BUY, power=2000, start=START, end=START + HOUR
    )
    assert [piece.total for piece in told.pieces] == pytest.approx([0.1, 0.2])
    assert [piece.worst_price for piece in told.pieces] == [0.1, 0.3]
    assert [piece.available_power for piece in told.pieces] == [2000, 5000]
    assert told.total == pytest.approx(0.3)
    assert told.average_price == pytest.approx(0.15)
    assert (told.worst_price, told.available_power) == (0.3, 2000)
    assert told.met_energy == pytest.approx(2)


def test_nobody_there() -> None:
    """An empty side meets nothing, and has no price."""
    told = quote(
        book(asks=(order(0.1),)),
        side=Side.SELL,
        power=1000,
        start=START,
        end=START + HOUR,
    )
    assert (told.total, told.average_price, told.worst_price) == (None, None, None)
    assert (told.met_energy, told.available_power, len(told.pieces)) == (0, 0, 1)
