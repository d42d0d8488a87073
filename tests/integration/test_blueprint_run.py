"""The blueprint that runs a load while power is cheap: what must happen to it, and what must not."""

import pytest

from .home import MEMORY, NUMBER, PRICE, SWITCH, THERMOSTAT, Home, home

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


async def start(home: Home, load: str = SWITCH, **inputs: object) -> None:
    """Run a load below 0.2 EUR/kWh, for at least 10 minutes."""
    inputs = {"price": PRICE, "limit": 0.2, "memory": MEMORY, **inputs}
    await home.start("run_while_cheap", load=load, **inputs)


async def test_cheap_and_dear(home: Home) -> None:
    """It runs below the limit and stops when the price has risen, each told once."""
    await start(home)
    await home.price(0.2)
    assert (home.state(), home.calls) == ("off", [])
    await home.price(0.19)
    assert home.state() == "on"
    await home.price(0.1)
    await home.wait(20)
    await home.price(0.21)
    assert home.state() == "on", "the hysteresis is 0.02"
    await home.price(0.22)
    assert home.state() == "off"
    await home.wait(20)
    assert [call[0] for call in home.calls] == ["turn_on", "turn_off"]
    assert home.notices == ["running", "stopped"]
    assert home.messages == [
        "Charger runs, as power is cheap.",
        "Charger stops, as the price has risen.",
    ]


async def test_least_times(home: Home) -> None:
    """Neither a run nor the time between two is shorter than was asked for."""
    await start(home, least_on=10, least_off=5)
    await home.price(0.1)
    await home.price(0.6)
    await home.wait(9.5)
    assert home.state() == "on"
    await home.wait(1)
    assert home.state() == "off"
    await home.price(0.1)
    await home.wait(4.4)
    assert home.state() == "off"
    await home.wait(1)
    assert home.state() == "on"
    assert home.notices == ["running", "stopped", "running"]


@pytest.mark.parametrize(
    ("load", "value", "found", "running"),
    [(THERMOSTAT, 23, 21.0, 23.0), (NUMBER, 32, 6.0, 32.0)],
)
async def test_what_was_found_is_put_back(
    home: Home, load: str, value: float, found: float, running: float
) -> None:
    """A thermostat or a number has the very setting again that it had, over a restart too."""
    await start(home, load, value=value)
    if load == NUMBER:
        await home.call("input_number.set_value", NUMBER, value=6)

    def shown() -> float:
        return float(home.state(NUMBER)) if load == NUMBER else home.temperature

    await home.price(0.1)
    assert shown() == running
    await home.restart()
    await home.wait(15)
    assert shown() == running
    await home.price(0.6)
    assert shown() == found
    assert len(home.calls) == 2
    assert home.notices == ["running", "stopped"]


async def test_a_thermostat_that_would_take_less(home: Home) -> None:
    """One that heats more than it would is left alone, as is one that is off."""
    await start(home, THERMOSTAT, value=20)
    await home.price(0.1)
    await home.call("climate.set_hvac_mode", THERMOSTAT, hvac_mode="off")
    await home.call("climate.set_temperature", THERMOSTAT, temperature=15)
    await home.wait(3)
    assert (home.state(THERMOSTAT), home.temperature) == ("off", 15)
    assert home.calls == []


async def test_a_load_that_runs(home: Home) -> None:
    """It is not ours: it goes on when the price has risen."""
    await start(home)
    await home.switch("on")
    await home.price(0.1)
    await home.wait(15)
    await home.price(0.6)
    await home.wait(15)
    assert (home.state(), home.calls, home.notices) == ("on", [], [])


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """A run goes on over restarts, with its times, and ends as if there had been none."""
    await start(home, least_on=10, least_off=10)
    await home.price(0.1)
    await home.wait(5)
    await home.restart(crash=crash)
    await home.price(0.6)
    await home.wait(4)
    assert home.state() == "on"
    await home.wait(2)
    assert home.state() == "off"
    await home.restart(crash=crash)
    await home.price(0.1)
    assert home.state() == "off"
    await home.wait(11)
    assert home.state() == "on"
    assert home.notices == ["running", "stopped", "running"]


