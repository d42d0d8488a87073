"""Keeps up with snapshots by handling only the newest."""

import asyncio
from collections.abc import Callable

from .messages import Frame


class Conflator:
    """Handles the newest of the snapshots put in, at most once an interval.

    A snapshot that arrives while another waits takes its place, undecoded. Any
    other frame is handled at once.
    """

    def __init__(
        self,
        handle: Callable[[Frame], object],
        interval: float,
        is_snapshot: Callable[[Frame], bool],
    ) -> None:
        """`interval` is in seconds."""
        self._handle = handle
        self._is_snapshot = is_snapshot
        self._interval = interval
        self._frame: Frame | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self.replaced = 0
        """Snapshots that another one took the place of."""

    def put(self, frame: Frame) -> None:
        """Take a frame to handle, now or as soon as the interval is over."""
        if not self._is_snapshot(frame):
            self._handle(frame)
            return
        if self._frame is not None:
            self.replaced += 1
        self._frame = frame
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._next_at, loop.time()), self._due)

    def clear(self) -> None:
        """Forget the snapshot that waits."""
        self._frame = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        """Handle the snapshot that waits."""
        frame, self._frame, self._timer = self._frame, None, None
        assert frame is not None
        self._next_at = asyncio.get_running_loop().time() + self._interval
        self._handle(frame)
