"""What the blueprints that follow a price go by: a limit that is a number or an entity, or a price signal."""

import logging

import pytest

from .conftest import eventually
from .home import LIMIT, MEMORY, PRICE, SWITCH, Home, home
from .signals import (
    BINARY_SENSOR as SIGNAL,
    LIMIT as SIGNAL_LIMIT,
    is_shown,
    stored_signal,
)

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

PAUSE = "pause_while_dear"
each = pytest.mark.parametrize(
    "blueprint", ["run_while_cheap", PAUSE, "absorb_negative"]
)


async def start(home: Home, blueprint: str, **inputs: object) -> None:
    """Have a load that is on just while the price is below the limit."""
    inputs = {
        "price": PRICE,
        "memory": MEMORY,
        "hysteresis": 0,
        "least_on": 0,
        "least_off": 0,
        **inputs,
    }
    load = {"loads": [SWITCH]} if blueprint == "absorb_negative" else {"load": SWITCH}
    await home.start(blueprint, **load, **inputs)
    if blueprint == PAUSE:
        await home.switch("on")


async def set_limit(home: Home, value: float) -> None:
    """Move the helper that is the limit."""
    await home.call("input_number.set_value", LIMIT, value=value)


@each
@pytest.mark.parametrize(
    "limit",
    [
        -0.3,
        "-0.3",
        LIMIT,
        {"active_choice": "Number", "Number": -0.3, "Entity": "input_number.other"},
        {"active_choice": "Entity", "Number": 0.5, "Entity": LIMIT},
    ],
)
async def test_kinds_of_limits(home: Home, blueprint: str, limit: object) -> None:
    """A limit is written as a number or an entity, or stored by the editor, which keeps the other too."""
    await start(home, blueprint, limit=limit)
    await set_limit(home, -0.3)
    for price, expected in ((-0.29, "off"), (-0.31, "on"), (-0.29, "off")):
        await home.price(price)
        assert home.state() == expected


@each
@pytest.mark.parametrize("crash", [False, True])
async def test_an_entity_moves(home: Home, blueprint: str, crash: bool) -> None:
    """The load follows at once, and after a restart by where the entity is then."""
    await start(home, blueprint, limit=LIMIT)
    await set_limit(home, 0.3)
    await home.price(0.25)
    assert home.state() == "on"
    await set_limit(home, 0.2)
    assert home.state() == "off"
    await set_limit(home, 0.3)
    assert home.state() == "on"
    await home.restart(crash=crash)
    await set_limit(home, 0.2)
    assert home.state() == "on", "no price is known yet"
    await home.price(0.25)
    assert home.state() == "off"


@each
@pytest.mark.parametrize("unusable", ["unavailable", "unknown", "cheap", "nan", None])
async def test_an_entity_without_a_number(
    home: Home, blueprint: str, unusable: str | None
) -> None:
    """It is as if no price were known: nothing starts or ends by it, until that has lasted too long."""
    limit = "sensor.limit"
    await start(home, blueprint, limit=limit, patience=15)
    price, found, held = (
        (0.4, "on", "off") if blueprint == PAUSE else (0.2, "off", "on")
    )
    await home.price(price)
    assert (home.state(), home.calls) == (found, []), "there is no such entity yet"
    home.hass.states.async_set(limit, "0.3")
    await home.wait(1)
    assert home.state() == held
    if unusable is None:
        home.hass.states.async_remove(limit)
    else:
        home.hass.states.async_set(limit, unusable)
    await home.price(0.9 if blueprint == PAUSE else -0.9)
    await home.price(-0.9 if blueprint == PAUSE else 0.9)
    await home.wait(13)
    assert home.state() == held
    await home.wait(3)
    assert home.state() == found
    await home.price(price)
    await home.wait(5)
    assert home.state() == found
    home.hass.states.async_set(limit, "0.3")
    await home.wait(1)
    assert home.state() == held


@each
@pytest.mark.parametrize(
    "limit",
    [
        {"active_choice": "Entity", "Number": 0.3},
        {"active_choice": "Entity", "Entity": None},
        {"active_choice": "Number", "Entity": "input_number.other"},
        {},
    ],
)
async def test_nothing_chosen(
    home: Home, blueprint: str, limit: object, caplog: pytest.LogCaptureFixture
) -> None:
    """A limit that was left empty in the editor is none, and no error."""
    await start(home, blueprint, limit=limit)
    for price in (-0.9, 0.9):
        await home.price(price)
        await home.wait(1)
    assert home.calls == []
    assert not [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING and "emplate" in record.getMessage()
    ]


async def follow(home: Home, blueprint: str, **signal: object) -> None:
    """Have a load that is on just while a price signal is: below 0.5, unless it is said otherwise."""
    home.subentries.append(stored_signal(**{"price": "last_price", **signal}))
    # A limit is the signal's own matter.
    await start(home, blueprint, price=SIGNAL, limit="sensor.none", patience=15)


def shown(home: Home) -> tuple[str, str]:
    """Return what the signal shows, and what the load is."""
    return home.state(SIGNAL), home.state()


