"""A snapshot to the figures that matter."""

from datetime import UTC, datetime
from fractions import Fraction
from math import fsum

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import (
    BookOrder,
    OrderBook,
    price_for,
    summarise,
)

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)

orders = st.builds(
    BookOrder,
    price=st.floats(-1000, 1000),
    power=st.integers(0, 10_000_000).map(lambda milliwatts: milliwatts / 1000),
)
sides = st.lists(orders, max_size=12).map(tuple)
sizes = st.integers(1, 20_000_000).map(lambda milliwatts: milliwatts / 1000)


def book(
    bids: tuple[BookOrder, ...] = (), asks: tuple[BookOrder, ...] = ()
) -> OrderBook:
    """Return a snapshot."""
    return OrderBook(created_at=NOW, bids=bids, asks=asks)


def milliwatts(power: float) -> int:
    """Return a power that is exact to the milliwatt without its rounding."""
    return round(power * 1000)


def walked(side: list[BookOrder], size: float) -> float | None:
    """Take milliwatt by milliwatt, in exact numbers."""
    left = milliwatts(size)
    cost = Fraction(0)
    for order in side:
        taken = min(milliwatts(order.power), left)
        cost += taken * Fraction(order.price)
        left -= taken
    return None if left else float(cost / milliwatts(size))


@given(sides, sides, sizes)
def test_figures(
    bids: tuple[BookOrder, ...], asks: tuple[BookOrder, ...], size: float
) -> None:
    """All figures are those of a plain reckoning, and the book's own order is no matter."""
    figures = summarise(book(bids, asks), size)
    down = sorted(bids, key=lambda order: order.price, reverse=True)
    up = sorted(asks, key=lambda order: order.price)
    assert figures.created_at == NOW
    assert figures.best_bid == (down[0].price if down else None)
    assert figures.best_ask == (up[0].price if up else None)
    assert (figures.bid_orders, figures.ask_orders) == (len(bids), len(asks))
    assert figures.bid_power == fsum(order.power for order in bids)
    assert figures.ask_power == fsum(order.power for order in asks)
    if bids and asks:
        assert figures.spread == up[0].price - down[0].price
    else:
        assert figures.spread is None
    assert figures.buy_price == pytest.approx(walked(up, size), abs=1e-5)
    assert figures.sell_price == pytest.approx(walked(down, size), abs=1e-5)
    reverse = summarise(book(bids[::-1], asks[::-1]), size)
    assert reverse.spread == figures.spread
    assert reverse.buy_price == pytest.approx(figures.buy_price, abs=1e-5)
    assert reverse.sell_price == pytest.approx(figures.sell_price, abs=1e-5)


def test_crossed() -> None:
    """A negative spread is a fact: the documentation's example has bids at 100 above asks at 11."""
    figures = summarise(
        book((BookOrder(price=100, power=1),), (BookOrder(price=11, power=1),)), 1
    )
    assert (figures.best_bid, figures.best_ask, figures.spread) == (100, 11, -89)


def test_walk() -> None:
    """The price for a size is weighted by the power taken from each order."""
    asks = (BookOrder(price=0.2, power=1000), BookOrder(price=0.4, power=3000))
    assert price_for(asks, size=1000) == 0.2
    assert price_for(asks, size=2000) == pytest.approx(0.3)
    assert price_for(asks, size=4000) == pytest.approx(0.35)
    assert price_for(asks, size=4001) is None


@pytest.mark.parametrize("count", [3, 7, 10, 49])
def test_decimal_fractions(count: int) -> None:
    """A size that the book meets to the last is met, though 0.1 is no binary fraction."""
    asks = [BookOrder(price=0.5, power=0.1)] * count
    assert price_for(asks, size=count / 10) == pytest.approx(0.5, rel=1e-12)
    assert price_for(asks[:-1], size=count / 10) is None
