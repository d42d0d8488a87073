"""What triggers watch: parts of the market that come and go."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.market import StreamName
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)

from .automations import (
    FINLAND,
    GERMANY,
    Automations,
    close_trade,
    crossed,
    device_id,
    limit,
    set_ask,
    set_limit,
    showing,
    trigger,
)
from .conftest import SetUp
from .signals import BINARY_SENSOR, add_signal
from .test_area import stored, with_areas


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)


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


async def test_nothing_is_left_behind(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """However often the entry is reloaded, each trigger listens once, and in the end not at all."""
    await set_limit(hass, 0.4)
    finland = device_id(hass, "finland")

    def listeners() -> list[object]:
        parts = entry.runtime_data.parts
        notifier = entry.runtime_data._notifiers[StreamName.ORDER_BOOK]  # noqa: SLF001
        return [
            hass.bus.async_listeners(),
            len(notifier._listeners),  # noqa: SLF001
            [len(kind) for part in parts for kind in part._listeners.values()],  # noqa: SLF001
        ]

    before = listeners()
    await automations.add(
        trigger("trade_closed", finland),
        crossed(finland, limit("below", "input_number.limit")),
    )
    await automations.turn("off")
    await hass.async_block_till_done()
    without = listeners()
    assert without[1:] == before[1:]
    await automations.turn("on")
    watching = listeners()
    assert watching[1:] != without[1:]
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await showing(hass, "sensor.finland_ask_orders", 0)
    assert listeners() == watching
    old = entry.runtime_data
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    # The price signals are the market's own, and go with it.
    assert len(old._notifiers[StreamName.ORDER_BOOK]._listeners) == 1  # noqa: SLF001
    assert not any(any(part._listeners.values()) for part in old.parts)  # noqa: SLF001
    await automations.turn("off")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await showing(hass, "sensor.finland_ask_orders", 0)
    assert listeners() == without
    await close_trade(hass, market, 1, location=FINLAND)
    assert await automations.runs() == []


async def test_area_removed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """An automation of an area that is removed falls silent, also when its limit moves."""
    whole, finland = device_id(hass), device_id(hass, "finland")
    await set_limit(hass, 0.4)
    await automations.add(
        crossed(finland, limit("below", "input_number.limit")),
        trigger("trade_closed", {"device_id": [whole, finland]}),
    )
    await set_ask(hass, market, 0.5, location=FINLAND)
    removed = entry.runtime_data.parts.by_identifier[[*entry.subentries][0]]
    hass.config_entries.async_remove_subentry(entry, [*entry.subentries][0])
    await hass.async_block_till_done()
    assert not any(removed._listeners.values())  # noqa: SLF001
    await set_limit(hass, 0.6)
    await set_ask(hass, market, 0.3, location=FINLAND)
    assert await automations.runs() == []
    await close_trade(hass, market, 2, location=FINLAND)
    assert [run["device_id"] for run in await automations.runs()] == [whole]


async def test_area_changed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """An area that becomes another goes on being watched."""
    finland = device_id(hass, "finland")
    await automations.add(
        trigger("trade_closed", finland), crossed(finland, limit("below", 0.4))
    )
    await set_ask(hass, market, 0.5, location=FINLAND)
    (subentry,) = entry.subentries.values()
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "country_codes": ["DE"]}
    )
    await hass.async_block_till_done()
    await close_trade(hass, market, 1, location=FINLAND)
    await close_trade(hass, market, 2, location=GERMANY)
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert await automations.prices() == [2, 0.3]


async def test_other_targets(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """An entity stands for its device; a place and a label for what is there, as it changes."""
    place = ar.async_get(hass).async_create("Cellar")
    label = lr.async_get(hass).async_create("Watched")
    devices = dr.async_get(hass)
    other = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("other", "one")}
    )
    devices.async_update_device(other.id, area_id=place.id)
    finland = device_id(hass, "finland")
    # Of no device, and so of no market.
    lone = er.async_get(hass).async_get_or_create("event", "other", "lone")
    er.async_get(hass).async_update_entity(lone.entity_id, area_id=place.id)
    entity = {"entity_id": "event.finland_trade"}
    await automations.add(
        {**trigger("trade_closed", entity), "id": "entity"},
        {**trigger("trade_closed", {"area_id": place.id}), "id": "place"},
        {**trigger("trade_closed", {"label_id": label.label_id}), "id": "label"},
    )
    # What becomes of others' entries changes nothing.
    others = MockConfigEntry(domain="other")
    others.add_to_hass(hass)
    hass.config_entries.async_update_entry(others, title="Another")
    await close_trade(hass, market, 1, location=FINLAND)
    await close_trade(hass, market, 2, location=GERMANY)
    runs = await automations.runs()
    assert [(run["id"], run["price"]) for run in runs] == [("entity", 1)]
    assert runs[0]["device_id"] == finland

    devices.async_update_device(finland, area_id=place.id, labels={label.label_id})
    await hass.async_block_till_done()
    await close_trade(hass, market, 3, location=FINLAND)
    assert sorted(run["id"] for run in await automations.runs()) == [
        "entity",
        "label",
        "place",
    ]
    devices.async_update_device(finland, area_id=None, labels=set())
    await hass.async_block_till_done()
    await close_trade(hass, market, 4, location=FINLAND)
    assert [run["id"] for run in await automations.runs()] == ["entity"]
    er.async_get(hass).async_update_entity(
        "event.finland_trade", labels={label.label_id}
    )
    await hass.async_block_till_done()
    await close_trade(hass, market, 5, location=FINLAND)
    assert sorted(run["id"] for run in await automations.runs()) == ["entity", "label"]


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
async def test_offered(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: MockConfigEntry
) -> None:
    """For a device, the editor offers what it can have, which is nothing for a price signal."""
    await add_signal(hass, entry)
    client = await hass_ws_client(hass)

    async def offered(entity_id: str) -> set[str]:
        found = er.async_get(hass).async_get(entity_id)
        assert found is not None
        names = set()
        for kind in ("triggers", "conditions"):
            await client.send_json_auto_id(
                {
                    "type": f"get_{kind}_for_target",
                    "target": {"device_id": [found.device_id]},
                }
            )
            names |= {*(await client.receive_json())["result"]}
        return {
            name.removeprefix("glocalflex.")
            for name in names
            if name.startswith("glocalflex.")
        }

    of_an_area = {
        "best_price_crossed",
        "market_data_fresh",
        "order_expired",
        "price",
        "trade_closed",
    }
    assert await offered("sensor.finland_best_ask") == of_an_area
    assert await offered("sensor.glocalflex_best_ask") == of_an_area | {
        "contract_status_changed",
        "delivery_active",
        "delivery_ended",
        "delivery_started",
        "order_status_changed",
    }
    assert await offered(BINARY_SENSOR) == set()