async def test_a_gap(home: Home) -> None:
    """A line that breaks and comes back neither starts nor ends anything."""
    await start(home, patience=15)
    await home.price(0.6)
    await home.lose()
    await home.wait(3)
    await home.find()
    assert home.calls == []
    await home.price(0.1)
    for _ in range(3):
        await home.lose()
        await home.wait(10)
        await home.find()
        await home.price(0.1)
        await home.wait(1)
        assert home.state() == "on", "each gap is counted for itself"
    assert home.notices == ["running"]


async def test_the_price_stays_away(home: Home) -> None:
    """A load does not run on for ever, restarts or not, and starts anew once power is known to be cheap."""
    await start(home, patience=15)
    await home.price(0.1)
    await home.wait(20)
    await home.lose()
    await home.wait(7)
    await home.restart(meanwhile=home.market.start)
    await home.wait(7)
    assert home.state() == "on"
    await home.wait(2)
    assert home.state() == "off"
    assert home.messages[-1] == (
        "Charger stops, as no price has been known for too long."
    )
    await home.wait(30)
    assert home.state() == "off"
    await home.price(0.1)
    assert home.state() == "on"


async def test_the_entry_is_removed(home: Home) -> None:
    """A load that runs then is stopped."""
    await start(home, patience=15)
    await home.price(0.1)
    await home.wait(11)
    await home.remove_entry()
    await home.wait(13)
    assert home.state() == "on"
    await home.wait(3)
    assert home.state() == "off"


async def test_by_hand(home: Home) -> None:
    """What is switched off by hand stays off until the price has risen, and runs after that."""
    await start(home)
    await home.price(0.1)
    await home.wait(2)
    await home.switch("off")
    await home.wait(1)
    assert home.notices == ["running", "by_hand"]
    await home.restart()
    await home.price(0.05)
    await home.wait(15)
    assert home.state() == "off"
    await home.switch("on")
    await home.price(0.6)
    await home.wait(15)
    assert home.state() == "on", "nobody but the user has switched it on"
    await home.switch("off")
    await home.price(0.1)
    assert home.state() == "on"
    assert home.notices == ["running", "by_hand", "running"]


async def test_least_time_after_it_is_switched_off_by_hand(home: Home) -> None:
    """The least time off holds then too, though the price rose in between."""
    await start(home, least_off=10)
    await home.price(0.1)
    await home.wait(2)
    await home.switch("off")
    await home.wait(1)
    await home.price(0.6)
    await home.wait(2)
    await home.price(0.1)
    assert home.state() == "off"
    await home.wait(10)
    assert home.state() == "on"


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works, over a restart too."""
    await start(home)
    home.failing = True
    await home.price(0.1)
    await home.wait(5)
    assert (home.state(), home.notices) == ("off", [])
    home.failing = False
    await home.wait(2)
    assert (home.state(), home.notices) == ("on", ["running"])
    home.failing = True
    await home.wait(10)
    await home.price(0.6)
    await home.wait(3)
    await home.restart()
    await home.wait(3)
    assert (home.state(), home.notices) == ("on", ["running"])
    home.failing = False
    await home.wait(3)
    assert (home.state(), home.notices) == ("off", ["running", "stopped"])


async def test_a_switch_fails_until_power_is_dear(home: Home) -> None:
    """What never ran is not said to stop."""
    await start(home)
    home.failing = True
    await home.price(0.1)
    await home.wait(3)
    await home.price(0.6)
    home.failing = False
    await home.wait(3)
    assert (home.state(), home.notices) == ("off", [])


@pytest.mark.parametrize("limit", [0, -0.25])
async def test_limit_of_zero_or_less(home: Home, limit: float) -> None:
    """Limits and prices may be zero and negative."""
    await start(home, limit=limit, hysteresis=0, least_on=0)
    await home.price(limit)
    assert home.state() == "off"
    await home.price(limit - 0.25)
    assert home.state() == "on"
    await home.price(limit)
    assert home.state() == "off"


async def test_a_device_that_rounds(home: Home) -> None:
    """A setting that comes out as the nearest the device has is not taken for one by hand."""
    await start(home, NUMBER, value=15.75)
    await home.call("input_number.set_value", NUMBER, value=6)
    await home.price(0.1)
    await home.wait(1)
    await home.call("input_number.set_value", NUMBER, value=16)
    await home.wait(15)
    assert home.notices == ["running"]
    await home.price(0.6)
    assert float(home.state(NUMBER)) == 6
    assert home.notices == ["running", "stopped"]
