"""The best of a side against taking the best that is left, one by one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import BookOrder, Side, delivers_in, depth

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)

times = st.none() | st.integers(-4, 4).map(lambda index: START + index * QUARTER)
orders = st.builds(
    BookOrder,
    price=st.sampled_from([-0.1, 0.0, 0.1]) | st.floats(-10, 10),
    power=st.integers(0, 3_000_000).map(lambda milliwatts: milliwatts / 1000),
    delivery_start=times,
    delivery_end=times,
)
sides = st.lists(orders, max_size=12)


def milliwatts(order: BookOrder) -> int:
    """Return an order's power without its rounding."""
    return round(order.power * 1000)


def covers_part(order: BookOrder, start: datetime | None, end: datetime | None) -> bool:
    """Look for a moment of the delivery that lies in the period."""
    if start is None and end is None:
        return True
    if order.delivery_start is None or order.delivery_end is None:
        return False
    # All times lie on quarters of an hour: the midst of one tells of all of it.
    moments = (START + (index + 0.5) * QUARTER for index in range(-5, 5))
    return any(
        order.delivery_start < moment < order.delivery_end
        and (start is None or start < moment)
        and (end is None or moment < end)
        for moment in moments
    )


@given(
    sides,
    st.sampled_from(Side),
    times,
    times,
    st.none() | st.integers(1, 6_000_000).map(lambda milliwatts: milliwatts / 1000),
    st.integers(1, 13),
)
def test_depth(
    side: list[BookOrder],
    stands_on: Side,
    start: datetime | None,
    end: datetime | None,
    power: float | None,
    limit: int,
) -> None:
    """Orders are taken, best and oldest first, until the power is made up."""
    # A delivery that ends before it begins is none; such a period is refused earlier.
    side = [
        order
        for order in side
        if order.delivery_start is None
        or order.delivery_end is None
        or order.delivery_start < order.delivery_end
    ]
    if start is not None and end is not None and end <= start:
        start = None
    found = [order for order in side if covers_part(order, start, end)]
    left = None if power is None else round(power * 1000)
    expected: list[BookOrder] = []
    rest = list(found)
    while rest and (left is None or left > 0):
        choose = min if stands_on is Side.SELL else max
        best = choose(rest, key=lambda order: order.price)
        del rest[next(index for index, order in enumerate(rest) if order is best)]
        expected.append(best)
        left = None if left is None else left - milliwatts(best)
    told = depth(side, stands_on, start=start, end=end, power=power, limit=limit)
    assert [id(order) for order in told.orders] == [
        id(order) for order in expected[:limit]
    ]
    assert told.is_cut is (len(expected) > limit)
    assert told.total_orders == len(found)
    assert told.total_power == pytest.approx(sum(map(milliwatts, found)) / 1000)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, True),
        (START, START + QUARTER, True),
        (START + INSTANT, None, True),
        (START + QUARTER - INSTANT, None, True),
        (START + QUARTER, None, False),
        (None, START, False),
        (None, START + INSTANT, True),
        (START - QUARTER, START, False),
        (START + INSTANT, START + 2 * INSTANT, True),
    ],
)
def test_edges(start: datetime | None, end: datetime | None, expected: bool) -> None:
    """A delivery that only touches a period lies outside."""
    order = BookOrder(
        price=1, power=1, delivery_start=START, delivery_end=START + QUARTER
    )
    assert delivers_in(order, start, end) is expected


def test_decimal_fractions() -> None:
    """A power that is made up to the last needs no order more, though 0.1 is no binary fraction."""
    side = [BookOrder(price=0.5, power=0.1) for _ in range(10)]
    assert len(depth(side, Side.SELL, power=0.7, limit=10).orders) == 7
