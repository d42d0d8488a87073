"""The blueprint that pauses a load while power is dear: what must happen to it, and what must not."""

from typing import Any

import pytest

from homeassistant.util import dt as dt_util

from .conftest import Clock
from .home import MEMORY, MINUTE, NUMBER, PRICE, SWITCH, THERMOSTAT, Home, home

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


async def start(home: Home, load: str = SWITCH, **inputs: object) -> None:
    """Pause a load that runs above 0.5 EUR/kWh, for at least 10 minutes and at most 120."""
    inputs = {"price": PRICE, "limit": 0.5, "memory": MEMORY, **inputs}
    await home.start("pause_while_dear", load=load, **inputs)
    if load == SWITCH:
        await home.switch("on")


async def test_dear_and_cheap(home: Home) -> None:
    """It pauses above the limit and goes on when the price has fallen, each told once."""
    await start(home)
    await home.price(0.5)
    assert (home.state(), home.calls) == ("on", [])
    await home.price(0.51)
    assert home.state() == "off"
    assert home.notices == ["paused"]
    assert home.messages == ["Charger is paused, as power is dear."]
    await home.price(0.9)
    await home.wait(20)
    await home.price(0.49)
    assert home.state() == "off", "the hysteresis is 0.02"
    await home.price(0.48)
    assert home.state() == "on"
    await home.wait(20)
    assert [call[0] for call in home.calls] == ["turn_off", "turn_on"]
    assert home.notices == ["paused", "resumed"]
    assert home.messages[1] == "Charger goes on, as the price has fallen."


async def test_least_times(home: Home) -> None:
    """Neither a pause nor the time between two is shorter than was asked for."""
    await start(home, least_off=10, least_on=5)
    await home.price(0.6)
    await home.price(0.1)
    await home.wait(9.5)
    assert home.state() == "off"
    await home.wait(1)
    assert home.state() == "on"
    await home.price(0.6)
    await home.wait(4.4)
    assert home.state() == "on"
    await home.wait(1)
    assert home.state() == "off"
    assert home.notices == ["paused", "resumed", "paused"]


async def test_longest_pause(home: Home) -> None:
    """After the longest pause it goes on whatever the price, until that has fallen once."""
    await start(home, longest=30)
    await home.price(0.6)
    await home.wait(29)
    assert home.state() == "off"
    await home.wait(2)
    assert home.state() == "on"
    assert home.messages[-1].startswith("Charger goes on after the longest pause")
    await home.price(0.8)
    await home.wait(60)
    assert home.state() == "on"
    await home.price(0.49)
    await home.price(0.6)
    assert home.state() == "on", "that was not below the hysteresis"
    await home.price(0.3)
    await home.price(0.6)
    assert home.state() == "off"
    assert home.notices == ["paused", "resumed", "paused"]


async def test_the_least_time_off_outlasts_the_longest_pause(home: Home) -> None:
    """Where the two contradict each other, the load is protected."""
    await start(home, least_off=10, longest=5)
    await home.price(0.6)
    await home.wait(9)
    assert home.state() == "off"
    await home.wait(1.5)
    assert home.state() == "on"


@pytest.mark.parametrize(
    ("load", "value", "found", "paused"),
    [
        (THERMOSTAT, 0, "heat", "off"),
        (THERMOSTAT, 16, 21.0, 16.0),
        (NUMBER, 0, 16.0, 0.0),
        (NUMBER, 6, 16.0, 6.0),
    ],
)
async def test_what_was_found_is_put_back(
    home: Home, load: str, value: float, found: Any, paused: Any
) -> None:
    """A thermostat or a number has the very setting again that it had, over a restart too."""
    await start(home, load, value=value)
    if load == NUMBER:
        await home.call("input_number.set_value", NUMBER, value=16)

    def shown() -> Any:
        if load == NUMBER:
            return float(home.state(NUMBER))
        return home.temperature if value else home.state(THERMOSTAT)

    assert shown() == found
    await home.price(0.6)
    assert shown() == paused
    await home.restart()
    assert shown() == paused
    await home.wait(15)
    await home.price(0.1)
    assert shown() == found
    assert len(home.calls) == 2
    assert home.notices == ["paused", "resumed"]


async def test_a_setting_that_would_take_more(home: Home) -> None:
    """A thermostat that heats less than it would while paused is left alone, as is one that is off."""
    await start(home, THERMOSTAT, value=22)
    await home.price(0.6)
    assert home.temperature == 21
    await home.call("climate.set_temperature", THERMOSTAT, temperature=24)
    assert home.temperature == 22
    await home.price(0.1)
    await home.wait(11)
    assert home.temperature == 24
    await home.wait(11)
    await home.call("climate.set_hvac_mode", THERMOSTAT, hvac_mode="off")
    await home.price(0.6)
    assert (home.state(THERMOSTAT), home.temperature) == ("off", 24)


