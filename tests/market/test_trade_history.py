"""The history of trades against a plain list of all that was told."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import (
    LONGEST_HISTORY,
    Trade,
    TradeHistory,
    average_prices,
    newest_first,
    trade_history,
)

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


def trade(closed_at: datetime, price: float = 0.5, energy: float | None = 1.0) -> Trade:
    """Return a trade."""
    return Trade(created_at=closed_at, closed_at=closed_at, price=price, energy=energy)


# Hours since the one before, and how many minutes ago it closed; None is a break of the stream.
steps = st.none() | st.tuples(st.floats(0, 6), st.integers(-2, 90))


@given(st.lists(steps, max_size=30))
def test_complete(told: list[tuple[float, int] | None]) -> None:
    """What closed after the time it is complete since is there, each trade once and no other."""
    now = START
    every: list[Trade] = []
    with patch.object(trade_history, "MOST_TRADES", 4):
        history = TradeHistory()
        assert history.complete_since(now) is None
        history.follow(now)
        followed = now
        for step in told:
            if step is None:
                history.follow(None)
                assert history.complete_since(now) is None
                now += HOUR
                # It was told to others meanwhile.
                every.append(trade(now - HOUR / 2))
                history.follow(now)
                followed = now
                continue
            hours, minutes = step
            now += hours * HOUR
            every.append(one := trade(now - minutes * MINUTE))
            history.add(one, now)
            assert len(history.since(START - 9 * HOUR)) <= 4
            since = history.complete_since(now)
            assert since is not None
            assert since >= max(followed, now - LONGEST_HISTORY)
            kept = [id(one) for one in history.since(since)]
            # What closed, by the market's clock, when it was not followed is no trade of then.
            wanted = [id(one) for one in every if one.closed_at > since]
            assert [one for one in kept if one in wanted] == wanted
            assert {*kept} <= {id(one) for one in every if one.closed_at >= since}


def test_bounded() -> None:
    """A busy market does not fill the memory, and it is known what was let go."""
    history = TradeHistory()
    history.follow(START)
    for second in range(5001):
        now = START + second * timedelta(seconds=1)
        history.add(trade(now), now)
    assert len(history.since(START)) == 5000
    assert history.complete_since(now) == START
    history.add(trade(now), now)
    assert history.complete_since(now) == START + timedelta(seconds=1)


def test_old_ones_go() -> None:
    """A trade is let go when another comes a day later."""
    history = TradeHistory()
    history.follow(START)
    history.add(trade(START), START)
    day_later = START + LONGEST_HISTORY
    history.add(trade(day_later), day_later)
    assert len(history.since(START)) == 2
    history.add(trade(day_later), day_later + MINUTE)
    assert len(history.since(START)) == 2
    assert history.complete_since(day_later + MINUTE) == START + MINUTE


def test_newest_first() -> None:
    """By when they closed; of those at one time the last word first."""
    one, two, three = trade(START, 1), trade(START + HOUR, 2), trade(START, 3)
    assert [t.price for t in newest_first([one, two, three])] == [2, 3, 1]


@given(
    st.lists(
        st.builds(
            trade,
            st.timedeltas(-2 * HOUR, 2 * HOUR).map(lambda shift: START + shift),
            st.floats(-10, 10),
            st.none() | st.sampled_from([0.0, 0.25, 1.5]) | st.floats(0.001, 100),
        ),
        max_size=20,
    )
)
def test_average_prices(trades: list[Trade]) -> None:
    """Each quarter in which energy was traded has its average, the others have none."""
    turnovers: defaultdict[datetime, Fraction] = defaultdict(Fraction)
    energies: defaultdict[datetime, Fraction] = defaultdict(Fraction)
    for one in trades:
        minutes = (one.closed_at - START) // QUARTER * 15
        quarter = START + minutes * MINUTE
        energy = Fraction(one.energy or 0)
        turnovers[quarter] += energy * Fraction(one.price)
        energies[quarter] += energy
    told = {price.start: price.value for price in average_prices(trades)}
    assert told == pytest.approx(
        {
            quarter: float(turnovers[quarter] / energies[quarter])
            for quarter in energies
            if energies[quarter]
        },
        abs=1e-9,
    )
    assert [*told] == sorted(told)
    assert all(price.end - price.start == QUARTER for price in average_prices(trades))
