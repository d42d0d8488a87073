"""Areas: parts of the market with figures and events of their own."""

from collections.abc import Callable
from datetime import timedelta
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
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .conftest import SetUp, eventually

FINLAND: dict[str, Any] = {"country_code": "FI", "location_id": ["FI-1"]}
GERMANY: dict[str, Any] = {"country_code": "DE", "location_id": [None]}
AREA: dict[str, Any] = {
    "name": "Finland",
    "country_codes": ["FI"],
    "location_ids": [],
    "least_power": 0.0,
    "size": 500.0,
    "includes_unlocated": False,
}


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)


def stored(**changes: Any) -> ConfigSubentryData:
    """Return a stored area."""
    data = {"version": 1, **AREA, **changes}
    return ConfigSubentryData(
        title=data.pop("name"), data=data, subentry_type="area", unique_id=None
    )


def with_areas(entry: MockConfigEntry, *areas: ConfigSubentryData) -> MockConfigEntry:
    """Return the like of an entry that has areas."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=entry.title,
        unique_id=entry.unique_id,
        data=dict(entry.data),
        subentries_data=areas,
    )


def shows(hass: HomeAssistant, entity_id: str, value: object) -> Callable[[], bool]:
    """Return whether an entity shows a value."""

    def condition() -> bool:
        state = hass.states.get(entity_id)
        return state is not None and state.state == str(value)

    return condition


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of an entry's devices."""
    registry = dr.async_get(hass)
    return {
        device.name
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    }


async def add(
    hass: HomeAssistant, entry: MockConfigEntry, **changes: Any
) -> dict[str, Any]:
    """Add an area as a person does; return the flow's last answer."""
    flows = hass.config_entries.subentries
    shown = await flows.async_init((entry.entry_id, "area"), context={"source": "user"})
    assert shown["type"] is FlowResultType.FORM
    answer = await flows.async_configure(shown["flow_id"], {**AREA, **changes})
    await hass.async_block_till_done()
    return dict(answer)


