"""The blueprint that absorbs power at negative prices: what must happen to loads, and what must not."""

import pytest

from .home import MEMORY, OTHER_SWITCH, PRICE, SWITCH, Home, home

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


async def start(home: Home, **inputs: object) -> None:
    """Run two loads at negative prices, for at least 10 minutes."""
    inputs = {
        "price": PRICE,
        "loads": [SWITCH, OTHER_SWITCH],
        "memory": MEMORY,
        **inputs,
    }
    await home.start("absorb_negative", **inputs)


def states(home: Home) -> tuple[str, str]:
    """Return the state of both loads."""
    return home.state(SWITCH), home.state(OTHER_SWITCH)


async def test_negative_and_not(home: Home) -> None:
    """Loads run below zero, and stop at zero, each told once for both."""
    await start(home)
    await home.price(0)
    assert home.calls == []
    # A memory that was emptied is as good as a new one.
    await home.call("input_text.set_value", MEMORY, value="")
    await home.price(-0.01)
    assert states(home) == ("on", "on")
    await home.price(-0.5)
    await home.wait(15)
    await home.price(0)
    assert states(home) == ("off", "off")
    await home.wait(15)
    assert len(home.calls) == 4
    assert home.notices == ["running", "stopped"]
    assert home.messages == [
        "Charger, Boiler: on, as the price is negative.",
        "Charger, Boiler: off, as the price has risen.",
    ]


async def test_least_times(home: Home) -> None:
    """Neither a run nor the time between two is shorter than was asked for."""
    await start(home, least_on=10, least_off=5)
    await home.price(-0.1)
    await home.price(0.6)
    await home.wait(9.5)
    assert states(home) == ("on", "on")
    await home.wait(1)
    assert states(home) == ("off", "off")
    await home.price(-0.1)
    await home.wait(4.4)
    assert states(home) == ("off", "off")
    await home.wait(1)
    assert states(home) == ("on", "on")


async def test_a_load_that_runs(home: Home) -> None:
    """It is not ours: it goes on when the price has risen, and stays off when it is switched off."""
    await start(home)
    await home.switch("on")
    await home.price(-0.1)
    assert states(home) == ("on", "on")
    assert home.messages == ["Boiler: on, as the price is negative."]
    await home.wait(15)
    await home.price(0.1)
    assert states(home) == ("on", "off")
    await home.wait(15)
    await home.price(-0.1)
    await home.switch("off")
    await home.wait(5)
    assert states(home) == ("off", "on")


async def test_all_run(home: Home) -> None:
    """Where all loads run already there is nothing to do, or to tell."""
    await start(home)
    await home.switch("on")
    await home.switch("on", OTHER_SWITCH)
    await home.price(-0.1)
    await home.wait(15)
    await home.price(0.1)
    await home.wait(5)
    assert (states(home), home.calls, home.notices) == (("on", "on"), [], [])


async def test_by_hand(home: Home) -> None:
    """What is switched off by hand stays off until the price has risen; the other goes on."""
    await start(home)
    await home.price(-0.1)
    await home.wait(2)
    await home.switch("off")
    await home.wait(1)
    assert home.messages[-1].startswith("Charger: changed by hand")
    await home.restart()
    await home.price(-0.2)
    await home.wait(15)
    assert states(home) == ("off", "on")
    # By hand again: it is the user's now.
    await home.switch("on")
    await home.price(0.1)
    await home.wait(12)
    assert states(home) == ("on", "off")
    await home.switch("off")
    await home.price(-0.1)
    assert states(home) == ("on", "on")
    assert home.notices == ["running", "by_hand", "stopped", "running"]


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """A run goes on over restarts, and ends as if there had been none."""
    await start(home)
    await home.switch("on", OTHER_SWITCH)
    await home.price(-0.1)
    await home.wait(5)
    await home.restart(crash=crash)
    assert states(home) == ("on", "on")
    await home.price(0.6)
    await home.wait(4)
    assert states(home) == ("on", "on")
    await home.wait(2)
    assert states(home) == ("off", "on")
    assert home.notices == ["running", "stopped"]


async def test_a_gap(home: Home) -> None:
    """A line that breaks and comes back neither starts nor ends anything; one that stays away ends it."""
    await start(home, patience=15)
    await home.price(-0.1)
    for _ in range(2):
        await home.lose()
        await home.wait(10)
        assert states(home) == ("on", "on")
        await home.find()
        await home.price(-0.1)
    await home.lose()
    await home.wait(14)
    assert states(home) == ("on", "on")
    await home.wait(3)
    assert states(home) == ("off", "off")
    assert home.messages[-1].endswith("off, as no price has been known for too long.")


async def test_the_entry_is_removed(home: Home) -> None:
    """Loads that run then are switched off."""
    await start(home, patience=15)
    await home.price(-0.1)
    await home.wait(11)
    await home.remove_entry()
    await home.wait(13)
    assert states(home) == ("on", "on")
    await home.wait(3)
    assert states(home) == ("off", "off")


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works, over a restart too; the other does not wait for it."""
    await start(home, loads=[SWITCH, "input_boolean.asked"])
    home.failing = True
    await home.price(-0.1)
    assert (home.state(), home.state("input_boolean.asked")) == ("off", "on")
    await home.wait(2)
    home.failing = False
    await home.wait(4)
    assert home.state() == "on"
    home.failing = True
    await home.wait(10)
    await home.price(0.6)
    await home.wait(3)
    assert (home.state(), home.state("input_boolean.asked")) == ("on", "off")
    await home.restart()
    await home.wait(1)
    home.failing = False
    await home.wait(4)
    assert home.state() == "off"
    assert home.notices == ["running", "stopped"]


async def test_a_device_is_away(home: Home) -> None:
    """One that cannot be reached follows when it can be, and does not keep the others from it."""
    await start(home)
    await home.cut("charger")
    await home.price(-0.1)
    assert states(home) == ("unavailable", "on")
    await home.mend("charger")
    await home.wait(1)
    assert states(home) == ("on", "on")
    await home.cut("charger")
    await home.wait(15)
    await home.price(0.1)
    assert states(home) == ("unavailable", "off")
    await home.wait(15)
    await home.price(-0.1)
    assert states(home) == ("unavailable", "on")
    await home.wait(15)
    await home.price(0.1)
    await home.mend("charger")
    await home.wait(5)
    assert states(home) == ("off", "off")
