"""Simulated time."""

from datetime import UTC, datetime, timedelta

from custom_components.glocalflex.simulator.clock import Clock

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def seconds(clock: Clock) -> float:
    """Tell the seconds after noon."""
    return (clock.now() - NOON).total_seconds()


def test_runs_and_holds() -> None:
    """It runs at its speed while it is let, from where it was held."""
    real = [100.0]
    clock = Clock(NOON, 60, lambda: real[0])
    assert clock.seconds_until(NOON) is None
    real[0] += 5
    assert seconds(clock) == 0
    clock.run()
    real[0] += 1
    clock.run()
    assert seconds(clock) == 60
    assert clock.seconds_until(NOON + timedelta(seconds=90)) == 0.5
    assert clock.seconds_until(None) is None
    clock.hold()
    real[0] += 5
    assert seconds(clock) == 60
    clock.run()
    real[0] += 1
    assert seconds(clock) == 120


def test_is_put_forward_never_back() -> None:
    """It shows a later time at once, an earlier one not at all."""
    clock = Clock(NOON, 1, lambda: 0.0)
    clock.put_forward(NOON + timedelta(hours=1))
    clock.put_forward(NOON)
    assert seconds(clock) == 3600


def test_loses_time() -> None:
    """Real time that is forgotten does not count, and it never runs back."""
    real = [0.0]
    clock = Clock(NOON, 10, lambda: real[0])
    clock.lose(1)
    clock.run()
    real[0] = 3
    clock.lose(2)
    assert seconds(clock) == 10
    clock.lose(5)
    assert seconds(clock) == 0


def test_stands_still_at_speed_zero() -> None:
    """Without speed nothing comes by itself."""
    real = [0.0]
    clock = Clock(NOON, 0, lambda: real[0])
    clock.run()
    real[0] = 1000
    assert seconds(clock) == 0
    assert clock.seconds_until(NOON) is None
