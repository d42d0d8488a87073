"""Tests of how often listeners are called."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.glocalflex import notifier as module
from custom_components.glocalflex.notifier import Notifier
from homeassistant.core import HomeAssistant


async def settle() -> None:
    """Let the loop call what is due."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
def calls() -> list[str]:
    """Return who was called."""
    return []


@pytest.fixture
def notifier(hass: HomeAssistant) -> Notifier:
    """Return a notifier."""
    return Notifier(hass)


@pytest.fixture
def interval(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Let the loop's clock stand still; returns what moves it by an interval."""
    loop, now = hass.loop, hass.loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)

    def move() -> None:
        nonlocal now
        now += module.INTERVAL

    return move


async def test_the_first_at_once_the_next_as_one(
    notifier: Notifier, interval: Callable[[], None], calls: list[str]
) -> None:
    """A change is told at once, those within the interval as one at its end, then none."""
    notifier.async_add_listener(lambda: calls.append("a"))
    notifier.async_notify()
    assert calls == ["a"]
    for _ in range(100):
        notifier.async_notify()
    assert calls == ["a"]
    interval()
    await settle()
    assert calls == ["a", "a"]
    interval()
    await settle()
    assert calls == ["a", "a"]
    notifier.async_notify()
    assert calls == ["a"] * 3
    notifier.async_stop()


async def test_what_must_not_wait(
    notifier: Notifier, interval: Callable[[], None], calls: list[str]
) -> None:
    """It is told at once and takes what waited with it."""
    notifier.async_add_listener(lambda: calls.append("a"))
    notifier.async_notify()
    notifier.async_notify()
    notifier.async_notify_now()
    assert calls == ["a"] * 2
    interval()
    await settle()
    assert calls == ["a"] * 2


async def test_stopped(
    notifier: Notifier, interval: Callable[[], None], calls: list[str]
) -> None:
    """Nothing is told after the end."""
    notifier.async_add_listener(lambda: calls.append("a"))
    notifier.async_notify()
    notifier.async_notify()
    notifier.async_stop()
    interval()
    await settle()
    assert calls == ["a"]


async def test_listeners_that_come_and_go_meanwhile(
    notifier: Notifier, calls: list[str]
) -> None:
    """Each that listens is called once, whoever is added or removed by another."""

    def first() -> None:
        calls.append("first")
        remove_first()
        notifier.async_add_listener(lambda: calls.append("late"))

    remove_first = notifier.async_add_listener(first)
    notifier.async_add_listener(lambda: calls.append("second"))
    notifier.async_notify_now()
    assert calls == ["first", "second"]
    notifier.async_notify_now()
    assert calls == ["first", "second", "second", "late"]
    notifier.async_stop()
