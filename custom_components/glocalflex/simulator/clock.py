"""Simulated time, paced by real time."""

from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """A clock that runs `speed` times as fast as real time, and stands still until it is started."""

    def __init__(
        self, start: datetime, speed: float, monotonic: Callable[[], float]
    ) -> None:
        """Show a simulated time; `monotonic` tells real seconds."""
        self._shown = start
        self._speed = speed
        self._monotonic = monotonic
        self._since: float | None = None

    def run(self) -> None:
        """Let the clock run."""
        if self._since is None:
            self._since = self._monotonic()

    def hold(self) -> None:
        """Let the clock stand still."""
        self._shown = self.now()
        self._since = None

    def now(self) -> datetime:
        """Tell the simulated time."""
        if self._since is None:
            return self._shown
        return self._shown + timedelta(
            seconds=(self._monotonic() - self._since) * self._speed
        )

    def put_forward(self, time: datetime) -> None:
        """Show this time from now on, unless it is past already."""
        self._shown += max(time - self.now(), timedelta())

    def lose(self, seconds: float) -> None:
        """Forget so many real seconds: time that the market needed to catch up."""
        if self._since is not None:
            self._since = min(self._since + seconds, self._monotonic())

    def seconds_until(self, time: datetime | None) -> float | None:
        """Tell the real seconds until a simulated time; None where it does not come by itself."""
        if time is None or not self._speed or self._since is None:
            return None
        return (time - self.now()).total_seconds() / self._speed
