"""Forward curves against a reckoning that looks at one quarter and one order at a time."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import (
    BookOrder,
    OrderBook,
    forward_curve,
    quarter_of,
)

ZURICH = ZoneInfo("Europe/Zurich")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)
NIGHT = datetime(2026, 11, 1, tzinfo=UTC)

type Window = tuple[datetime | None, datetime | None]
type Side = tuple[BookOrder, ...]

# The market sends times with an offset; Zurich's clocks have two.
zones = st.sampled_from(
    [UTC, *(timezone(timedelta(hours=hours)) for hours in (1, 2, -3.5))]
)
prices = st.sampled_from([-0.1, 0.0, 0.1]) | st.floats(-1000, 1000)
powers = st.integers(0, 10_000_000).map(lambda milliwatts: milliwatts / 1000)
shifts = st.sampled_from([0 * HOUR, -INSTANT, INSTANT]) | st.timedeltas(-HOUR, HOUR)
# About midnight in Zurich. Clocks change there on 29 March and 25 October, at 01:00 UTC.
starts = st.builds(
    lambda time, shift, zone: (datetime.fromisoformat(time) + shift).astimezone(zone),
    st.sampled_from(["2026-03-28T23Z", "2026-06-30T22Z", "2026-10-24T22Z"]),
    shifts,
    zones,
)


def order(window: Window, price: float, power: float, *zones: timezone) -> BookOrder:
    """Return an order, its beginning and its end told in a zone each."""
    begin, end = (
        time and time.astimezone(zone)
        for time, zone in zip(window, zones or (UTC, UTC), strict=True)
    )
    return BookOrder(price=price, power=power, delivery_start=begin, delivery_end=end)


@st.composite
def curves(draw: st.DrawFn) -> tuple[OrderBook, datetime, int]:
    """Draw a book, and a curve's start and length."""
    start = draw(starts)
    windows: list[Window] = []
    for _ in range(draw(st.integers(2, 6))):
        first, count = draw(st.integers(-8, 16)), draw(st.integers(-1, 16))
        begin = start + first * QUARTER + draw(shifts)
        end = start + (first + count) * QUARTER + draw(shifts)
        windows.append((begin, end))
    windows += [(begin, None), (None, end), (None, None), (begin, begin)]
    orders = st.builds(order, st.sampled_from(windows), prices, powers, zones, zones)
    sides = st.lists(orders, min_size=2, max_size=12).map(tuple)
    book = OrderBook(created_at=start, bids=draw(sides), asks=draw(sides))
    return book, start, draw(st.sampled_from([16, 4, 1, 0]))


def covering(side: Side, begin: datetime, end: datetime) -> list[BookOrder]:
    """Return the orders that deliver all the time from one moment to another."""
    return [
        order
        for order in side
        if order.delivery_start is not None
        and order.delivery_end is not None
        and order.delivery_start <= begin
        and order.delivery_end >= end
    ]


@given(curves())
def test_curve(drawn: tuple[OrderBook, datetime, int]) -> None:
    """Every point is what a plain reckoning finds for its quarter."""
    book, start, quarters = drawn
    curve = forward_curve(book, start, quarters)
    assert len(curve) == quarters
    begin = start.astimezone(UTC)
    for point in curve:
        end = begin + QUARTER
        assert (point.start, point.end) == (begin, end)
        bids = covering(book.bids, begin, end)
        asks = covering(book.asks, begin, end)
        assert point.best_bid == max((bid.price for bid in bids), default=None)
        assert point.best_ask == min((ask.price for ask in asks), default=None)
        assert point.bid_power == pytest.approx(sum(bid.power for bid in bids))
        assert point.ask_power == pytest.approx(sum(ask.power for ask in asks))
        begin = end


def test_empty() -> None:
    """A book with nothing in it has a curve all the same; one of no quarters has no points."""
    book = OrderBook(created_at=NIGHT, bids=(), asks=())
    (point,) = forward_curve(book, NIGHT, 1)
    assert (point.start, point.end) == (NIGHT, NIGHT + QUARTER)
    assert (point.best_bid, point.best_ask) == (None, None)
    assert (point.bid_power, point.ask_power) == (0, 0)
    assert forward_curve(book, NIGHT, 0) == ()


def test_best() -> None:
    """The highest bid and the lowest ask are the best, below zero too; power is summed."""
    hour, quarter = (NIGHT, NIGHT + HOUR), (NIGHT, NIGHT + QUARTER)
    bids = order(quarter, 0, 400), order(hour, -0.1, 100), order(hour, -0.2, 200)
    asks = order(hour, 0.2, 100), order(hour, 0.1, 200), order(quarter, -0.1, 400)
    book = OrderBook(created_at=NIGHT, bids=bids, asks=asks)
    first, second = forward_curve(book, NIGHT, 2)
    assert (first.best_bid, first.best_ask) == (0, -0.1)
    assert (second.best_bid, second.best_ask) == (-0.1, 0.1)
    assert (first.bid_power, first.ask_power) == (700, 700)
    assert (second.bid_power, second.ask_power) == (300, 300)


