"""Price signals as a user has them: green, its limit, the clock, outages and restarts."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.diagnostics import async_get_config_entry_diagnostics
from custom_components.glocalflex.simulator import Simulator
from homeassistant.components.number import ATTR_MAX, ATTR_MIN, ATTR_MODE, ATTR_STEP
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .conftest import NOON, Clock, SetUp, eventually
from .messages import trade
from .signals import (
    BINARY_SENSOR,
    LIMIT,
    add_signal,
    change_signal,
    is_shown,
    offer,
    set_limit,
    state_of,
    stored_signal,
)
from .test_area import FINLAND, GERMANY, stored, with_areas

MINUTE = timedelta(minutes=1)
TEN_MINUTES = {"minutes": 10}


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon, and let streams come back soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    monkeypatch.setattr("custom_components.glocalflex.market.stream.FIRST_RETRY", 0.01)
    monkeypatch.setattr(
        "custom_components.glocalflex.market.stream.REFUSED_RETRY_LIMIT", 0.05
    )


async def test_entities(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A signal is a device with a binary sensor of its name, and a limit to set."""
    await set_up(entry := with_areas(account_entry, stored_signal()))
    (subentry_id,) = entry.subentries
    await offer(hass, market, 0.6, 0.7)
    await clock.move(hass, NOON + MINUTE)
    await offer(hass, market, 0.4, 0.45, 0.6)
    shown = state_of(hass)
    assert shown.state == "on"
    assert shown.name == "Cheap power"
    assert {name: shown.attributes[name] for name in ("price", "limit", "power")} == {
        "price": 0.4,
        "limit": 0.5,
        "power": 2000.0,
    }
    assert shown.attributes["since"] == NOON + MINUTE
    assert shown.state_info is not None
    assert shown.state_info["unrecorded_attributes"] >= {"price", "power"}
    limit = state_of(hass, LIMIT)
    assert limit.state == "0.5"
    assert limit.attributes[ATTR_UNIT_OF_MEASUREMENT] == "EUR/kWh"
    assert limit.attributes[ATTR_MODE] == "box"
    assert limit.attributes[ATTR_STEP] == 0.001
    assert (limit.attributes[ATTR_MIN], limit.attributes[ATTR_MAX]) == (-1e6, 1e6)

    registry = er.async_get(hass)
    found = er.async_entries_for_config_entry(registry, entry.entry_id)
    of_signal = {e.entity_id: e for e in found if e.config_subentry_id == subentry_id}
    assert {name: e.unique_id for name, e in of_signal.items()} == {
        BINARY_SENSOR: f"{subentry_id}_signal",
        LIMIT: f"{subentry_id}_limit",
    }
    assert of_signal[LIMIT].entity_category is EntityCategory.CONFIG
    assert of_signal[BINARY_SENSOR].entity_category is None
    (device_id,) = {e.device_id for e in of_signal.values()}
    assert device_id is not None
    device = dr.async_get(hass).async_get(device_id)
    assert device is not None
    assert device.name == "Cheap power"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    # It is no part of the market: what asks for one says so.
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            "glocalflex",
            "get_forward_curve",
            {"device_id": device_id},
            blocking=True,
            return_response=True,
        )
    assert error.value.translation_key == "not_a_market"


@pytest.mark.parametrize(
    ("price", "direction", "side"),
    [
        ("best_ask", "below", "sell"),
        ("best_ask", "above", "sell"),
        ("best_bid", "below", "buy"),
        ("best_bid", "above", "buy"),
        ("last_price", "below", None),
        ("last_price", "above", None),
    ],
)
@pytest.mark.parametrize("limit", [0.5, 0.0, -0.2])
async def test_price_and_limit(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    price: str,
    direction: str,
    side: Any,
    limit: float,
) -> None:
    """Each price is held against a limit of any sign, from either side."""
    signal = stored_signal(price=price, direction=direction, limit=limit)
    await set_up(with_areas(account_entry, signal))
    # Orders that come later are better ones.
    sign = 1 if side == "buy" else -1
    for step in (-1, 0, 1):
        now = round(limit + sign * step / 10, 6)
        if side:
            await market.control.place_order(None, side=side, power=800, price=now)
        else:
            await market.control.trade(now)
        await eventually(is_shown(hass, now, f"sensor.glocalflex_{price}"))
        good = now < limit if direction == "below" else now > limit
        assert state_of(hass).state == ("on" if good else "off")
        assert state_of(hass).attributes["price"] == now