async def test_a_load_that_is_off(home: Home) -> None:
    """It stays off when the price falls; one that begins while power is dear is paused."""
    await start(home)
    await home.switch("off")
    await home.price(0.6)
    await home.price(0.1)
    await home.wait(5)
    assert (home.state(), home.calls, home.notices) == ("off", [], [])
    await home.price(0.6)
    await home.switch("on")
    assert home.state() == "off"
    await home.price(0.1)
    await home.wait(11)
    assert home.state() == "on"


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """A pause goes on over restarts, with its times, and ends as if there had been none."""
    await start(home, least_off=10, longest=30)
    await home.price(0.6)
    await home.wait(5)
    await home.restart(crash=crash)
    assert home.state() == "off"
    await home.price(0.1)
    await home.wait(4)
    assert home.state() == "off"
    await home.wait(2)
    assert home.state() == "on"
    # In the least time on.
    await home.restart(crash=crash)
    await home.price(0.6)
    assert home.state() == "on"
    await home.wait(11)
    assert home.state() == "off"
    await home.wait(20)
    await home.restart(crash=crash)
    await home.price(0.7)
    assert home.state() == "off"
    await home.wait(11)
    assert home.state() == "on"
    # Left alone, as before the restart.
    await home.restart(crash=crash)
    await home.price(0.8)
    await home.wait(11)
    assert home.state() == "on"
    assert home.notices == ["paused", "resumed", "paused", "resumed"]


async def test_the_longest_pause_ends_while_home_assistant_is_down(
    home: Home, clock: Clock
) -> None:
    """The load goes on at the next start, whether or not a price is known by then."""
    await start(home, longest=30)
    await home.price(0.6)
    later = dt_util.utcnow() + 40 * MINUTE
    await home.restart(meanwhile=lambda: clock.set(later))
    assert home.state() == "on"


async def test_switched_while_home_assistant_is_down(home: Home) -> None:
    """What was switched on then is left alone, and not paused anew."""
    await start(home)
    await home.price(0.6)
    await home.wait(0.1)
    await home.restart(
        meanwhile=lambda: home.kept("input_boolean.charger", "on"), crash=True
    )
    await home.price(0.6)
    await home.wait(3)
    assert home.state() == "on"
    assert home.notices == ["paused", "by_hand"]


async def test_a_gap(home: Home) -> None:
    """A line that breaks and comes back neither starts nor ends anything."""
    await start(home, patience=15)
    await home.price(0.1)
    await home.lose()
    await home.wait(3)
    await home.find()
    assert (home.state(), home.calls) == ("on", [])
    await home.price(0.6)
    for _ in range(3):
        await home.lose()
        await home.wait(10)
        await home.find()
        await home.price(0.6)
        await home.wait(1)
        assert home.state() == "off", "each gap is counted for itself"
    await home.lose()
    await home.wait(5)
    await home.find()
    await home.price(0.1)
    assert home.state() == "on"
    assert home.notices == ["paused", "resumed"]


async def test_the_price_stays_away(home: Home) -> None:
    """A load is not left paused: it goes on, and is paused again once power is known to be dear."""
    await start(home, patience=15)
    await home.price(0.6)
    await home.wait(20)
    await home.lose()
    await home.wait(14)
    assert home.state() == "off"
    await home.wait(2)
    assert home.state() == "on"
    assert home.messages[-1] == (
        "Charger goes on, as no price has been known for too long."
    )
    await home.wait(30)
    assert home.state() == "on"
    await home.find()
    await home.price(0.6)
    assert home.state() == "off"
    assert home.notices == ["paused", "resumed", "paused"]


async def test_restarts_while_the_price_is_away(home: Home) -> None:
    """They do not begin the wait for it anew."""
    await start(home, patience=15)
    await home.price(0.6)
    await home.wait(15)
    await home.lose()
    await home.wait(4)
    await home.restart(meanwhile=home.market.start)
    for _ in range(2):
        await home.wait(4)
        assert home.state() == "off"
        # The last price is not known after a restart, until something is traded.
        await home.restart()
    assert home.state(PRICE) == "unknown"
    await home.wait(4)
    assert home.state() == "on"


async def test_the_entry_is_removed(home: Home) -> None:
    """A load that is paused then goes on; one that runs is left alone."""
    await start(home, patience=15)
    await home.price(0.6)
    await home.wait(11)
    await home.remove_entry()
    assert home.state(PRICE) == "gone"
    await home.wait(13)
    assert home.state() == "off"
    await home.wait(3)
    assert home.state() == "on"
    await home.wait(30)
    assert [call[0] for call in home.calls] == ["turn_off", "turn_on"]


async def test_by_hand(home: Home) -> None:
    """What is switched on by hand stays on until the price has fallen, and is paused after that."""
    await start(home)
    await home.price(0.6)
    await home.wait(2)
    await home.switch("on")
    await home.wait(1)
    assert home.notices == ["paused", "by_hand"]
    await home.price(0.9)
    await home.restart()
    await home.price(0.9)
    await home.wait(15)
    assert home.state() == "on"
    await home.switch("off")
    await home.price(0.1)
    await home.wait(15)
    assert home.state() == "off", "nobody but the user has switched it off"
    await home.switch("on")
    await home.price(0.6)
    assert home.state() == "off"
    assert home.notices == ["paused", "by_hand", "paused"]


