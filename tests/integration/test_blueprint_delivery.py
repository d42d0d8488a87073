"""The blueprint around a delivery: what must happen to a load, and what must not."""

from datetime import timedelta
from typing import Any

import pytest

from .conftest import NOON
from .home import (
    ACTIVE,
    MEMORY,
    NEXT_START,
    NUMBER,
    OTHER_SWITCH,
    SWITCH,
    THERMOSTAT,
    Home,
    home,
)

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

QUARTER = timedelta(minutes=15)
START = NOON + QUARTER
END = START + QUARTER
SECOND = timedelta(seconds=1)

WARMER = {
    "action": "climate.set_temperature",
    "target": {"entity_id": THERMOSTAT},
    "data": {"temperature": 23},
}


async def start(home: Home, load: str = SWITCH, **inputs: object) -> None:
    """Shed a load that runs."""
    inputs = {"active": ACTIVE, "next_start": NEXT_START, "memory": MEMORY, **inputs}
    await home.start("around_delivery", load=load, **inputs)
    if load == SWITCH:
        await home.switch("on")


async def test_the_window(home: Home) -> None:
    """It is off for exactly the window, and on again after it, each told once."""
    await start(home)
    await home.delivery(START, END)
    await home.to(START - SECOND)
    assert (home.state(), home.calls) == ("on", [])
    await home.to(START + SECOND)
    assert home.state() == "off"
    await home.to(END - SECOND)
    assert home.state() == "off"
    await home.to(END + SECOND)
    assert home.state() == "on"
    await home.wait(20)
    assert [call[0] for call in home.calls] == ["turn_off", "turn_on"]
    assert home.notices == ["shed", "restored"]
    assert home.messages == [
        "Charger is shed for a delivery.",
        "Charger is as it was before the delivery.",
    ]
    assert home.state(MEMORY) == ""


async def test_prepared(home: Home) -> None:
    """The user's actions are run ahead, once; what was found before them is put back."""
    await start(home, THERMOSTAT, value=17, lead=10, prepare=[WARMER])
    await home.delivery(START, END)
    await home.to(START - 11 * 60 * SECOND)
    assert home.temperature == 21
    await home.to(START - 9 * 60 * SECOND)
    assert home.temperature == 23
    await home.restart()
    assert home.temperature == 23
    await home.to(START + SECOND)
    assert home.temperature == 17
    await home.restart(crash=True)
    await home.to(END + SECOND)
    assert home.temperature == 21
    await home.wait(15)
    assert [call[2] for call in home.calls] == [23, 17, 21]
    assert home.notices == ["preparing", "shed", "restored"]


async def test_prepared_late(home: Home) -> None:
    """A delivery that is agreed on within the lead time is prepared for at once."""
    warmer = {"action": "switch.turn_on", "target": {"entity_id": OTHER_SWITCH}}
    await start(home, lead=60, prepare=[warmer])
    await home.delivery(START, END)
    assert home.state(OTHER_SWITCH) == "on"
    await home.to(END + SECOND)
    assert home.notices == ["preparing", "shed", "restored"]
    assert home.state() == "on"


@pytest.mark.parametrize("another", [False, True])
async def test_prepared_for_nothing(home: Home, another: bool) -> None:
    """Where the delivery comes to nothing, what was found is put back as well, also with another ahead."""
    await start(home, THERMOSTAT, value=17, lead=10, prepare=[WARMER])
    await home.delivery(START, END)
    if another:
        await home.delivery(END + QUARTER, END + 2 * QUARTER, "order-2")
    await home.to(START - 9 * 60 * SECOND)
    assert home.temperature == 23
    await home.say_status("cancelled", "order-1")
    await home.wait(1)
    assert home.temperature == 21
    await home.to(END)
    assert home.temperature == 21
    assert home.notices == ["preparing", "restored"]


async def test_another_sold_comes_before(home: Home) -> None:
    """What was prepared stays so, and serves the one that comes first."""
    await start(home, THERMOSTAT, value=17, lead=30, prepare=[WARMER])
    await home.delivery(START, END)
    begin = START - QUARTER / 3
    await home.delivery(begin, START, "order-2")
    await home.to(begin - SECOND)
    assert home.temperature == 23
    await home.to(begin + SECOND)
    assert home.temperature == 17
    await home.to(END + SECOND)
    assert home.temperature == 21
    assert home.notices == ["preparing", "shed", "restored"]


async def test_no_preparation(home: Home) -> None:
    """What the load is when the delivery begins is put back, where nothing was prepared."""
    await start(home, THERMOSTAT, value=17)
    await home.delivery(START, END)
    await home.to(START - SECOND)
    await home.call("climate.set_temperature", THERMOSTAT, temperature=20)
    await home.to(END + SECOND)
    assert home.temperature == 20
    assert home.notices == ["shed", "restored"]


