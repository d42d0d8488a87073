"""Snapshots that come faster than they are wanted."""

import asyncio
from collections.abc import Iterator

import pytest

from custom_components.glocalflex.market.conflator import Conflator
from custom_components.glocalflex.market.messages import Frame

INTERVAL = 1.0


class Clock:
    """The loop's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the running loop's clock."""
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._ahead = 0.0
        monkeypatch.setattr(self._loop, "time", lambda: self._time() + self._ahead)

    async def advance(self, seconds: float) -> None:
        """Let what is due by then happen."""
        self._ahead += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that moves by hand."""
    return Clock(monkeypatch)


@pytest.fixture
def handled() -> list[Frame]:
    """Return what has been handled."""
    return []


@pytest.fixture
async def conflator(handled: list[Frame]) -> Iterator[Conflator]:  # type: ignore[misc]
    """Return a conflator that takes frames which begin with "book" for snapshots."""
    conflator = Conflator(
        handled.append, INTERVAL, lambda frame: str(frame).startswith("book")
    )
    yield conflator
    conflator.clear()


async def test_first_at_once(
    clock: Clock, conflator: Conflator, handled: list[Frame]
) -> None:
    """The first snapshot waits for nothing."""
    conflator.put("book 1")
    await clock.advance(0)
    assert handled == ["book 1"]


async def test_newest_once_an_interval(
    clock: Clock, conflator: Conflator, handled: list[Frame]
) -> None:
    """Of those that come meanwhile only the newest is handled, when the interval is over."""
    conflator.put("book 1")
    await clock.advance(0)
    for number in (2, 3, 4):
        conflator.put(f"book {number}")
        await clock.advance(INTERVAL / 5)
    assert handled == ["book 1"]
    assert conflator.replaced == 2
    await clock.advance(INTERVAL / 2)
    assert handled == ["book 1", "book 4"]
    await clock.advance(INTERVAL * 2)
    assert handled == ["book 1", "book 4"]
    conflator.put("book 5")
    await clock.advance(0)
    assert handled[-1] == "book 5"
    assert conflator.replaced == 2


async def test_before_the_loop_turns(
    clock: Clock, conflator: Conflator, handled: list[Frame]
) -> None:
    """Frames that were read at once are replaced before one of them is handled."""
    conflator.put("book 1")
    conflator.put("book 2")
    assert handled == []
    await clock.advance(0)
    assert handled == ["book 2"]


async def test_other_frames(
    clock: Clock, conflator: Conflator, handled: list[Frame]
) -> None:
    """What is no snapshot is handled at once and takes no snapshot's place."""
    conflator.put("book 1")
    await clock.advance(0)
    conflator.put("book 2")
    conflator.put("control")
    assert handled == ["book 1", "control"]
    assert conflator.replaced == 0
    await clock.advance(INTERVAL * 1.1)
    assert handled == ["book 1", "control", "book 2"]


async def test_clear(clock: Clock, conflator: Conflator, handled: list[Frame]) -> None:
    """A connection's end forgets what waits, but not the pace."""
    conflator.put("book 1")
    await clock.advance(0)
    conflator.put("book 2")
    conflator.clear()
    await clock.advance(INTERVAL / 2)
    conflator.put("book 3")
    await clock.advance(0)
    assert handled == ["book 1"]
    await clock.advance(INTERVAL)
    assert handled == ["book 1", "book 3"]
    assert conflator.replaced == 0
