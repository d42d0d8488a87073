"""Conditions, as automations use them: when they hold, and when they do not."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market import stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant
from homeassistant.helpers import label_registry as lr
from homeassistant.helpers.condition import async_get_all_descriptions

from .automations import (
    FINLAND,
    GERMANY,
    Automations,
    Config,
    close_trade,
    device_id,
    limit,
    refusal,
    set_ask,
    set_bid,
    showing,
)
from .conftest import NOON, Clock, SetUp
from .test_area import stored, with_areas

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon, and let streams come back as soon as they can."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.05)


@pytest.fixture
async def entry(account_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Set up an entry with an area, Finland."""
    entry = with_areas(account_entry, stored())
    await set_up(entry)
    return entry


type Holds = Callable[[], Awaitable[bool]]
type SetCondition = Callable[[Config], Awaitable[Holds]]


@pytest.fixture
def set_condition(hass: HomeAssistant) -> SetCondition:
    """Return what sets up an automation with a condition, and returns what looks whether it runs."""
    automations = Automations(hass)

    async def set_up_condition(condition: Config) -> Holds:
        await automations.add(
            {"trigger": "event", "event_type": "go"}, conditions=[condition]
        )

        async def holds() -> bool:
            hass.bus.async_fire("go")
            return len(await automations.runs()) == 1

        return holds

    return set_up_condition


def condition(name: str, target: str | Config, /, **options: Any) -> Config:
    """Return a condition's configuration; a text is a device."""
    if isinstance(target, str):
        target = {"device_id": target}
    config: Config = {"condition": f"{DOMAIN}.{name}", "target": target}
    return {**config, "options": options} if options else config


def ask(target: str | Config, threshold: Config) -> Config:
    """Return a condition for the best ask."""
    return condition("price", target, price_type="best_ask", threshold=threshold)


@pytest.mark.parametrize(
    ("threshold", "true_of", "false_of"),
    [
        (limit("above", 0.4), [0.41, 1], [0.4, 0.39, -1]),
        (limit("below", 0.4), [0.39, 0, -1], [0.4, 1]),
        (limit("below", 0), [-0.01], [0, 0.01]),
        (limit("above", -0.5), [-0.4, 0], [-0.5, -0.6]),
        (limit("between", -0.1, 0.1), [0, 0.09], [-0.1, 0.1, 1]),
        (limit("outside", -0.1, 0.1), [-0.2, 0.2], [-0.1, 0.1, 0]),
    ],
)
async def test_price(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
    threshold: Config,
    true_of: list[float],
    false_of: list[float],
) -> None:
    """A price is held against a limit or a range."""
    holds = await set_condition(ask(device_id(hass), threshold))
    for price in (*true_of, *false_of):
        await set_ask(hass, market, price)
        assert await holds() is (price in true_of), price


@pytest.mark.parametrize(
    ("price_type", "move"),
    [("best_bid", set_bid), ("best_ask", set_ask), ("last_price", close_trade)],
)
async def test_which_price(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
    price_type: str,
    move: Callable[[HomeAssistant, Simulator, float], Awaitable[None]],
) -> None:
    """Only the price that is asked for counts; one that is not known is neither above nor below."""
    holds = await set_condition(
        condition(
            "price",
            device_id(hass),
            price_type=price_type,
            threshold=limit("outside", -9.1, -9),
        )
    )
    for move_another in (close_trade, set_bid, set_ask):
        if move_another is not move:
            await move_another(hass, market, 1)
            assert not await holds()
    await move(hass, market, 1)
    assert await holds()