@pytest.mark.parametrize(
    ("load", "value", "shed", "found"),
    [(THERMOSTAT, 0, "off", "heat"), (NUMBER, 6, "6", "16")],
)
async def test_other_loads(
    home: Home, load: str, value: float, shed: Any, found: Any
) -> None:
    """A thermostat is turned off, a number is set."""
    await start(home, load, value=value)
    await home.call("input_number.set_value", NUMBER, value=16)
    await home.delivery(START, END)
    await home.to(START + SECOND)
    assert home.state(load).removesuffix(".0") == shed
    await home.to(END + SECOND)
    assert home.state(load).removesuffix(".0") == found


async def test_adjoining(home: Home) -> None:
    """Deliveries that follow each other are one: the load is not switched in between."""
    await start(
        home,
        lead=10,
        prepare=[
            {"action": "test.notice", "data": {"event": "prepare", "message": ""}}
        ],
    )
    await home.delivery(START, END)
    await home.delivery(END, END + QUARTER, "order-2")
    await home.to(END + SECOND)
    assert home.state() == "off"
    # The second one's end is known also where nothing more is heard.
    await home.remove_entry()
    await home.to(END + QUARTER - SECOND)
    assert home.state() == "off"
    await home.to(END + QUARTER + 61 * SECOND)
    assert home.state() == "on"
    assert home.notices == ["prepare", "preparing", "shed", "restored"]


async def test_prepared_in_another_delivery(home: Home) -> None:
    """One that sheds nothing does not keep the next from being prepared for."""
    await start(home, lead=10)
    await home.delivery(START, END, side="buy")
    await home.delivery(END, END + QUARTER, "order-2")
    await home.to(END - 11 * 60 * SECOND)
    assert home.notices == []
    await home.to(END - 9 * 60 * SECOND)
    assert home.notices == ["preparing"]
    await home.to(END + QUARTER + SECOND)
    assert home.notices == ["preparing", "shed", "restored"]


async def test_another_was_agreed_on_before(home: Home) -> None:
    """A delivery of bought power that comes first delays no preparation, and repeats none."""
    sold = START + 3 * QUARTER
    await start(home, lead=30)
    await home.delivery(sold - QUARTER, sold, side="buy")
    await home.delivery(sold, sold + QUARTER, "order-2")
    await home.to(sold - 31 * 60 * SECOND)
    assert home.notices == []
    await home.to(sold - 29 * 60 * SECOND)
    assert home.notices == ["preparing"]
    await home.to(sold + QUARTER + SECOND)
    assert home.notices == ["preparing", "shed", "restored"]


@pytest.mark.parametrize("is_called_off", [False, True])
async def test_another_comes_before(home: Home, is_called_off: bool) -> None:
    """What was prepared stays so behind a delivery of bought power, unless it comes to nothing then."""
    await start(home, THERMOSTAT, value=17, lead=30, prepare=[WARMER])
    await home.delivery(START, END)
    begin = START - QUARTER / 3
    await home.delivery(begin, START, "order-2", side="buy")
    if is_called_off:
        await home.say_status("cancelled", "order-1")
    await home.to(begin - SECOND)
    assert home.temperature == (21 if is_called_off else 23)
    await home.to(START - SECOND)
    assert home.temperature == (21 if is_called_off else 23)
    await home.to(START + SECOND)
    assert home.temperature == (21 if is_called_off else 17)
    await home.to(END + SECOND)
    assert home.temperature == 21
    assert home.notices == (
        ["preparing", "restored"]
        if is_called_off
        else ["preparing", "shed", "restored"]
    )


async def test_bought(home: Home) -> None:
    """A delivery of power that was bought sheds nothing, and is not prepared for, unless that is asked for."""
    await start(home, lead=10)
    await home.delivery(START, END, side="buy")
    await home.to(END + SECOND)
    assert home.calls == []
    assert home.notices == []


async def test_sold_while_bought(home: Home) -> None:
    """What was sold is shed for also where something that was bought began before it, and ends after it."""
    await start(home)
    await home.delivery(START - QUARTER, END + QUARTER, side="buy")
    await home.delivery(START, END, "order-2")
    await home.to(START - SECOND)
    assert home.state() == "on"
    await home.to(START + SECOND)
    assert home.state() == "off"
    await home.to(END + SECOND)
    assert home.state() == "on"
    assert home.notices == ["shed", "restored"]


async def test_bought_too(home: Home) -> None:
    """Where it is asked for, every delivery is prepared for and sheds."""
    await start(home, lead=10, only_sold=False)
    await home.delivery(START, END, side="buy")
    await home.to(START + SECOND)
    assert home.state() == "off"
    assert home.notices == ["preparing", "shed"]


