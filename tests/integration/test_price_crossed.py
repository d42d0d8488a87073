"""The trigger for a price that crosses a limit: what sets it off, and what does not."""

from collections.abc import Awaitable, Callable

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market import stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr

from .automations import (
    FINLAND,
    GERMANY,
    Automations,
    Config,
    close_trade,
    crossed,
    device_id,
    limit,
    set_ask,
    set_bid,
    set_limit,
    showing,
    trigger,
)
from .conftest import SetUp
from .test_area import stored, with_areas

UNAVAILABLE = "unavailable"


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon, and let streams come back as soon as they can."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.05)


@pytest.fixture
def automations(hass: HomeAssistant) -> Automations:
    """Return automations to set up."""
    return Automations(hass)


@pytest.fixture
async def entry(account_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Set up an entry with an area, Finland."""
    entry = with_areas(account_entry, stored())
    await set_up(entry)
    return entry


async def cut(hass: HomeAssistant, market: Simulator) -> Callable[[], Awaitable[None]]:
    """Let the order book's stream be away; returns what lets it come back."""
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await showing(hass, "sensor.glocalflex_best_ask", UNAVAILABLE)

    async def back() -> None:
        market.control.refuse(None)
        await showing(hass, "sensor.glocalflex_ask_orders", 0)

    return back


@pytest.mark.parametrize(
    ("threshold", "hysteresis", "prices", "fires"),
    [
        (limit("below", 0.4), 0, [0.5, 0.4, 0.39, 0.3, 0.4, 0.3], [0.39, 0.3]),
        (limit("above", 0.4), 0, [0.3, 0.4, 0.41, 0.5, 0.4, 0.5], [0.41, 0.5]),
        # Beginning beyond the limit is no crossing.
        (limit("below", 0.4), 0, [0.3, 0.2, 0.5, 0.1], [0.1]),
        # Around zero, and below it.
        (limit("below", 0), 0, [0.1, 0.0, -0.1, 0.1, -0.2], [-0.1, -0.2]),
        (limit("above", -0.2), 0, [-0.3, -0.2, -0.1, -0.2, 0.0], [-0.1, 0.0]),
        # A price that hovers fires once; back exactly by the hysteresis is back.
        (
            limit("below", 0.4),
            0.05,
            [0.42, 0.39, 0.41, 0.39, 0.44, 0.38, 0.45, 0.39],
            [0.39, 0.39],
        ),
        (
            limit("above", 0.1),
            0.2,
            [-0.5, 0.2, 0.0, 0.2, -0.05, 0.2, -0.1, 0.3],
            [0.2, 0.3],
        ),
        # Nor does one that hovers where it began.
        (limit("below", 0.4), 0.05, [0.39, 0.41, 0.39, 0.46, 0.39], [0.39]),
        (limit("between", -0.1, 0.1), 0, [0.5, 0.1, 0.05, -0.1, 0.0], [0.05, 0.0]),
        (limit("between", 0, 1), 0.5, [2, 0.5, 1.2, 0.5, -0.5, 0.5], [0.5, 0.5]),
        (limit("outside", 0, 1), 0, [0.5, 0, -0.1, 1, 1.5, 2, 0.5, 2], [-0.1, 1.5, 2]),
        (limit("outside", 0, 1), 0.2, [0.5, 1.5, 0.9, 1.5, 0.8, -1], [1.5, -1]),
    ],
)
async def test_price_crossed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    threshold: Config,
    hysteresis: float,
    prices: list[float],
    fires: list[float],
) -> None:
    """It fires on the way through, and again only after the price has come back."""
    await automations.add(crossed(device_id(hass), threshold, hysteresis=hysteresis))
    for price in prices:
        await set_ask(hass, market, price)
    assert await automations.prices() == fires