async def test_added_while_the_streams_go_on(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An area has what belongs to it, the whole market everything, and nothing reconnects."""
    await set_up(account_entry)
    connected = account_entry.runtime_data.streams
    await market.control.place_order(
        None, side="buy", power=800, price=0.3, location=FINLAND
    )
    await market.control.place_order(
        None, side="buy", power=100, price=0.9, location=GERMANY
    )
    await eventually(shows(hass, "sensor.glocalflex_best_bid", 0.9))

    assert (await add(hass, account_entry))["type"] is FlowResultType.CREATE_ENTRY
    # The book that is known already.
    assert shows(hass, "sensor.finland_best_bid", 0.3)()
    assert shows(hass, "sensor.finland_bid_power", 800.0)()
    assert shows(hass, "sensor.finland_last_price", "unknown")()

    heard = async_capture_events(hass, "glocalflex_trade")
    await market.control.trade(0.4, location=GERMANY)
    await market.control.trade(0.5, location=FINLAND)
    await market.control.trade(0.6)
    await eventually(shows(hass, "sensor.glocalflex_last_price", 0.6))
    await hass.async_block_till_done()
    assert shows(hass, "sensor.finland_last_price", 0.5)()
    assert [event.data["price"] for event in heard] == [0.4, 0.5, 0.6]
    trade = hass.states.get("event.finland_trade")
    assert trade is not None
    assert trade.attributes["price"] == 0.5
    assert hass.states.get("sensor.finland_orders_filled") is None
    assert hass.states.get("event.finland_order_status") is None
    assert account_entry.runtime_data.streams == connected


@pytest.mark.parametrize(
    ("definition", "prices"),
    [
        ({}, ["0.1", "0.2"]),
        ({"country_codes": []}, ["0.1", "0.2", "0.3"]),
        ({"country_codes": ["DE", "FI"]}, ["0.1", "0.2", "0.3"]),
        (
            {"country_codes": [], "includes_unlocated": True},
            ["0.1", "0.2", "0.3", "0.4"],
        ),
        ({"location_ids": ["FI-1"]}, ["0.1"]),
        ({"location_ids": ["FI-1"], "country_codes": []}, ["0.1"]),
        ({"location_ids": ["FI-1"], "country_codes": ["DE"]}, []),
        ({"least_power": 1000.0}, ["0.2"]),
        ({"horizon": 3.0}, ["0.1"]),
        ({"horizon": 30.0}, ["0.1", "0.2"]),
    ],
)
async def test_what_belongs(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    definition: dict[str, Any],
    prices: list[str],
) -> None:
    """What belongs to an area fits all that is set, in trades and in the book alike."""
    await set_up(entry := with_areas(account_entry, stored(**definition)))
    now = market.control.now
    soon = (now + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    late = soon + timedelta(hours=5)
    elsewhere: dict[str, Any] = {"country_code": "FI", "location_id": [None]}
    for price, power, start, location in (
        (0.1, 500, soon, FINLAND),
        (0.2, 1500, late, elsewhere),
        (0.3, 500, late, GERMANY),
        (0.4, 500, soon, None),
    ):
        window: dict[str, Any] = {
            "delivery_start": start,
            "delivery_end": start + timedelta(minutes=15),
        }
        await market.control.trade(price, power, location=location, **window)
        await market.control.place_order(
            None, side="buy", power=power, price=price, location=location, **window
        )
    await eventually(shows(hass, "sensor.glocalflex_bid_orders", 4))
    await eventually(shows(hass, "sensor.glocalflex_last_price", 0.4))
    part = entry.runtime_data.parts.by_identifier[next(iter(entry.subentries))]
    assert part.figures.day.trades == len(prices)
    assert shows(hass, "sensor.finland_bid_orders", len(prices))()


async def test_changed(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Another definition has another book at once, and counts anew; a new name does not."""
    await set_up(entry := with_areas(account_entry, stored()))
    await market.control.place_order(
        None, side="sell", power=700, price=0.7, location=GERMANY
    )
    await market.control.trade(0.5, location=FINLAND)
    await eventually(shows(hass, "sensor.finland_last_price", 0.5))
    await eventually(shows(hass, "sensor.glocalflex_best_ask", 0.7))
    flows = hass.config_entries.subentries
    (subentry_id,) = entry.subentries

    async def change(**changes: Any) -> None:
        shown = await flows.async_init(
            (entry.entry_id, "area"),
            context={"source": "reconfigure", "subentry_id": subentry_id},
        )
        answer = await flows.async_configure(shown["flow_id"], {**AREA, **changes})
        assert answer["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()

    await change(name="North")
    assert shows(hass, "sensor.finland_last_price", 0.5)()
    assert devices(hass, entry) == {"GLocalFlex", "North"}
    await change(country_codes=["DE"])
    assert shows(hass, "sensor.finland_last_price", "unknown")()
    assert shows(hass, "sensor.finland_best_ask", 0.7)()


async def test_other_changes_of_the_entry(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """A renewed token, say, is no reason to reckon anything anew."""
    await set_up(entry := with_areas(account_entry, stored()))
    # The first book has come.
    await eventually(shows(hass, "sensor.finland_ask_orders", 0))
    await eventually(shows(hass, "sensor.glocalflex_ask_orders", 0))
    await hass.async_block_till_done()
    written = async_capture_events(hass, "state_changed")
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "refresh_token": "another"}
    )
    await hass.async_block_till_done()
    assert not written
    assert not entry.runtime_data.parts.async_sync()


async def test_removed(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    hass_storage: dict[str, Any],
) -> None:
    """A removed area takes its device, entities and counters with it."""
    await set_up(entry := with_areas(account_entry, stored(), stored(name="Other")))
    removed, kept = entry.subentries
    await market.control.trade(0.5, location=FINLAND)
    await eventually(shows(hass, "sensor.finland_last_price", 0.5))
    assert hass.config_entries.async_remove_subentry(entry, removed)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.finland_last_price") is None
    assert devices(hass, entry) == {"GLocalFlex", "Other"}
    assert not [
        entity
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.unique_id.startswith(removed)
    ]
    await market.control.trade(0.6, location=FINLAND)
    await eventually(shows(hass, "sensor.other_last_price", 0.6))
    assert await hass.config_entries.async_unload(entry.entry_id)
    counters = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["counters"]
    assert counters.keys() == {entry.entry_id, kept}


async def test_counters_survive(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An area counts on after a restart, unless it was defined anew meanwhile."""
    await set_up(entry := with_areas(account_entry, stored()))
    (subentry_id,) = entry.subentries
    await market.control.trade(0.5, location=FINLAND)
    await eventually(shows(hass, "sensor.finland_last_price", 0.5))
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.parts.by_identifier[subentry_id].figures.day.trades == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    subentry = entry.subentries[subentry_id]
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "country_codes": ["DE"]}
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.parts.by_identifier[subentry_id].figures.day.trades == 0


async def test_refused(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """What can match nothing ever is refused, in words."""
    await set_up(account_entry)
    answer = await add(hass, account_entry, country_codes=["FI", "XX"])
    assert answer["errors"] == {"country_codes": "no_such_country"}
    flows = hass.config_entries.subentries
    answer = dict(
        await flows.async_configure(answer["flow_id"], {**AREA, "name": "  "})
    )
    assert answer["errors"] == {"name": "name_missing"}
    answer = dict(
        await flows.async_configure(
            answer["flow_id"], {**AREA, "name": " South ", "country_codes": ["es "]}
        )
    )
    assert answer["type"] is FlowResultType.CREATE_ENTRY
    (area,) = account_entry.subentries.values()
    assert (area.title, area.data["country_codes"]) == ("South", ["ES"])


@pytest.mark.parametrize(
    ("changes", "unseen", "orders"),
    [
        ({"country_codes": ["AT", "FI"]}, "AT", 1),
        ({"location_ids": ["FI-1", "FI-9"]}, "FI-9", 1),
        ({"least_power": 5000.0}, "5000 W", 0),
    ],
)
async def test_not_seen_yet(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    changes: dict[str, Any],
    unseen: str,
    orders: int,
) -> None:
    """What may match later is taken after a warning."""
    await set_up(account_entry)
    await market.control.place_order(
        None, side="buy", power=800, price=0.3, location=FINLAND
    )
    await eventually(shows(hass, "sensor.glocalflex_best_bid", 0.3))
    answer = await add(hass, account_entry, **changes)
    assert answer["step_id"] == "confirm"
    assert answer["description_placeholders"] == {"unseen": unseen}
    assert not account_entry.subentries
    flows = hass.config_entries.subentries
    answer = dict(await flows.async_configure(answer["flow_id"], {}))
    assert answer["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert shows(hass, "sensor.finland_bid_orders", orders)()


async def test_newer_version(
    hass: HomeAssistant,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An area of a newer version is left as it is, and said to be so once."""
    newer = {"version": 2, "shape": "round"}
    await set_up(
        entry := with_areas(
            account_entry,
            ConfigSubentryData(
                title="Round", data=newer, subentry_type="area", unique_id=None
            ),
            stored(),
        )
    )
    assert hass.states.get("sensor.round_best_bid") is None
    assert hass.states.get("sensor.finland_best_bid") is not None
    subentry_id = next(iter(entry.subentries))
    assert entry.subentries[subentry_id].data == newer
    answer = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "area"),
        context={"source": "reconfigure", "subentry_id": subentry_id},
    )
    assert answer["reason"] == "newer_version"
    await add(hass, entry, name="Third")
    assert caplog.text.count("made by a newer version") == 1


async def test_entry_not_loaded(
    hass: HomeAssistant, account_entry: MockConfigEntry
) -> None:
    """An area is added to a market that is set up."""
    account_entry.add_to_hass(hass)
    answer = await hass.config_entries.subentries.async_init(
        (account_entry.entry_id, "area"), context={"source": "user"}
    )
    assert answer["reason"] == "entry_not_loaded"


async def test_unavailable_with_its_stream(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An area's figures go and come back with the streams they are from."""
    await set_up(with_areas(account_entry, stored()))
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(shows(hass, "sensor.finland_best_bid", "unavailable"))
    assert shows(hass, "sensor.finland_last_price", "unknown")()