@pytest.mark.parametrize(
    ("begin", "end", "covered"),
    [
        (0 * MINUTE, HOUR, [0, 1, 2, 3]),
        (15 * MINUTE, 30 * MINUTE, [1]),
        (1 * MINUTE, 59 * MINUTE, [1, 2]),
        (INSTANT, HOUR, [1, 2, 3]),
        (0 * MINUTE, HOUR - INSTANT, [0, 1, 2]),
        (-INSTANT, HOUR + INSTANT, [0, 1, 2, 3]),
        (-90 * MINUTE, 20 * MINUTE, [0]),
        (40 * MINUTE, 90 * MINUTE, [3]),
        (20 * MINUTE, 40 * MINUTE, []),
        (-30 * MINUTE, 0 * MINUTE, []),
        (HOUR, 90 * MINUTE, []),
        (15 * MINUTE, 15 * MINUTE, []),
        (45 * MINUTE, 15 * MINUTE, []),
    ],
)
def test_edges(begin: timedelta, end: timedelta, covered: list[int]) -> None:
    """An order counts in those of the hour's quarters that it covers to the last instant."""
    rests = order((NIGHT + begin, NIGHT + end), 0.2, 500)
    curve = forward_curve(
        OrderBook(created_at=NIGHT, bids=(rests,), asks=(rests,)), NIGHT, 4
    )
    for index, point in enumerate(curve):
        price, power = (0.2, 500) if index in covered else (None, 0)
        assert (point.best_bid, point.bid_power) == (price, power)
        assert (point.best_ask, point.ask_power) == (price, power)


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (date(2026, 3, 28), 96),
        (date(2026, 3, 29), 92),
        (date(2026, 7, 1), 96),
        (date(2026, 10, 25), 100),
        (date(2026, 10, 26), 96),
    ],
)
@pytest.mark.parametrize("hours", [0, 1, 2])
def test_local_day(day: date, quarters: int, hours: int) -> None:
    """A day's curve has one point for each quarter that elapses, whatever clocks show."""
    midnight, following = (
        datetime(each.year, each.month, each.day, tzinfo=ZURICH).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    assert (following - midnight) / QUARTER == quarters
    lasting = order((midnight, following), 0.2, 500)
    book = OrderBook(created_at=midnight, bids=(), asks=(lasting,))
    start = midnight.astimezone(timezone(timedelta(hours=hours)))
    curve = forward_curve(book, start, quarters)
    begins = [point.start.astimezone(UTC) for point in curve]
    ends = [point.end.astimezone(UTC) for point in curve]
    assert begins == [midnight + index * QUARTER for index in range(quarters)]
    assert ends == [*begins[1:], following]
    assert len(set(begins)) == quarters
    assert {point.best_ask for point in curve} == {0.2}
    shown = Counter(begin.astimezone(ZURICH).time() for begin in begins)
    assert len(shown) == min(quarters, 96)
    twice = {time.hour for time, times in shown.items() if times > 1}
    assert twice == ({2} if quarters > 96 else set())


def test_hour_that_comes_twice() -> None:
    """What is offered for one of the two hours from two to three is not offered for the other."""
    first, second, third = (
        datetime.fromisoformat(f"2026-10-25T{time}")
        for time in ("02:00+02:00", "02:00+01:00", "03:00+01:00")
    )
    asks = (
        order((first, second), 0.3, 1000),
        order((second, third), 0.1, 2000),
    )
    curve = forward_curve(OrderBook(created_at=first, bids=(), asks=asks), first, 9)
    assert [point.best_ask for point in curve] == [0.3] * 4 + [0.1] * 4 + [None]
    assert [point.ask_power for point in curve] == [1000] * 4 + [2000] * 4 + [0]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), zones)
def test_quarter_of(clock: datetime, zone: timezone) -> None:
    """Its beginning is the last full quarter since 1970 began, and told in the time's own zone."""
    time = clock.replace(tzinfo=zone)
    begin = quarter_of(time)
    since = (time - datetime(1970, 1, 1, tzinfo=UTC)) // INSTANT
    assert (begin - datetime(1970, 1, 1, tzinfo=UTC)) // INSTANT == (
        since - since % (15 * 60 * 1_000_000)
    )
    assert begin.utcoffset() == time.utcoffset()
    assert quarter_of(begin) == begin


def test_quarter_of_edges() -> None:
    """A quarter of an hour begins with its first instant and ends before the next one's."""
    assert quarter_of(NIGHT) == NIGHT
    assert quarter_of(NIGHT + QUARTER - INSTANT) == NIGHT
    assert quarter_of(NIGHT + QUARTER) == NIGHT + QUARTER
    assert quarter_of(NIGHT - INSTANT) == NIGHT - QUARTER