async def test_unknown_and_unavailable(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """What is not known now is not true: nothing offered, stream away, market not set up."""
    holds = await set_condition(ask(device_id(hass), limit("above", 0.4)))
    assert not await holds()
    await set_ask(hass, market, 0.5)
    assert await holds()
    await set_ask(hass, market, None)
    assert not await holds()
    await set_ask(hass, market, 0.6)
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await showing(hass, "sensor.glocalflex_best_ask", "unavailable")
    assert not await holds()
    market.control.refuse(None)
    await showing(hass, "sensor.glocalflex_ask_orders", 0)
    assert not await holds()
    await set_ask(hass, market, 0.7)
    assert await holds()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert not await holds()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await showing(hass, "sensor.glocalflex_ask_orders", 0)
    await set_ask(hass, market, 0.8)
    assert await holds()


async def test_last_price_of_a_stream_that_is_away(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """The last price is not taken for true while trades do not arrive."""
    holds = await set_condition(
        condition(
            "price",
            device_id(hass),
            price_type="last_price",
            threshold=limit("above", 0.4),
        )
    )
    await close_trade(hass, market, 0.5)
    assert await holds()
    market.control.refuse(503, what="stream")
    await market.control.cut("ticker")
    await showing(hass, "sensor.glocalflex_last_price", "unavailable")
    assert not await holds()


async def test_area(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """An area has prices of its own, and none once it is removed."""
    holds = await set_condition(ask(device_id(hass, "finland"), limit("below", 0.4)))
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert not await holds()
    await set_ask(hass, market, 0.2, location=FINLAND)
    assert await holds()
    hass.config_entries.async_remove_subentry(entry, [*entry.subentries][0])
    await hass.async_block_till_done()
    assert not await holds()


async def test_several_parts(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """Of several parts it must be true of each, and one that is gone counts."""
    whole, finland = device_id(hass), device_id(hass, "finland")
    holds = await set_condition(
        ask({"device_id": [whole, finland]}, limit("below", 0.4))
    )
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert not await holds()
    await set_ask(hass, market, 0.2, location=FINLAND)
    assert await holds()
    hass.config_entries.async_remove_subentry(entry, [*entry.subentries][0])
    await hass.async_block_till_done()
    await set_ask(hass, market, 0.1, location=FINLAND)
    assert not await holds()


async def test_target_that_means_nothing(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """A label that nothing has is true of nothing."""
    label = lr.async_get(hass).async_create("Watched")
    holds = await set_condition(
        condition("market_data_fresh", {"label_id": label.label_id})
    )
    assert not await holds()


@pytest.mark.parametrize("unusable", ["unavailable", "unknown", "cheap", "inf"])
async def test_limit_of_an_entity(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
    unusable: str,
) -> None:
    """The limit is what the entity shows now, and nothing is below one that shows no number."""
    holds = await set_condition(
        ask(device_id(hass), limit("below", "input_number.limit"))
    )
    await set_ask(hass, market, -0.5)
    assert not await holds()
    for value, expected in ((0, True), (unusable, False), (-1, False), (-0.1, True)):
        hass.states.async_set("input_number.limit", str(value))
        assert await holds() is expected


async def test_market_data_fresh(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """Both streams of market data must work; that of own orders has no part in it."""
    holds = await set_condition(
        condition("market_data_fresh", device_id(hass, "finland"))
    )
    assert await holds()
    for stream, key, expected in (
        ("trade", "trade_stream", True),
        ("ticker", "market_data_stream", False),
        ("orderbook", "order_book_stream", False),
    ):
        sensor = f"binary_sensor.glocalflex_{key}"
        market.control.refuse(503, what="stream")
        await market.control.cut(stream)  # type: ignore[arg-type]
        await showing(hass, sensor, "off")
        assert await holds() is expected
        market.control.refuse(None)
        await showing(hass, sensor, "on")
        assert await holds()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert not await holds()


async def test_not_fresh(
    hass: HomeAssistant, entry: MockConfigEntry, set_condition: SetCondition
) -> None:
    """Turned round, it is true of a market that is not set up: it is no error."""
    fresh = condition("market_data_fresh", device_id(hass))
    holds = await set_condition({"condition": "not", "conditions": [fresh]})
    assert not await holds()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert await holds()


async def test_market_data_within(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    set_condition: SetCondition,
) -> None:
    """Something must have come within so long, over either stream."""
    holds = await set_condition(
        condition("market_data_fresh", device_id(hass), within={"seconds": 3})
    )
    await set_ask(hass, market, 0.5)
    await close_trade(hass, market, 0.5)
    assert await holds()
    clock.set(NOON + timedelta(seconds=3))
    assert await holds()
    clock.set(NOON + timedelta(seconds=3.1))
    assert not await holds()
    await close_trade(hass, market, 0.6)
    assert await holds()
    clock.set(NOON + timedelta(seconds=7))
    assert not await holds()
    await set_ask(hass, market, 0.6)
    assert await holds()


ASK = {"price_type": "best_ask"}


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("price", {}, "price_type|threshold"),
        ("price", ASK, "threshold"),
        ("price", {"price_type": "x", "threshold": limit("above", 1)}, "PriceType"),
        ("price", {**ASK, "threshold": {"type": "any"}}, "any"),
        (
            "price",
            {**ASK, "threshold": limit("outside", 1, 0.5)},
            "value_min|lower limit",
        ),
        (
            "price",
            {**ASK, "threshold": limit("above", 1), "hysteresis": 1},
            "hysteresis",
        ),
        ("market_data_fresh", {"within": {"seconds": 0}}, "must be a second or more"),
        ("market_data_fresh", {"within": "soon"}, "within"),
        ("market_data_fresh", {"since": 1}, "since"),
    ],
)
async def test_wrong_options(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    name: str,
    options: Config,
    reason: str,
) -> None:
    """What cannot be meant is refused in the editor, in words."""
    config = condition(name, device_id(hass), **options)
    assert re.search(reason, await refusal(hass, hass_ws_client, conditions=config))


async def test_wrong_target(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: MockConfigEntry
) -> None:
    """A condition without a market is refused, an area is not."""
    nothing = condition("market_data_fresh", {"device_id": []})
    assert "choose the device" in await refusal(
        hass, hass_ws_client, conditions=nothing
    )
    area = condition("market_data_fresh", device_id(hass, "finland"))
    assert await refusal(hass, hass_ws_client, conditions=area) == ""


async def test_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The editor is told of each condition, and of each of its fields."""
    assert {
        name.removeprefix(f"{DOMAIN}."): set(description["fields"])
        for name, description in (await async_get_all_descriptions(hass)).items()
        if name.startswith(f"{DOMAIN}.") and description
    } == {
        "delivery_active": set(),
        "market_data_fresh": {"within"},
        "price": {"price_type", "threshold"},
    }
