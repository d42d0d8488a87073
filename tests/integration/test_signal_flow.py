"""Adding, changing and removing price signals, while the streams go on."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from .conftest import Clock, SetUp, eventually
from .signals import (
    BINARY_SENSOR,
    LIMIT,
    SIGNAL,
    add_signal,
    change_signal,
    is_shown,
    offer,
    reconfigure,
    set_limit,
    state_of,
    stored_signal,
)
from .test_area import devices, stored, with_areas


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)


def suggested(form: dict[str, Any]) -> dict[str, Any]:
    """Return what a form is filled in with."""
    return {
        str(marker.schema): marker.description["suggested_value"]
        for marker in form["data_schema"].schema
        if marker.description
    }


def choices(form: dict[str, Any]) -> dict[str, str]:
    """Return what a signal can watch, by what is stored of it."""
    selector = form["data_schema"].schema["part"]
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def test_added(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A signal is reckoned at once from what is known, and nothing reconnects."""
    await set_up(account_entry)
    connected = dict(account_entry.runtime_data.streams)
    await offer(hass, market, 0.4)
    answer = await add_signal(hass, account_entry, name=" Cheap power ")
    assert answer["type"] is FlowResultType.CREATE_ENTRY
    assert state_of(hass).state == "on"
    (signal,) = account_entry.subentries.values()
    assert signal.title == "Cheap power"
    assert signal.subentry_type == "signal"
    data = {"version": 1, **SIGNAL}
    del data["name"]
    assert signal.data == data
    assert account_entry.runtime_data.streams == connected
    assert devices(hass, account_entry) == {"GLocalFlex", "Cheap power"}
    assert hass.states.get("sensor.cheap_power_best_ask") is None