async def test_nothing_said_yet(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Before the first trade a last price is unknown; an empty book is no price to be on for."""
    await set_up(
        with_areas(
            account_entry,
            stored_signal(),
            stored_signal(name="Last", price="last_price"),
        )
    )
    await eventually(is_shown(hass, 0, "sensor.glocalflex_ask_orders"))
    assert state_of(hass).state == "off"
    last = state_of(hass, "binary_sensor.last")
    assert last.state == "unknown"
    assert last.attributes["price"] is last.attributes["power"] is None
    assert last.attributes["since"] is None


async def test_thin_depth(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A good price that too little stands behind is no signal, nor is a small trade."""
    await set_up(
        with_areas(
            account_entry,
            stored_signal(least_power=1500),
            stored_signal(name="Last", price="last_price", least_power=1500),
        )
    )
    await offer(hass, market, 0.4, 0.5, 0.6)
    assert state_of(hass).state == "off"
    assert state_of(hass).attributes["power"] == 1000.0
    await offer(hass, market, 0.4, 0.49)
    assert state_of(hass).state == "on"
    await offer(hass, market, 0.4)
    assert state_of(hass).state == "off"
    for power, expected in ((1499, "off"), (1500, "on"), (None, "off")):
        await market.control.send("ticker", trade(price=0.3, power=power))
        shown = "unknown" if power is None else f"{power}.0"
        await eventually(is_shown(hass, shown, "sensor.glocalflex_last_trade_power"))
        assert state_of(hass, "binary_sensor.last").state == expected


async def test_area(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A signal of an area sees what belongs to it alone, and nothing when it is removed."""
    await set_up(entry := with_areas(account_entry, stored()))
    (area_id,) = entry.subentries
    await add_signal(hass, entry, part=area_id)
    await add_signal(hass, entry, name="Last", part=area_id, price="last_price")
    signal_id, _ = (known for known in entry.subentries if known != area_id)
    await market.control.place_order(
        None, side="sell", power=800, price=0.1, location=GERMANY
    )
    await market.control.trade(0.1, location=GERMANY)
    await eventually(is_shown(hass, 0.1, "sensor.glocalflex_best_ask"))
    await eventually(is_shown(hass, 0.1, "sensor.glocalflex_last_price"))
    assert state_of(hass).state == "off"
    assert state_of(hass, "binary_sensor.last").state == "unknown"
    await market.control.place_order(
        None, side="sell", power=800, price=0.4, location=FINLAND
    )
    await market.control.trade(0.2, location=FINLAND)
    await eventually(is_shown(hass, "on"))
    await eventually(is_shown(hass, "on", "binary_sensor.last"))
    assert state_of(hass).attributes["price"] == 0.4

    assert hass.config_entries.async_remove_subentry(entry, area_id)
    await hass.async_block_till_done()
    assert state_of(hass).state == "unavailable"
    assert state_of(hass, "binary_sensor.last").state == "unavailable"
    # Its limit can be set all the same.
    await set_limit(hass, 0.7)
    assert state_of(hass, LIMIT).state == "0.7"
    await market.control.place_order(
        None, side="sell", power=800, price=0.05, location=FINLAND
    )
    await eventually(is_shown(hass, 0.05, "sensor.glocalflex_best_ask"))
    assert state_of(hass).state == "unavailable"
    assert caplog.text.count("Cheap power is unavailable: the area") == 1
    assert await hass.config_entries.async_reload(entry.entry_id)
    await eventually(is_shown(hass, 0.05, "sensor.glocalflex_best_ask"))
    assert state_of(hass).state == "unavailable"
    assert caplog.text.count("Cheap power is unavailable: the area") == 2
    await change_signal(hass, entry, signal_id)
    assert state_of(hass).state == "on"


async def test_least_times(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """They keep the signal as it is, and end by the clock, with no message from the market."""
    signal = stored_signal(least_on={"minutes": 5}, least_off=TEN_MINUTES)
    await set_up(with_areas(account_entry, signal))
    await offer(hass, market, 0.6)
    await clock.move(hass, NOON + MINUTE)
    await offer(hass, market, 0.4)
    assert state_of(hass).state == "off"
    await clock.move(hass, NOON + 9 * MINUTE)
    assert state_of(hass).state == "off"
    await clock.move(hass, NOON + 10 * MINUTE)
    assert state_of(hass).state == "on"
    assert state_of(hass).attributes["since"] == NOON + 10 * MINUTE

    # Dear, but cheap again before its least time is over: nothing happens then.
    await clock.move(hass, NOON + 12 * MINUTE)
    await offer(hass, market, 0.6)
    await clock.move(hass, NOON + 14 * MINUTE)
    assert state_of(hass).state == "on"
    assert state_of(hass).attributes["price"] == 0.6
    await offer(hass, market, 0.4)
    await clock.move(hass, NOON + 16 * MINUTE)
    assert state_of(hass).state == "on"
    await offer(hass, market, 0.5)
    assert state_of(hass).state == "off"


@pytest.mark.parametrize(
    ("minute", "least", "was", "is_now", "price", "after"),
    [
        (2, "least_on", 0.4, "on", 0.6, "off"),
        (2, "least_off", 0.6, "off", 0.4, "on"),
        (11, "least_on", 0.4, "off", 0.6, "off"),
        (11, "least_off", 0.6, "on", 0.4, "on"),
        (2, "least_on", 0.4, "on", 0.3, "on"),
    ],
)
async def test_restart_within_a_least_time(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    minute: int,
    least: str,
    was: float,
    is_now: str,
    price: float,
    after: str,
) -> None:
    """A restart neither ends a least time nor begins it anew; meanwhile nothing is green."""
    await set_up(
        entry := with_areas(account_entry, stored_signal(**{least: TEN_MINUTES}))
    )
    (subentry_id,) = entry.subentries
    await offer(hass, market, was)
    before = state_of(hass)
    assert before.state == ("on" if was < 0.5 else "off")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert state_of(hass).state == "unavailable"
    kept = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]["signals"]
    assert kept == {
        subentry_id: {"on": was < 0.5, "since": NOON.isoformat().replace("+00:00", "Z")}
    }
    await clock.move(hass, NOON + minute * MINUTE)
    await market.stop()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass).state == "unavailable"
    # Its book is not empty when it comes back, so that this is the first price known.
    await market.control.place_order(None, side="sell", power=1000, price=price)
    await market.start()
    await eventually(is_shown(hass, price, "sensor.glocalflex_best_ask"))
    assert state_of(hass).state == is_now
    if is_now == before.state:
        assert state_of(hass).attributes["since"] == NOON
    await clock.move(hass, NOON + 10 * MINUTE - timedelta(seconds=1))
    assert minute > 10 or state_of(hass).state == is_now
    await clock.move(hass, NOON + 12 * MINUTE)
    assert state_of(hass).state == after


async def test_a_file_without_signals(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What an older version stored is read, and what a removed signal was is let go."""
    await set_up(entry := with_areas(account_entry, stored_signal()))
    await offer(hass, market, 0.4)
    await market.control.trade(0.4)
    await eventually(is_shown(hass, 0.4, "sensor.glocalflex_last_price"))
    assert await hass.config_entries.async_unload(entry.entry_id)
    content = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]
    assert content.pop("signals")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "unusable" not in caplog.text
    assert entry.runtime_data.parts.whole.figures.day.trades == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    content = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]
    content["signals"] = {"removed": {"on": True, "since": "2026-05-05T09:00:00Z"}}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]["signals"]
    assert "removed" not in kept


