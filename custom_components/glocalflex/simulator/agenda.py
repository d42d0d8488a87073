"""What will happen: a queue ordered by simulated time, then by the order in which it was planned."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from time import perf_counter

type Happening = Callable[[], None]

SLICE = 0.008
"""Real seconds of work after which the event loop gets its turn."""

SLICE_HAPPENINGS = 500
"""The same for a clock that stands still, as it may in tests."""


class Agenda:
    """Happenings in time order. Its time moves only as they happen."""

    def __init__(self, start: datetime) -> None:
        """Start with nothing planned."""
        self.now = start
        self._heap: list[tuple[datetime, int, Happening]] = []
        self._sequence = 0

    @property
    def next_at(self) -> datetime | None:
        """When the next happening is due."""
        return self._heap[0][0] if self._heap else None

    def plan(self, when: datetime, happening: Happening) -> None:
        """Let something happen at a time; what is late happens next."""
        self._sequence += 1
        heappush(self._heap, (when, self._sequence, happening))

    def run(self, until: datetime, stop: Callable[[], bool] = lambda: False) -> bool:
        """Work for one slice; tell whether all that is due by then has happened, or `stop` said so."""
        deadline = perf_counter() + SLICE
        for _ in range(SLICE_HAPPENINGS):
            if stop():
                return True
            if not self._heap or self._heap[0][0] > until:
                self.now = max(self.now, until)
                return True
            when, _, happening = heappop(self._heap)
            self.now = max(self.now, when)
            happening()
            if perf_counter() > deadline:
                break
        return False