async def test_filled_in(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """All but the name is there to begin with: an empty number would show as the least allowed."""
    await set_up(account_entry)
    flows = hass.config_entries.subentries
    form: dict[str, Any] = dict(
        await flows.async_init(
            (account_entry.entry_id, "signal"), context={"source": "user"}
        )
    )
    none = {"hours": 0, "minutes": 0, "seconds": 0}
    filled_in = {**SIGNAL, "limit": 0, "least_on": none, "least_off": none}
    assert form["data_schema"]({"name": "Cheap power"}) == filled_in


async def test_choice_of_areas(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """The whole market and the areas are offered by name, signals are not."""
    areas = [stored(name="South"), stored(name="North"), stored_signal()]
    await set_up(entry := with_areas(account_entry, *areas))
    south, north, signal = entry.subentries
    form = await reconfigure(hass, entry, signal)
    assert list(choices(form).items()) == [
        ("whole_market", "GLocalFlex"),
        (north, "North"),
        (south, "South"),
    ]


async def test_refused(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """What makes no signal is refused, in words; what was typed is there to be mended."""
    await set_up(account_entry)
    changes = {
        "name": " ",
        "limit": float("nan"),
        "hysteresis": float("nan"),
        "least_power": float("nan"),
        "least_on": {"days": 7, "seconds": 1},
        "least_off": {"hours": 200},
    }
    answer = await add_signal(hass, account_entry, **changes)
    assert answer["errors"] == {
        "name": "name_missing",
        "limit": "not_a_number",
        "hysteresis": "not_a_number",
        "least_power": "not_a_number",
        "least_on": "too_long",
        "least_off": "too_long",
    }
    assert suggested(answer)["least_off"] == {"hours": 200}
    flows = hass.config_entries.subentries
    for wrong in (
        {"part": "nowhere"},
        {"price": "spread"},
        {"direction": "beside"},
        {"hysteresis": -0.1},
        {"least_on": {"seconds": -1}},
        {"least_power": -1},
        {"limit": 1e7},
    ):
        with pytest.raises(InvalidData):
            await flows.async_configure(answer["flow_id"], {**SIGNAL, **wrong})
    assert not account_entry.subentries
    limits = {"limit": -1e6, "least_on": {"days": 7}}
    answer = dict(await flows.async_configure(answer["flow_id"], {**SIGNAL, **limits}))
    assert answer["type"] is FlowResultType.CREATE_ENTRY


async def test_changed(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A least time holds a signal that is changed, but not one that watches another price."""
    signal = stored_signal(least_on={"hours": 1})
    await set_up(entry := with_areas(account_entry, stored(), signal))
    area_id, signal_id = entry.subentries
    await offer(hass, market, 0.4)
    assert state_of(hass).state == "on"
    least: dict[str, Any] = {"least_on": {"hours": 1}}
    await set_limit(hass, 0.3)
    form = await reconfigure(hass, entry, signal_id)
    assert suggested(form) == {**SIGNAL, **least, "limit": 0.3}
    await change_signal(hass, entry, signal_id, **least, limit=0.2, name="Green")
    assert state_of(hass).state == "on"
    assert state_of(hass).attributes["limit"] == 0.2
    assert state_of(hass, LIMIT).state == "0.2"
    assert state_of(hass).name == "Green"
    assert "Green" in devices(hass, entry)
    written = async_capture_events(hass, "state_changed")
    await change_signal(hass, entry, signal_id, **least, limit=0.2, name="Green")
    assert not written

    for other, expected in (
        ({"direction": "above"}, "on"),
        ({"direction": "below"}, "off"),
        ({"limit": 9.0, "price": "best_bid"}, "off"),
        ({"limit": 9.0}, "on"),
        ({"limit": 9.0, "price": "last_price"}, "unknown"),
        ({"limit": 9.0}, "on"),
        ({"part": area_id}, "off"),
    ):
        changes = {**least, "limit": 0.2, **other}
        await change_signal(hass, entry, signal_id, **changes)
        assert state_of(hass).state == expected


async def test_other_changes_of_the_entry(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A renewed token, say, is no reason to write a signal's states."""
    await set_up(entry := with_areas(account_entry, stored_signal()))
    await offer(hass, market, 0.4)
    reported = [state_of(hass, name).last_reported for name in (BINARY_SENSOR, LIMIT)]
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "refresh_token": "another"}
    )
    await hass.async_block_till_done()
    assert reported == [
        state_of(hass, name).last_reported for name in (BINARY_SENSOR, LIMIT)
    ]


async def test_removed(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A removed signal takes its device, entities, timer and memory with it."""
    signals = (
        stored_signal(least_on={"minutes": 10}),
        stored_signal(name="Other"),
    )
    await set_up(entry := with_areas(account_entry, *signals))
    removed, kept = entry.subentries
    await offer(hass, market, 0.4)
    await offer(hass, market, 0.6)
    assert state_of(hass).state == "on"
    assert hass.config_entries.async_remove_subentry(entry, removed)
    await hass.async_block_till_done()
    assert hass.states.get(BINARY_SENSOR) is hass.states.get(LIMIT) is None
    assert devices(hass, entry) == {"GLocalFlex", "Other"}
    registry = er.async_get(hass)
    assert not [
        entity
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        if entity.unique_id.startswith(removed)
    ]
    await offer(hass, market, 0.3)
    assert state_of(hass, "binary_sensor.other").state == "on"
    assert await hass.config_entries.async_unload(entry.entry_id)
    content = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    assert content["signals"].keys() == {kept}


async def test_unloaded_within_a_least_time(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Nothing waits for its end any more, which the harness looks for."""
    signal = stored_signal(least_on={"hours": 1})
    await set_up(entry := with_areas(account_entry, signal))
    await offer(hass, market, 0.4)
    await offer(hass, market, 0.6)
    (known,) = entry.runtime_data.signals.by_identifier.values()
    assert known.state.due is not None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_area_removed(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The form of a signal whose area was removed says so, and takes another."""
    await set_up(entry := with_areas(account_entry, stored()))
    (area_id,) = entry.subentries
    await add_signal(hass, entry, part=area_id)
    (signal_id,) = entry.subentries.keys() - {area_id}
    form = await reconfigure(hass, entry, signal_id)
    assert not form["errors"]
    hass.config_entries.async_remove_subentry(entry, area_id)
    await hass.async_block_till_done()
    form = await reconfigure(hass, entry, signal_id)
    assert form["errors"] == {"part": "area_removed"}
    assert "part" not in suggested(form)
    assert choices(form).keys() == {"whole_market"}
    await offer(hass, market, 0.4)
    await change_signal(hass, entry, signal_id)
    await eventually(is_shown(hass, "on"))


async def test_newer_version(
    hass: HomeAssistant,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A signal of a newer version is left as it is, and said to be so once."""
    newer = {"version": 2, "colour": "green"}
    await set_up(
        entry := with_areas(
            account_entry,
            ConfigSubentryData(
                title="Newer", data=newer, subentry_type="signal", unique_id=None
            ),
            stored_signal(),
        )
    )
    assert hass.states.get("binary_sensor.newer") is None
    assert hass.states.get(BINARY_SENSOR) is not None
    newer_id = next(iter(entry.subentries))
    assert entry.subentries[newer_id].data == newer
    answer = await reconfigure(hass, entry, newer_id)
    assert answer["reason"] == "newer_version"
    await add_signal(hass, entry, name="Third")
    assert caplog.text.count("The signal Newer was made by a newer version") == 1


async def test_entry_not_loaded(
    hass: HomeAssistant, account_entry: MockConfigEntry
) -> None:
    """A signal is added to a market that is set up."""
    account_entry.add_to_hass(hass)
    answer = await hass.config_entries.subentries.async_init(
        (account_entry.entry_id, "signal"), context={"source": "user"}
    )
    assert answer["reason"] == "entry_not_loaded"