async def test_a_side_that_is_not_said(home: Home) -> None:
    """It counts as sold: better prepared and shed for nothing than not delivered."""
    await start(home, lead=10)
    await home.delivery(START, END, side=None)
    await home.to(END + SECOND)
    assert home.notices == ["preparing", "shed", "restored"]


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """A restart within the window changes nothing; the load is put back at its end."""
    await start(home)
    await home.delivery(START, END)
    await home.to(START + SECOND)
    await home.wait(0.1)
    await home.restart(crash=crash)
    assert home.state() == "off"
    await home.wait(3)
    assert len(home.calls) == 1
    await home.restart(crash=crash)
    await home.to(END + SECOND)
    assert home.state() == "on"
    assert home.notices == ["shed", "restored"]


async def test_down_over_an_edge(home: Home, clock: Any) -> None:
    """A window that begins, or ends, while Home Assistant is down is made up for at its start."""
    await start(home)
    await home.delivery(START, END)
    await home.restart(meanwhile=lambda: clock.set(START + 60 * SECOND))
    assert home.state() == "off"
    await home.restart(meanwhile=lambda: clock.set(END + 60 * SECOND))
    assert home.state() == "on"
    assert home.notices == ["shed", "restored"]


async def test_stream_lost(home: Home) -> None:
    """What was contracted holds while the market is away: at both edges, and between."""
    await start(home)
    await home.delivery(START, END)
    await home.market.stop()
    await home.to(START + SECOND)
    assert home.state() == "off"
    await home.to(END - SECOND)
    assert home.state() == "off"
    await home.to(END + SECOND)
    assert home.state() == "on"


async def test_the_entry_is_removed(home: Home) -> None:
    """The load is put back when the window ends, and none is shed after that."""
    await start(home)
    await home.delivery(START, END)
    await home.delivery(END + QUARTER, END + 2 * QUARTER, "order-2")
    await home.to(START + SECOND)
    await home.remove_entry()
    await home.to(END - SECOND)
    assert home.state() == "off"
    await home.to(END + 61 * SECOND)
    assert home.state() == "on"
    await home.to(END + 3 * QUARTER)
    assert len(home.calls) == 2


async def test_by_hand(home: Home) -> None:
    """What is switched on by hand stays on; the next delivery sheds it again."""
    await start(home)
    await home.delivery(START, END)
    await home.delivery(END + QUARTER, END + 2 * QUARTER, "order-2")
    await home.to(START + SECOND)
    await home.wait(2)
    await home.switch("on")
    await home.wait(1)
    await home.restart()
    await home.to(END + SECOND)
    assert home.state() == "on"
    assert home.notices == ["shed", "by_hand"]
    await home.to(END + QUARTER + SECOND)
    assert home.state() == "off"
    await home.to(END + 2 * QUARTER + SECOND)
    assert home.state() == "on"
    assert home.notices == ["shed", "by_hand", "shed", "restored"]


async def test_a_load_that_is_off(home: Home) -> None:
    """It stays off after the delivery."""
    await start(home)
    await home.switch("off")
    await home.delivery(START, END)
    await home.to(END + SECOND)
    assert (home.state(), home.calls, home.notices) == ("off", [], [])


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works: to shed, and to put back, over a restart too."""
    await start(home)
    await home.delivery(START, END)
    home.failing = True
    await home.to(START + SECOND)
    assert home.notices == []
    home.failing = False
    await home.wait(4)
    assert home.state() == "off"
    home.failing = True
    await home.to(END + SECOND)
    assert home.state() == "off"
    await home.restart()
    await home.wait(3)
    assert (home.state(), home.notices) == ("off", ["shed"])
    home.failing = False
    await home.wait(3)
    assert (home.state(), home.notices) == ("on", ["shed", "restored"])


async def test_a_switch_fails_all_along(home: Home) -> None:
    """What was never shed is not said to be put back."""
    await start(home)
    await home.delivery(START, END)
    home.failing = True
    await home.to(END + SECOND)
    home.failing = False
    await home.wait(5)
    assert (home.state(), home.notices, home.state(MEMORY)) == ("on", [], "")


async def test_a_load_that_is_off_is_not_prepared_in_a_delivery(home: Home) -> None:
    """Nothing is prepared for a delivery that follows another: it would be against that one."""
    await start(home, lead=10)
    await home.switch("off")
    await home.delivery(START, END)
    await home.delivery(END, END + QUARTER, "order-2")
    await home.to(END + QUARTER + SECOND)
    assert (home.state(), home.notices) == ("off", ["preparing"])