@pytest.mark.parametrize(
    ("price_type", "move"),
    [("best_bid", set_bid), ("best_ask", set_ask), ("last_price", close_trade)],
)
async def test_which_price(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    price_type: str,
    move: Callable[[HomeAssistant, Simulator, float], Awaitable[None]],
) -> None:
    """Only the price that is asked for fires, and what it was is told."""
    whole = device_id(hass)
    await automations.add(
        crossed(whole, limit("above", 0.4), price_type=price_type),
        crossed(whole, limit("outside", 0, 10), price_type=price_type),
    )
    for move_any in (set_bid, set_ask, close_trade):
        await move_any(hass, market, 0.3)
        await move_any(hass, market, 0.4)
    assert await automations.runs() == []
    await move(hass, market, 0.5)
    name = price_type.replace("_", " ")
    (run,) = await automations.runs()
    assert run == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "glocalflex.best_price_crossed",
        "description": f"{name} went from 0.4 to 0.5 EUR/kWh, above 0.4 EUR/kWh",
        "device_id": whole,
        "price_type": price_type,
        "price": 0.5,
        "from_price": 0.4,
        "limit_type": "above",
        "limit": 0.4,
        "lower_limit": None,
        "upper_limit": None,
    }
    await move(hass, market, -1)
    (run,) = await automations.runs()
    assert run["limit"] is None
    assert (run["lower_limit"], run["upper_limit"]) == (0, 10)
    assert run["description"].endswith("to -1 EUR/kWh, outside 0 and 10 EUR/kWh")


async def test_area_has_prices_of_its_own(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """What happens elsewhere on the market does not set off an area's trigger."""
    finland = device_id(hass, "finland")
    await automations.add(crossed(finland, limit("below", 0.4)))
    await set_ask(hass, market, 0.5, location=FINLAND)
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert await automations.runs() == []
    await set_ask(hass, market, 0.2, location=FINLAND)
    (run,) = await automations.runs()
    assert (run["price"], run["device_id"]) == (0.2, finland)


async def test_each_part_by_itself(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """Of several parts each crosses for itself."""
    whole, finland = device_id(hass), device_id(hass, "finland")
    await automations.add(crossed({"device_id": [whole, finland]}, limit("below", 0.4)))
    await set_ask(hass, market, 0.5, location=FINLAND)
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert [run["device_id"] for run in await automations.runs()] == [whole]
    await set_ask(hass, market, 0.2, location=FINLAND)
    assert [run["device_id"] for run in await automations.runs()] == [finland]


@pytest.mark.parametrize(("also", "fires"), [(False, []), (True, [0.3])])
async def test_when_the_automation_is_loaded(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    also: bool,
    fires: list[float],
) -> None:
    """A price that is found beyond the limit fires only where that is asked for, and once."""
    await set_ask(hass, market, 0.3)
    await automations.add(
        crossed(device_id(hass), limit("below", 0.4), also_if_already=also)
    )
    runs = await automations.runs()
    assert [run["price"] for run in runs] == fires
    for run in runs:
        assert run["from_price"] is None
        assert run["description"] == "best ask is 0.3 EUR/kWh, below 0.4 EUR/kWh"
    await set_ask(hass, market, 0.2)
    assert await automations.prices() == []
    await automations.turn("off")
    await automations.turn("on")
    assert await automations.prices() == [0.2 for _ in fires]
    assert await automations.prices() == []
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.1)
    assert await automations.prices() == [0.1]


@pytest.mark.parametrize(("also", "fires"), [(False, []), (True, [0.3])])
async def test_at_start_up(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    automations: Automations,
    also: bool,
    fires: list[float],
) -> None:
    """A market that is set up after the automation, and its first price ever, are no crossing."""
    account_entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=account_entry.entry_id,
        identifiers={(DOMAIN, account_entry.entry_id)},
    )
    hass.set_state(CoreState.not_running)
    await automations.add(
        {
            **crossed(device.id, limit("below", 0.4), also_if_already=also),
            "id": "crossed",
        },
        {**trigger("trade_closed", device.id), "id": "trade"},
    )
    await hass.async_start()
    await set_up(account_entry)
    await showing(hass, "sensor.glocalflex_best_ask", "unknown")
    await set_ask(hass, market, 0.3)
    assert await automations.prices() == fires
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.2)
    await close_trade(hass, market, 9)
    assert [(run["id"], run["price"]) for run in await automations.runs()] == [
        ("crossed", 0.2),
        ("trade", 9),
    ]


