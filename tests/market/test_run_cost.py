"""Costs of runs against a reckoning in exact numbers, one run and one slice of time at a time."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import BookOrder, OrderBook, RunCost, run_costs

ZURICH = ZoneInfo("Europe/Zurich")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)
NIGHT = datetime(2026, 11, 1, tzinfo=UTC)

type Window = tuple[datetime | None, datetime | None]
type Side = tuple[BookOrder, ...]


class Load(NamedTuple):
    """What is to run."""

    power: float = 1000
    duration: timedelta = HOUR
    earliest: datetime = NIGHT
    ready_by: datetime = NIGHT + 2 * HOUR


# The market sends times with an offset; Zurich's clocks have two.
zones = st.sampled_from(
    [UTC, *(timezone(timedelta(hours=hours)) for hours in (1, 2, -3.5))]
)
prices = st.sampled_from([-0.1, 0.0, 0.1, 0.25]) | st.floats(-10, 10)
powers = st.sampled_from([500.0, 1000.0, 2000.0]) | st.integers(1, 3_000_000).map(
    lambda milliwatts: milliwatts / 1000
)
shifts = st.sampled_from([0 * HOUR, -INSTANT, INSTANT]) | st.timedeltas(-HOUR, HOUR)
durations = st.sampled_from([QUARTER, HOUR]) | st.timedeltas(INSTANT, 4 * HOUR)
# About midnight in Zurich. Clocks change there on 29 March and 25 October, at 01:00 UTC.
starts = st.builds(
    lambda time, shift, zone: (datetime.fromisoformat(time) + shift).astimezone(zone),
    st.sampled_from(["2026-03-28T23Z", "2026-06-30T22Z", "2026-10-24T22Z"]),
    shifts,
    zones,
)


def order(
    window: Window, price: float, power: float = 1000, *zones: timezone
) -> BookOrder:
    """Return an order, its beginning and its end told in a zone each."""
    begin, end = (
        time and time.astimezone(zone)
        for time, zone in zip(window, zones or (UTC, UTC), strict=True)
    )
    return BookOrder(price=price, power=power, delivery_start=begin, delivery_end=end)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Side, Side, Load]:
    """Draw bids, asks and a load."""
    earliest = draw(starts)
    windows: list[Window] = []
    for _ in range(draw(st.integers(2, 6))):
        first, count = draw(st.integers(-8, 16)), draw(st.integers(-1, 16))
        begin = earliest + first * QUARTER + draw(shifts)
        end = earliest + (first + count) * QUARTER + draw(shifts)
        windows.append((begin, end))
    windows += [(begin, None), (None, end), (None, None), (begin, begin)]
    sizes = st.just(0.0) | powers
    orders = st.builds(order, st.sampled_from(windows), prices, sizes, zones, zones)
    sides = st.lists(orders, min_size=2, max_size=12).map(tuple)
    bids, asks = draw(sides), draw(sides)
    if draw(st.booleans()):  # Else hardly any run has a cost.
        asks += (order((NIGHT - 300 * DAY, NIGHT), draw(prices), 5000),)
    duration = draw(durations)
    ready_by = earliest + duration + draw(st.integers(-1, 12)) * QUARTER + draw(shifts)
    load = Load(draw(powers), duration, earliest, ready_by.astimezone(draw(zones)))
    return bids, asks, load


def runs_of(load: Load, asks: Side, bids: Side = ()) -> list[RunCost]:
    """Return what is tried."""
    book = OrderBook(created_at=NIGHT, bids=bids, asks=asks)
    return run_costs(book, **load._asdict())


def exact_cost(
    asks: Side, power: float, begin: datetime, end: datetime
) -> Fraction | None:
    """Buy in whole milliwatts, in every slice of time in which the asks are the same."""
    windows = [
        (ask.delivery_start, ask.delivery_end, ask)
        for ask in asks
        if ask.delivery_start is not None and ask.delivery_end is not None
    ]
    edges = {edge for *window, _ in windows for edge in window if begin < edge < end}
    cost = Fraction(0)
    for since, until in pairwise(sorted({begin, end, *edges})):
        hours = Fraction((until - since) // INSTANT, HOUR // INSTANT)
        left = round(power * 1000)
        there = [ask for first, last, ask in windows if first <= since < until <= last]
        for ask in sorted(there, key=lambda ask: ask.price):
            taken = min(left, round(ask.power * 1000))
            cost += Fraction(taken, 1_000_000) * Fraction(ask.price) * hours
            left -= taken
        if left:
            return None
    return cost


@given(cases())
def test_runs(case: tuple[Side, Side, Load]) -> None:
    """Runs, costs and savings are those of a plain reckoning, in which no bid comes into it."""
    bids, asks, load = case
    begin = load.earliest.astimezone(UTC)
    first = exact_cost(asks, load.power, begin, begin + load.duration)
    for run in runs_of(load, asks, bids):
        end = begin + load.duration
        assert end <= load.ready_by
        assert (run.start, run.end) == (begin, end)
        cost = exact_cost(asks, load.power, begin, end)
        saving = None if first is None or cost is None else first - cost
        for told, exact in ((run.cost, cost), (run.saving, saving)):
            number = None if exact is None else float(exact)
            assert told == pytest.approx(number, rel=1e-6, abs=1e-9)
        begin += QUARTER
    assert begin + load.duration > load.ready_by


def costs(load: Load, *asks: BookOrder) -> list[float | None]:
    """Return the costs to the millionth of a cent."""
    return [run.cost and round(run.cost, 8) for run in runs_of(load, asks)]


def test_later_is_cheaper() -> None:
    """A run that lies in two hours pays for its part in each."""
    asks = (
        order((NIGHT, NIGHT + HOUR), 0.30),
        order((NIGHT + HOUR, NIGHT + 2 * HOUR), 0.10),
    )
    runs = runs_of(Load(), asks)
    assert [run.cost for run in runs] == pytest.approx([0.30, 0.25, 0.20, 0.15, 0.10])
    assert [run.saving for run in runs] == pytest.approx([0, 0.05, 0.10, 0.15, 0.20])
    assert [run.start - NIGHT for run in runs] == [n * QUARTER for n in range(5)]
    assert {run.end - run.start for run in runs} == {HOUR}
    assert {run.cost for run in runs_of(Load(), (), bids=asks)} == {None}


def test_thin_offer() -> None:
    """A thin offer does not look like a deep one: the rest is bought at the next price."""
    always = order((NIGHT, NIGHT + 2 * HOUR), 0.40, 5000)
    thin = order((NIGHT + HOUR, NIGHT + 2 * HOUR), 0.10, 500)
    deep = order((NIGHT + HOUR, NIGHT + 2 * HOUR), 0.10, 2000)
    assert costs(Load(2000), always, thin)[::4] == [0.80, 0.65]
    assert costs(Load(2000), always, deep)[::4] == [0.80, 0.20]
    assert costs(Load(500), always, thin)[::4] == [0.20, 0.05]
    assert costs(Load(2000), thin)[::4] == [None, None]


def test_paid_to_run() -> None:
    """Below a price of zero the load earns; what it would have paid else is saved too."""
    asks = (
        order((NIGHT, NIGHT + 2 * HOUR), 0.20, 5000),
        order((NIGHT + HOUR, NIGHT + 2 * HOUR), -0.05),
    )
    first, *_, last = runs_of(Load(), asks)
    assert (first.cost, last.cost) == pytest.approx((0.20, -0.05))
    assert (first.saving, last.saving) == pytest.approx((0, 0.25))
    assert costs(Load(2000), *asks)[::4] == [0.40, 0.15]
    *_, last = runs_of(Load(), (asks[0], order((NIGHT + HOUR, NIGHT + 2 * HOUR), 0)))
    assert (last.cost, last.saving) == pytest.approx((0, 0.20))


def test_too_little() -> None:
    """A run has neither cost nor saving where, for an instant, too little is offered."""
    late = order((NIGHT + INSTANT, NIGHT + 2 * HOUR), 0.20)
    first, *others = runs_of(Load(), (late,))
    assert (first.cost, first.saving) == (None, None)
    assert [run.cost for run in others] == pytest.approx([0.20] * 4)
    assert {run.saving for run in others} == {None}
    early = order((NIGHT, NIGHT + 2 * HOUR - INSTANT), 0.20)
    *others, last = runs_of(Load(), (early,))
    assert (last.cost, last.saving) == (None, None)
    assert [run.saving for run in others] == pytest.approx([0] * 4)
    assert costs(Load()) == [None] * 5


def test_adjoining_and_overlapping() -> None:
    """Orders that adjoin serve a run as one would; those that overlap serve it together."""
    middle, end = NIGHT + HOUR, NIGHT + 2 * HOUR
    one, other = order((NIGHT, middle), 0.20), order((middle, end), 0.20)
    both_hours = Load(duration=2 * HOUR)
    assert costs(both_hours, one, other) == [0.40]
    assert costs(both_hours, one, order((middle + INSTANT, end), 0.20)) == [None]
    assert costs(Load(2000), one, other) == [None] * 5
    assert costs(Load(2000), one, one)[0] == 0.40
    # What ends in the middle is gone then, all of it and nothing else.
    assert costs(Load(), one, one)[::4] == [0.20, None]
    assert costs(Load(), order((NIGHT, end), 0.20, 500), one)[::4] == [0.20, None]
    assert costs(Load(500), order((NIGHT, end), 0.10, 500), one)[::4] == [0.05, 0.05]
    # Half an hour into the first run the cheap one ends, and is not bought beyond.
    cheap = order((NIGHT - HOUR, NIGHT + 2 * QUARTER), 0.10)
    assert costs(Load(), one, cheap)[0] == 0.15


@pytest.mark.parametrize("duration", [QUARTER, HOUR, timedelta(minutes=37, seconds=13)])
@pytest.mark.parametrize(
    ("spare", "count"),
    [
        (-DAY, 0),
        (-INSTANT, 0),
        (0 * HOUR, 1),
        (QUARTER - INSTANT, 1),
        (QUARTER, 2),
        (DAY, 97),
    ],
)
def test_ready_by(spare: timedelta, count: int, duration: timedelta) -> None:
    """The last run may end at the very moment at which it must."""
    load = Load(duration=duration, ready_by=NIGHT + duration + spare)
    assert costs(load) == [None] * count


@pytest.mark.parametrize(
    ("month", "day", "count"), [(3, 29, 17), (7, 1, 21), (10, 25, 25)]
)
def test_night_of_clock_change(month: int, day: int, count: int) -> None:
    """From midnight to six it is five, six or seven hours, and an hour's run lasts one."""
    midnight, six = (
        datetime(2026, month, day, hour, tzinfo=ZURICH).astimezone(UTC)
        for hour in (0, 6)
    )
    load = Load(earliest=midnight, ready_by=six)
    assert costs(load, order((midnight, six), 0.20)) == [0.20] * count