async def test_by_hand_just_before_the_end(home: Home) -> None:
    """A setting made by hand is not overwritten by what was found before it."""
    await start(home, THERMOSTAT, value=16)
    await home.price(0.6)
    await home.wait(15)
    await home.call("climate.set_temperature", THERMOSTAT, temperature=19)
    await home.price(0.1)
    await home.wait(5)
    assert home.temperature == 19
    assert home.notices == ["paused", "by_hand"]


async def test_a_device_that_wavers(home: Home) -> None:
    """One that shows its old state for a moment is not taken for switched by hand."""
    await start(home)
    await home.price(0.6)
    await home.wait(15)
    await home.switch("on")
    await home.wait(0.1)
    await home.switch("off")
    await home.wait(5)
    await home.price(0.1)
    await home.wait(2)
    assert home.state() == "on"
    assert home.notices == ["paused", "resumed"]


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works; the pause counts, and is told, once it does."""
    await start(home)
    home.failing = True
    await home.price(0.6)
    await home.wait(5)
    assert (home.state(), home.notices) == ("on", [])
    assert 2 <= len(home.calls) <= 3
    home.failing = False
    await home.wait(2)
    assert (home.state(), home.notices) == ("off", ["paused"])

    home.failing = True
    await home.wait(10)
    await home.price(0.1)
    await home.wait(5)
    assert (home.state(), home.notices) == ("off", ["paused"])
    await home.restart()
    await home.price(0.9)
    await home.wait(3)
    assert home.state() == "off"
    home.failing = False
    await home.wait(3)
    assert (home.state(), home.notices) == ("on", ["paused", "resumed"])


async def test_a_switch_fails_until_power_is_cheap(home: Home) -> None:
    """What was never paused is not said to go on."""
    await start(home)
    home.failing = True
    await home.price(0.6)
    await home.wait(11)
    await home.price(0.1)
    home.failing = False
    await home.wait(3)
    assert (home.state(), home.notices) == ("on", [])


async def test_a_device_is_away(home: Home) -> None:
    """One that cannot be reached is set when it can be: paused, and put back."""
    await start(home)
    await home.cut("charger")
    await home.price(0.6)
    await home.wait(3)
    assert (home.calls, home.notices) == ([], [])
    await home.mend("charger")
    await home.wait(1)
    assert home.state() == "off"
    await home.cut("charger")
    await home.price(0.1)
    await home.wait(30)
    assert home.notices == ["paused"]
    await home.mend("charger")
    await home.wait(5)
    assert (home.state(), home.notices) == ("on", ["paused", "resumed"])


async def test_without_a_price(home: Home) -> None:
    """As long as the market has said nothing, nothing happens; nor does a word for a price."""
    await start(home)
    assert home.state(PRICE) == "unknown"
    await home.wait(5)
    assert home.calls == []


async def test_without_a_memory(home: Home) -> None:
    """What could not be remembered is not switched."""
    await start(home, memory="input_text.mistyped")
    await home.price(0.6)
    await home.wait(3)
    assert (home.state(), home.calls) == ("on", [])


async def test_a_memory_too_short(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """A helper that does not take the text keeps the load from being switched."""
    await start(home, memory="input_text.short")
    await home.price(0.6)
    assert (home.state(), home.calls) == ("on", [])
    assert "The memory cannot be written" in caplog.text


@pytest.mark.parametrize("limit", [0, -0.1])
async def test_limit_of_zero_or_less(home: Home, limit: float) -> None:
    """Limits and prices may be zero and negative."""
    await start(home, limit=limit, hysteresis=0, least_off=0)
    await home.price(limit)
    assert home.state() == "on"
    await home.price(limit + 0.25)
    assert home.state() == "off"
    await home.price(limit)
    assert home.state() == "on"


async def test_switched_off_and_on(home: Home) -> None:
    """An automation that was off takes up what it has left to do."""
    await start(home)
    await home.price(0.6)
    await home.call("automation.turn_off", "automation.ours")
    await home.price(0.1)
    await home.wait(15)
    assert home.state() == "off"
    await home.call("automation.turn_on", "automation.ours")
    await home.wait(6)
    assert home.state() == "on"


async def test_it_runs_only_when_there_is_something_to_do(home: Home) -> None:
    """Neither the minute nor a price makes a run, a trace and a line in the logbook."""
    await start(home)
    runs = home.runs()
    for price in (0.1, 0.2, 0.3):
        await home.price(price)
        await home.wait(3)
    assert len(runs) == 0
    await home.price(0.6)
    await home.wait(30)
    await home.price(0.7)
    # One that switches, and one that sees the load be off.
    assert 1 <= len(runs) <= 2


async def test_least_time_after_the_longest_pause(home: Home) -> None:
    """The least time on holds after that one too, though the price fell in between."""
    await start(home, longest=30, least_on=10)
    await home.price(0.6)
    await home.wait(31)
    assert home.state() == "on"
    await home.price(0.1)
    await home.wait(2)
    await home.price(0.6)
    assert home.state() == "on"
    await home.wait(9)
    assert home.state() == "off"