def acting_and_not(blueprint: str) -> tuple[float, str, str]:
    """Return a price at which the blueprint acts, what the load is then, and what it was found."""
    return (0.6, "off", "on") if blueprint == PAUSE else (0.4, "on", "off")


@each
async def test_a_signals_hysteresis(home: Home, blueprint: str) -> None:
    """The load follows the signal where it is calm, and where it moves."""
    await follow(home, blueprint, hysteresis=0.1)
    assert home.state(SIGNAL) == "unknown"
    for price, expected in (
        (0.5, "off"),
        (0.49, "on"),
        (0.59, "on"),
        (0.6, "off"),
        (0.5, "off"),
        (0.49, "on"),
    ):
        await home.price(price)
        assert shown(home) == (expected, expected), price
    changes = [call[0] for call in home.calls]
    assert changes[blueprint == PAUSE :] == ["turn_on", "turn_off", "turn_on"]


@each
async def test_a_signals_least_times(home: Home, blueprint: str) -> None:
    """They hold the load, and end by the clock with no trade."""
    await follow(home, blueprint, least_on={"minutes": 10}, least_off={"minutes": 5})
    await home.price(0.4)
    await home.price(0.6)
    await home.wait(9.9)
    assert shown(home) == ("on", "on")
    await home.wait(0.2)
    assert shown(home) == ("off", "off")
    await home.price(0.4)
    await home.wait(4.8)
    assert shown(home) == ("off", "off")
    await home.wait(0.4)
    assert shown(home) == ("on", "on")


@each
async def test_a_signals_limit_is_set(home: Home, blueprint: str) -> None:
    """The load follows the dashboard at once, and what was set there holds after a restart."""

    async def set_to(value: float) -> None:
        await home.call("number.set_value", SIGNAL_LIMIT, value=value)

    await follow(home, blueprint)
    await home.price(0.45)
    assert shown(home) == ("on", "on")
    await set_to(0.4)
    assert shown(home) == ("off", "off")
    await set_to(0.46)
    assert shown(home) == ("on", "on")
    await home.restart()
    assert shown(home) == ("unknown", "on")
    await set_to(0.4)
    await home.restart()
    await home.price(0.45)
    assert shown(home) == ("off", "off")


@each
async def test_a_signal_is_lost(home: Home, blueprint: str) -> None:
    """A gap changes nothing; a load is not left set for longer than was asked for."""
    price, held, found = acting_and_not(blueprint)
    await follow(home, blueprint)
    await home.price(price)
    for _ in range(2):
        await home.lose()
        await home.wait(10)
        assert shown(home) == ("unavailable", held)
        await home.find()
        # Trades may have been missed.
        assert shown(home) == ("unknown", held)
        await home.price(price)
        assert shown(home) == (held, held)
    await home.lose()
    await home.wait(14)
    assert shown(home) == ("unavailable", held)
    await home.wait(2)
    assert shown(home) == ("unavailable", found)
    await home.find()
    await home.wait(5)
    assert home.state() == found
    await home.price(price)
    assert shown(home) == (held, held)


@each
async def test_a_signal_is_removed(home: Home, blueprint: str) -> None:
    """The load is put back after the longest time without a price."""
    price, held, found = acting_and_not(blueprint)
    await follow(home, blueprint)
    await home.price(price)
    (signal,) = home.entry.subentries
    assert home.hass.config_entries.async_remove_subentry(home.entry, signal)
    await home.wait(14)
    assert shown(home) == ("gone", held)
    await home.wait(2)
    assert home.state() == found


@each
async def test_a_signal_of_the_book(home: Home, blueprint: str) -> None:
    """After an outage the book decides, as soon as it is known."""
    place = home.market.control.place_order

    async def follows(signal: str) -> None:
        await eventually(is_shown(home.hass, signal, SIGNAL))
        await home.wait(0.1)
        assert home.state() == signal

    await follow(home, blueprint, price="best_ask")
    await follows("off")
    await place(None, side="sell", power=1000, price=0.4)
    await follows("on")
    await home.lose()
    await home.wait(5)
    assert shown(home) == ("unavailable", "on")
    await home.find()
    await follows("on")
    await home.lose()
    await place(None, side="buy", power=1000, price=0.4)
    assert shown(home) == ("unavailable", "on")
    await home.find()
    await follows("off")


@each
@pytest.mark.parametrize("crash", [False, True])
async def test_restart_with_a_signal(home: Home, blueprint: str, crash: bool) -> None:
    """The signal is within its hysteresis what it was, and its least time goes on; so does the load."""
    await follow(home, blueprint, hysteresis=0.1, least_on={"minutes": 10})
    await home.price(0.4)
    await home.wait(2)
    await home.restart(crash=crash)
    assert shown(home) == ("unknown", "on")
    await home.price(0.55)
    assert shown(home) == ("on", "on")
    await home.restart(crash=crash)
    await home.wait(5)
    await home.price(0.6)
    await home.wait(2)
    assert shown(home) == ("on", "on")
    await home.wait(2)
    assert shown(home) == ("off", "off")
    await home.restart(crash=crash)
    await home.price(0.55)
    assert shown(home) == ("off", "off")