@pytest.mark.parametrize(
    ("before", "after", "fires"),
    [
        (0.5, 0.45, []),
        (0.5, 0.3, [(0.5, 0.3)]),
        (0.3, 0.2, []),
        (0.3, 0.5, []),
    ],
)
@pytest.mark.parametrize("how", ["stream", "reload", "market", "empty"])
async def test_after_an_outage(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    before: float,
    after: float,
    fires: list[tuple[float, float]],
    how: str,
) -> None:
    """On return it fires only if the price lies on the other side of where it was."""
    await automations.add(
        crossed(device_id(hass), limit("below", 0.4), also_if_already=True)
    )
    await set_ask(hass, market, before)
    await automations.runs()
    match how:
        case "stream":
            back = await cut(hass, market)
            await back()
        case "reload":
            assert await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
            assert await automations.runs() == []
            assert await hass.config_entries.async_setup(entry.entry_id)
            await showing(hass, "sensor.glocalflex_ask_orders", 0)
        case "market":
            await market.stop()
            await showing(hass, "sensor.glocalflex_best_ask", UNAVAILABLE)
            await market.start()
            await showing(hass, "sensor.glocalflex_ask_orders", 0)
        case "empty":
            await set_ask(hass, market, None)
    await set_ask(hass, market, after)
    runs = await automations.runs()
    assert [(run["from_price"], run["price"]) for run in runs] == fires
    # Whichever side it was on, it is still watched, by one listener.
    await set_ask(hass, market, 0.6)
    await set_ask(hass, market, 0.1)
    assert await automations.prices() == [0.1]


async def test_limit_moves(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A limit that moves across the price is a crossing, whoever moved it is named."""
    await set_limit(hass, 0.4)
    await automations.add(
        crossed(device_id(hass), limit("below", "input_number.limit"), hysteresis=0.02)
    )
    await set_ask(hass, market, 0.5)
    await set_limit(hass, 0.5)
    assert await automations.runs() == []
    await set_limit(hass, 0.6)
    state = hass.states.get("input_number.limit")
    assert state is not None
    (event,) = await automations.events()
    run = (await automations.runs())[0]
    assert (run["from_price"], run["price"], run["limit"]) == (0.5, 0.5, 0.6)
    assert event.context.parent_id == state.context.id
    # The hysteresis counts from where the limit is now.
    await set_limit(hass, 0.49)
    await set_limit(hass, 0.6)
    assert await automations.runs() == []
    await set_limit(hass, 0.48)
    await set_limit(hass, 0.51)
    assert [run["limit"] for run in await automations.runs()] == [0.51]
    # And the price crosses it as it does a number.
    await set_ask(hass, market, 0.6)
    await set_ask(hass, market, 0.4)
    assert await automations.prices() == [0.4]
    await set_limit(hass, -0.5)
    await set_ask(hass, market, -0.6)
    assert await automations.prices() == [-0.6]


@pytest.mark.parametrize("unusable", ["unavailable", "unknown", "dear", "nan", "inf"])
async def test_limit_unusable(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    unusable: str,
) -> None:
    """An unusable limit never fires; when it is back, what was before counts."""
    await automations.add(
        crossed(device_id(hass), limit("below", "input_number.limit"))
    )
    # It is not there at all.
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.3)
    assert await automations.runs() == []
    # The first limit ever.
    await set_limit(hass, 0.4)
    assert await automations.runs() == []
    await set_ask(hass, market, 0.5)
    await set_limit(hass, unusable)
    await set_ask(hass, market, 0.3)
    assert await automations.runs() == []
    await set_limit(hass, 0.2)
    assert await automations.runs() == []
    await set_limit(hass, unusable)
    await set_limit(hass, 0.4)
    (run,) = await automations.runs()
    assert (run["from_price"], run["price"]) == (0.3, 0.3)
    await set_limit(hass, unusable)
    await set_limit(hass, 0.4)
    assert await automations.runs() == []


async def test_range_of_entities(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A range upside down is no range."""
    await set_limit(hass, 0.1)
    await automations.add(
        crossed(device_id(hass), limit("outside", 0.2, "input_number.limit"))
    )
    await set_ask(hass, market, 0.25)
    assert await automations.runs() == []
    await set_limit(hass, 0.3)
    assert await automations.runs() == []
    await set_limit(hass, 0.22)
    assert await automations.prices() == [0.25]
    await set_limit(hass, 0.3)
    await set_limit(hass, 0.2)
    await set_limit(hass, 0.1)
    assert await automations.runs() == []
