"""Tests of what makes a price signal on, with a clock of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
from msgspec import structs
import pytest

from custom_components.glocalflex.signal_state import (
    Direction,
    Memory,
    Quote,
    SignalPrice,
    SignalRule,
    SignalState,
)

NOON = datetime(2026, 5, 5, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Resting:
    """An order, or a trade."""

    price: float
    power: float | None = 1000.0


def quote(*offers: float | Resting, best: float | None = None) -> Quote:
    """Return what is known of a price; the first is the best, if no other is."""
    orders = [
        offer if isinstance(offer, Resting) else Resting(offer) for offer in offers
    ]
    if best is None and orders:
        best = orders[0].price
    return Quote(best, orders)


def rule(limit: float = 0.5, direction: str = "below", **changes: Any) -> SignalRule:
    """Return a rule for asks, with some of it changed."""
    return SignalRule(
        price=SignalPrice.BEST_ASK,
        direction=Direction(direction),
        limit=limit,
        **changes,
    )


def followed(state: SignalState, *steps: tuple[int, Quote | None]) -> list[bool | None]:
    """Return what a signal is at so many minutes each."""
    found = []
    for minute, known in steps:
        state.update(known, NOON + minute * MINUTE)
        found.append(state.is_on)
    return found


def due(state: SignalState) -> float | None:
    """Return at which minute a least time is over."""
    return None if state.due is None else (state.due - NOON) / MINUTE


@pytest.mark.parametrize("limit", [0.5, 0.0, -0.25])
@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("direction", ["below", "above"])
def test_sides(limit: float, shift: float, direction: str) -> None:
    """On is strictly on the good side of the limit, of any sign."""
    state = SignalState(rule=rule(limit, direction))
    expected = shift < 0 if direction == "below" else shift > 0
    assert followed(state, (0, quote(limit + shift))) == [expected]
    assert state.price == limit + shift
    assert state.power == (1000.0 if expected else 0.0)


def test_unknown() -> None:
    """Without data it is neither on nor off, and nothing is due."""
    state = SignalState(rule=rule())
    assert followed(state, (0, None)) == [None]
    assert (state.price, state.power, state.memory) == (None, None, None)
    assert followed(state, (1, quote(0.4)), (2, None)) == [True, None]
    assert (state.price, state.power, state.due) == (None, None, None)


@pytest.mark.parametrize(
    ("direction", "sign"), [("below", 1), ("above", -1)], ids=["below", "above"]
)
@pytest.mark.parametrize("limit", [0.1, 0.0, -0.3])
def test_hysteresis(direction: str, sign: int, limit: float) -> None:
    """It goes on past the limit, and off at the hysteresis past it, to the last digit."""
    state = SignalState(rule=rule(limit, direction, hysteresis=0.2))
    prices = [limit + sign * shift for shift in (0.1, -0.1, 0.1, 0.19, 0.2, 0.1, -0.01)]
    prices = [round(price, 6) for price in prices]
    steps = [(minute, quote(price)) for minute, price in enumerate(prices)]
    assert followed(state, *steps) == [False, True, True, True, False, False, True]


def test_an_empty_book() -> None:
    """Where there is no price the signal is off, at once, whatever its least time."""
    state = SignalState(rule=rule(least_on=10 * MINUTE, least_off=5 * MINUTE))
    steps = (
        (0, quote(0.4)),
        (1, quote()),
        (2, quote(0.4)),
        (6, quote(0.4)),
    )
    assert followed(state, *steps) == [True, False, False, True]
    state = SignalState(rule=rule(-5, "above"))
    assert followed(state, (0, quote())) == [False]


@pytest.mark.parametrize(
    ("direction", "offers", "power"),
    [
        ("below", [0.4, 0.45, 0.5, 0.6], 2000.0),
        ("below", [0.4, Resting(0.45, 499.5), Resting(0.46, None)], 1499.5),
        ("above", [0.6, 0.7, 0.5], 2000.0),
    ],
)
def test_power_behind(
    direction: str, offers: list[float | Resting], power: float
) -> None:
    """What counts is the power on the good side of the limit, just enough included."""
    for least, expected in ((power, True), (power + 0.5, False)):
        state = SignalState(rule=rule(direction=direction, least_power=least))
        assert followed(state, (0, quote(*offers))) == [expected]
        assert state.power == power


def test_power_behind_while_on() -> None:
    """A signal that is on counts what lies within its hysteresis too."""
    state = SignalState(rule=rule(hysteresis=0.1, least_power=1500))
    book = quote(0.4, 0.55)
    assert followed(state, (0, book)) == [False]
    assert state.power == 1000.0
    assert followed(state, (1, quote(0.4, 0.45)), (2, book)) == [True, True]
    assert state.power == 2000.0
    assert followed(state, (3, quote(0.4, 0.6))) == [False]


def test_a_trade_without_power() -> None:
    """It is good for a signal that asks for none, and for no other."""
    trade = quote(Resting(0.4, None))
    assert followed(SignalState(rule=rule()), (0, trade)) == [True]
    assert followed(SignalState(rule=rule(least_power=1)), (0, trade)) == [False]


def test_least_times() -> None:
    """It stays as it is until they are over, to the minute, and says when that is."""
    state = SignalState(rule=rule(least_on=10 * MINUTE, least_off=5 * MINUTE))
    assert followed(state, (0, quote(0.6)), (1, quote(0.4))) == [False, False]
    assert due(state) == 5
    assert followed(state, (5, quote(0.4))) == [True]
    assert due(state) is None
    assert followed(state, (6, quote(0.6)), (14, quote(0.6))) == [True, True]
    assert due(state) == 15
    # The price is good again: there is nothing to do then.
    assert followed(state, (14, quote(0.4)), (15, quote(0.4))) == [True, True]
    assert due(state) is None
    assert followed(state, (16, quote(0.6))) == [False]
    assert state.memory == Memory(on=False, since=NOON + 16 * MINUTE)


def test_least_times_outlive_a_loss_of_data() -> None:
    """A least time shows nothing without data, and holds when they are back."""
    state = SignalState(rule=rule(least_on=10 * MINUTE, least_off=10 * MINUTE))
    steps: Iterable[tuple[int, Quote | None]] = (
        (0, quote(0.4)),
        (1, None),
        (2, quote(0.6)),
        (10, quote(0.6)),
        (11, None),
        (12, quote(0.4)),
        (20, quote(0.4)),
    )
    assert followed(state, *steps) == [True, None, True, False, None, False, True]
    # The next run of Home Assistant knows what this one knew.
    state = SignalState(rule=state.rule, memory=state.memory)
    assert followed(state, (21, quote(0.6))) == [True]
    assert due(state) == 30


def test_clock_set_back() -> None:
    """A time that has not come yet keeps a signal for one least time at most."""
    state = SignalState(
        rule=rule(least_off=10 * MINUTE),
        memory=Memory(on=False, since=NOON + timedelta(days=9)),
    )
    assert followed(state, (0, quote(0.4)), (9, quote(0.4))) == [False, False]
    assert followed(state, (10, quote(0.4))) == [True]


minutes = st.integers(0, 20).map(lambda minute: minute * MINUTE)
prices = st.integers(-20, 20).map(lambda price: price / 10)
resting = st.builds(
    Resting, price=prices, power=st.none() | st.sampled_from([0.0, 500.0, 1500.0])
)
rules = st.builds(
    SignalRule,
    price=st.sampled_from(SignalPrice),
    direction=st.sampled_from(Direction),
    limit=prices,
    hysteresis=st.sampled_from([0.0, 0.1, 0.3]),
    least_on=minutes,
    least_off=minutes,
    least_power=st.sampled_from([0.0, 500.0, 2000.0]),
)
books = st.lists(resting, max_size=4)
steps_taken = st.lists(st.tuples(minutes, st.none() | books), max_size=30)


def best_of(asked: SignalRule, offers: list[Resting]) -> float | None:
    """Return the best price: of bids the highest, of others the lowest."""
    best = max if asked.price is SignalPrice.BEST_BID else min
    return best((offer.price for offer in offers), default=None)


@given(rules, steps_taken)
def test_always(
    asked: SignalRule, taken: list[tuple[timedelta, list[Resting] | None]]
) -> None:
    """It is never on without a price, never switches early, and then only past its edges."""
    state = SignalState(rule=asked)
    now = NOON
    before: bool | None = None
    switched: datetime | None = None
    sign = 1 if asked.direction is Direction.BELOW else -1

    def reaches(offers: list[Resting], price: float | None, reach: float) -> bool:
        """Tell whether there is enough within reach of the limit, in tenths."""

        def is_within(value: float) -> bool:
            return round(10 * sign * (value - asked.limit)) < round(10 * reach)

        power = sum(offer.power or 0 for offer in offers if is_within(offer.price))
        return price is not None and is_within(price) and power >= asked.least_power

    for wait, offers in taken:
        now += wait
        if offers is None:
            state.update(None, now)
            assert state.is_on is None
            assert state.due is None
            continue
        price = best_of(asked, offers)
        state.update(Quote(price, offers), now)
        assert state.is_on is not None
        assert not (state.is_on and price is None)
        good = reaches(offers, price, asked.hysteresis if before else 0.0)
        if before is None or before is not state.is_on:
            # It switches to what the price says, and not before its time.
            assert state.is_on is good
            if before is not None and switched is not None and price is not None:
                least = asked.least_on if before else asked.least_off
                assert now - switched >= least
            before, switched = state.is_on, now
        elif good is not before:
            # It does not, for as long as a least time keeps it.
            assert switched is not None
            least = asked.least_on if before else asked.least_off
            assert state.due == switched + least
            assert state.due > now
            assert price is not None or not before
        assert state.memory is not None
        assert (state.memory.on, state.memory.since) == (before, switched)


@given(rules, prices, st.sampled_from([0.1, 0.2, -0.2]))
def test_hovering(asked: SignalRule, first: float, shift: float) -> None:
    """A price that hovers within the hysteresis switches once at most."""
    state = SignalState(rule=structs.replace(asked, hysteresis=0.3))
    shown = []
    for minute in range(100):
        offer = Resting(first + shift * (minute % 2), 2000)
        state.update(Quote(offer.price, [offer]), NOON + minute * MINUTE)
        shown.append(state.is_on)
    assert sum(before is not after for before, after in pairwise(shown)) <= 1
