"""What the blueprints that follow a price go by: a limit that is a number, or an entity."""

import logging

import pytest

from .home import LIMIT, MEMORY, PRICE, SWITCH, Home, home

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