async def test_a_switch_is_written_soon(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Home Assistant may end without a word; a price that moves on one side is not written."""
    monkeypatch.setattr(
        "custom_components.glocalflex.coordinator.SAVE_STATUS_AFTER", 0.01
    )
    await set_up(entry := with_areas(account_entry, stored_signal()))
    (subentry_id,) = entry.subentries
    key = f"glocalflex.{entry.entry_id}"

    def kept() -> object:
        content = hass_storage.get(key, {"data": {"signals": {}}})["data"]
        return content["signals"].get(subentry_id, {}).get("on")

    await eventually(lambda: kept() is False)
    await offer(hass, market, 0.4)
    await eventually(lambda: kept() is True)
    del hass_storage[key]
    await offer(hass, market, 0.3)
    await hass.async_block_till_done()
    assert key not in hass_storage


@pytest.mark.parametrize("least_on", [{"seconds": 0}, {"hours": 1}])
@pytest.mark.parametrize("moves", [False, True])
async def test_outage(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    least_on: dict[str, int],
    moves: bool,
) -> None:
    """Without its stream it is unavailable, whatever its least time; then the data decide."""
    await set_up(
        with_areas(
            account_entry,
            stored_signal(price="best_bid", least_on=least_on),
            stored_signal(name="Last", price="last_price", direction="above", limit=-5),
        )
    )
    await market.control.place_order(None, side="buy", power=1000, price=0.4)
    await market.control.trade(0.4)
    await eventually(is_shown(hass, "on"))
    await eventually(is_shown(hass, "on", "binary_sensor.last"))
    since = state_of(hass).attributes["since"]
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(is_shown(hass, "unavailable"))
    assert "price" not in state_of(hass).attributes
    assert state_of(hass, "binary_sensor.last").state == "on"
    assert state_of(hass, LIMIT).state == "0.5"
    await set_limit(hass, 0.45)
    assert state_of(hass).state == "unavailable"
    if moves:
        await market.control.place_order(None, side="buy", power=1000, price=0.6)
    market.control.refuse(None)
    await eventually(
        is_shown(hass, 0.6 if moves else 0.4, "sensor.glocalflex_best_bid")
    )
    is_kept = not moves or "hours" in least_on
    assert state_of(hass).state == ("on" if is_kept else "off")
    assert (state_of(hass).attributes["since"] == since) is is_kept


async def test_outage_within_the_least_time_off(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A line that breaks is no way round it."""
    await set_up(with_areas(account_entry, stored_signal(least_off=TEN_MINUTES)))
    await eventually(is_shown(hass, "off"))
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(is_shown(hass, "unavailable"))
    await market.control.place_order(None, side="sell", power=1000, price=0.4)
    await clock.move(hass, NOON + 5 * MINUTE)
    market.control.refuse(None)
    await eventually(is_shown(hass, 0.4, "sensor.glocalflex_best_ask"))
    assert state_of(hass).state == "off"
    # Its timer ends with the stream, and comes back with it.
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(is_shown(hass, "unavailable"))
    await clock.move(hass, NOON + 11 * MINUTE)
    assert state_of(hass).state == "unavailable"
    market.control.refuse(None)
    await eventually(is_shown(hass, "on"))


async def test_last_price_after_an_outage(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Trades may have been missed: the signal waits for the next, also one that was just made."""
    await set_up(entry := with_areas(account_entry, stored_signal(price="last_price")))
    await market.control.trade(0.4)
    await eventually(is_shown(hass, "on"))
    await market.control.cut("ticker")
    await eventually(lambda: entry.runtime_data.streams["ticker"].reconnects == 1)
    await eventually(is_shown(hass, "unknown"))
    await add_signal(hass, entry, name="New", price="last_price")
    assert state_of(hass, "binary_sensor.new").state == "unknown"
    await market.control.trade(0.4)
    await eventually(is_shown(hass, "on"))
    await eventually(is_shown(hass, "on", "binary_sensor.new"))


async def test_limit_is_set(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A new limit counts at once, is kept, and touches neither the streams nor the rest."""
    await set_up(entry := with_areas(account_entry, stored_signal(least_power=5)))
    (subentry_id,) = entry.subentries
    data = entry.subentries[subentry_id].data
    connected = dict(entry.runtime_data.streams)
    await offer(hass, market, 0.4)
    for limit, expected in ((0.4, "off"), (0.41, "on"), (-1, "off"), (0, "off")):
        await set_limit(hass, limit)
        assert state_of(hass).state == expected
        assert state_of(hass).attributes["limit"] == limit
        assert float(state_of(hass, LIMIT).state) == limit
        assert entry.subentries[subentry_id].data == {**data, "limit": limit}
    await set_limit(hass, 0.123456)
    assert entry.runtime_data.streams == connected
    for refused in ("nan", 1e7, "inf"):
        with pytest.raises(ServiceValidationError):
            await set_limit(hass, refused)
    assert state_of(hass, LIMIT).state == "0.123456"
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert state_of(hass, LIMIT).state == "0.123456"


async def test_limit_is_set_within_a_least_time(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The load that a least time spares is spared from the dashboard too."""
    signal = stored_signal(least_on=TEN_MINUTES, hysteresis=0.1)
    await set_up(with_areas(account_entry, signal))
    await offer(hass, market, 0.4)
    assert state_of(hass).state == "on"
    # Within the hysteresis of the new limit it is what it was, and stays so.
    await set_limit(hass, 0.35)
    await clock.move(hass, NOON + 20 * MINUTE)
    assert state_of(hass).state == "on"
    await set_limit(hass, 0.3)
    assert state_of(hass).state == "off"
    await set_limit(hass, 0.5)
    assert state_of(hass).state == "on"
    await set_limit(hass, 0.1)
    assert state_of(hass).state == "on"
    await clock.move(hass, NOON + 30 * MINUTE)
    assert state_of(hass).state == "off"


async def test_diagnostics(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """They tell what a signal was reckoned from."""
    signal = stored_signal(least_on=TEN_MINUTES)
    await set_up(entry := with_areas(account_entry, signal))
    await offer(hass, market, 0.4)
    await offer(hass, market, 0.6)
    (found,) = (await async_get_config_entry_diagnostics(hass, entry))["signals"]
    assert found.pop("rule")["limit"] == 0.5
    assert found == {
        "area": None,
        "available": True,
        "on": True,
        "price": 0.6,
        "power": 0.0,
        "memory": {"on": True, "since": "2026-05-05T09:00:00Z"},
        "due": NOON + 10 * MINUTE,
    }
