"""Triggers, as automations use them: what sets them off, and what does not."""

import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.trigger import async_get_all_descriptions

from .automations import (
    FINLAND,
    GERMANY,
    Automations,
    Config,
    automation_of_another,
    close_trade,
    device_id,
    limit,
    refusal,
    showing,
    trigger,
)
from .conftest import SetUp
from .messages import contract_status, expired_order, order_status, trade
from .signals import BINARY_SENSOR, LIMIT, add_signal
from .test_area import stored, with_areas

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


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


async def test_trade_closed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """Each trade fires once and in order, with all that the message held."""
    whole = device_id(hass)
    await automations.add(trigger("trade_closed", whole))
    prices = [0.42, -0.1, 0.42, 0.0, 7.0]
    for price in prices:
        await market.control.send("ticker", trade(price=price))
    await market.control.send("ticker", expired_order(price=9))
    await showing(hass, "sensor.glocalflex_expired_orders", 1)
    runs = await automations.runs()
    assert [run["price"] for run in runs] == prices
    assert runs[0] == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "glocalflex.trade_closed",
        "description": "a trade closed at 0.42 EUR/kWh",
        "device_id": whole,
        "created_at": "2026-05-05T09:00:30+00:00",
        "closed_at": "2026-05-05T09:00:30+00:00",
        "price": 0.42,
        "power": 1500.0,
        "energy": 1.5,
        "delivery_start": "2026-05-05T10:00:00+00:00",
        "delivery_end": "2026-05-05T11:00:00+00:00",
        "country_code": "FI",
        "location_ids": ["loc1"],
        "latitude": 60.2,
        "longitude": 24.8,
    }


@pytest.mark.parametrize(
    ("options", "fires"),
    [
        ({"above": 0}, [(0.1, 100.0), (0.3, 1000.0), (0.3, None)]),
        ({"below": 0.3}, [(-0.2, 2000.0), (0.0, 1000.0), (0.1, 100.0)]),
        ({"above": -0.2, "below": 0.1}, [(0.0, 1000.0)]),
        ({"below": -0.1}, [(-0.2, 2000.0)]),
        ({"least_power": 1000}, [(-0.2, 2000.0), (0.0, 1000.0), (0.3, 1000.0)]),
        ({"above": 0.2, "least_power": 500}, [(0.3, 1000.0)]),
        (
            {"least_power": 0},
            [(-0.2, 2000), (0.0, 1000), (0.1, 100), (0.3, 1000), (0.3, None)],
        ),
    ],
)
async def test_trade_closed_with_options(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    options: Config,
    fires: list[tuple[float, float | None]],
) -> None:
    """Only trades above or below a price fire, and of so much power."""
    await automations.add(trigger("trade_closed", device_id(hass), **options))
    for price, power in (
        (-0.2, 2000.0),
        (0.0, 1000.0),
        (0.1, 100.0),
        (0.3, 1000.0),
        (0.3, None),
    ):
        await market.control.send("ticker", trade(price=price, power=power))
    await close_trade(hass, market, 0.15, power=0.5)
    runs = [(run["price"], run["power"]) for run in await automations.runs()]
    assert [run for run in runs if run != (0.15, 0.5)] == fires


async def test_area_and_whole_market(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A trade fires for each part that it belongs to, an automation of an area for the area's alone."""
    whole, finland = device_id(hass), device_id(hass, "finland")
    await automations.add(
        {**trigger("trade_closed", finland), "id": "finland"},
        {**trigger("trade_closed", {"device_id": [whole, finland]}), "id": "both"},
        {**trigger("order_expired", finland), "id": "expired"},
    )
    await market.control.send("ticker", expired_order(price=4, location=GERMANY))
    await market.control.send("ticker", expired_order(price=3, location=FINLAND))
    await market.control.send("ticker", trade(price=2, location=GERMANY))
    await close_trade(hass, market, 1, location=FINLAND)
    assert sorted(
        (run["id"], run["price"], run["device_id"]) for run in await automations.runs()
    ) == sorted(
        [
            ("finland", 1, finland),
            ("both", 1, finland),
            ("both", 1, whole),
            ("both", 2, whole),
            ("expired", 3, finland),
        ]
    )


async def test_order_expired(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """An expired order fires, of so much power where that is asked for; a trade does not."""
    whole = device_id(hass)
    await automations.add(
        {**trigger("order_expired", whole), "id": "any"},
        {**trigger("order_expired", whole, least_power=1500), "id": "big"},
    )
    await market.control.send("ticker", expired_order(power=1499.9))
    await market.control.send("ticker", expired_order(power=1500))
    await close_trade(hass, market, 1)
    runs = await automations.runs()
    assert [(run["id"], run["power"]) for run in runs] == [
        ("any", 1499.9),
        ("any", 1500.0),
        ("big", 1500.0),
    ]
    assert runs[0]["description"] == "an order at 0.42 EUR/kWh expired"
    assert runs[0]["expired_at"] == "2026-05-05T09:00:30+00:00"


@pytest.mark.parametrize(
    ("to", "fires"),
    [
        (None, ["accepted", "filled", "cancelled"]),
        ("filled", ["filled"]),
        (["cancelled", "accepted"], ["accepted", "cancelled"]),
        ("other", []),
    ],
)
async def test_order_status_changed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    to: str | list[str] | None,
    fires: list[str],
) -> None:
    """A new status of an own order fires, also one that nobody knows, by the market's name for it."""
    options = {} if to is None else {"to": to}
    await automations.add(trigger("order_status_changed", device_id(hass), **options))
    for status in ("accepted", "filled", "filled", "cancelled"):
        await market.control.send("trade", order_status(status))
    await market.control.send("trade", contract_status("settlement_initiated"))
    await showing(hass, "sensor.glocalflex_contracts_in_settlement", 1)
    runs = await automations.runs()
    assert [run["status"] for run in runs] == fires
    for run in runs:
        assert run["order_id"] == "order-1"
        assert run["description"] == f"order order-1 has the status {run['status']}"


async def test_contract_status_changed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A new status of an own contract fires, an order's does not."""
    whole = device_id(hass)
    settled = "settlement_completed_success"
    await automations.add(
        {**trigger("contract_status_changed", whole), "id": "any"},
        {**trigger("contract_status_changed", whole, to=[settled]), "id": "settled"},
    )
    for status in ("verification_failed", settled):
        await market.control.send("trade", contract_status(status))
    await market.control.send("trade", order_status("accepted"))
    await showing(hass, "sensor.glocalflex_orders_accepted", 1)
    assert [(run["id"], run["status"]) for run in await automations.runs()] == [
        ("any", "verification_failed"),
        ("any", settled),
        ("settled", settled),
    ]


TRADE = "trade_closed"
CROSSED = "best_price_crossed"
ASK = {"price_type": "best_ask"}


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        (TRADE, {"abov": 1}, r"abov"),
        (TRADE, {"above": "dear"}, "expected"),
        (TRADE, {"above": "nan"}, "expected a number"),
        (TRADE, {"above": 0.5, "below": 0.5}, "no price is above 0.5 and below 0.5"),
        (TRADE, {"above": 0, "below": -0.5}, "no price is above 0 and below -0.5"),
        (TRADE, {"least_power": -1}, "must not be negative"),
        ("order_expired", {"above": 1}, "above"),
        ("order_status_changed", {"to": [""]}, "a status is missing"),
        ("contract_status_changed", {"least_power": 1}, "least_power"),
        (CROSSED, {}, "price_type|threshold"),
        (CROSSED, ASK, "threshold"),
        (CROSSED, {"price_type": "best", "threshold": limit("above", 1)}, "PriceType"),
        (CROSSED, {**ASK, "threshold": {"type": "above"}}, "value"),
        (CROSSED, {**ASK, "threshold": {"type": "any"}}, "any"),
        (CROSSED, {**ASK, "threshold": limit("above", "x")}, "(?i)entity"),
        (
            CROSSED,
            {**ASK, "threshold": {"type": "above", "value": {"number": "inf"}}},
            "a number",
        ),
        (
            CROSSED,
            {**ASK, "threshold": limit("between", 0.5, 0.5)},
            r"the lower limit \(0.5 EUR/kWh\) must be less than the upper one",
        ),
        (
            CROSSED,
            {**ASK, "threshold": limit("above", 1), "hysteresis": -0.1},
            "must not be negative",
        ),
        (
            CROSSED,
            {**ASK, "threshold": limit("above", 1), "also_if_already": "perhaps"},
            "also_if_already",
        ),
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
    config = trigger(name, device_id(hass), **options)
    assert re.search(reason, await refusal(hass, hass_ws_client, triggers=config))


async def test_wrong_target(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: MockConfigEntry
) -> None:
    """What never has any events is refused: another's device, a signal, an area in some cases."""
    devices = dr.async_get(hass)
    other = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("other", "one")}, name="Toaster"
    )
    await automation_of_another(hass)
    finland = device_id(hass, "finland")
    for target, reason in (
        (other.id, "Toaster is neither a GLocalFlex market nor an area of one"),
        ({"device_id": [finland, other.id]}, "Toaster is neither"),
        ({"entity_id": "automation.other"}, "automation.other is no entity of a GLoc"),
        ({}, "choose the device of a market or of an area"),
        ({"device_id": []}, "choose the device of a market or of an area"),
    ):
        found = await refusal(
            hass, hass_ws_client, triggers=trigger("order_expired", target)
        )
        assert reason in found
    for name in ("order_status_changed", "contract_status_changed"):
        for area in (finland, {"entity_id": "event.finland_trade"}):
            found = await refusal(hass, hass_ws_client, triggers=trigger(name, area))
            assert "Finland is an area" in found
    await add_signal(hass, entry)
    for target in (LIMIT, BINARY_SENSOR):
        config = trigger("order_status_changed", {"entity_id": target})
        found = await refusal(hass, hass_ws_client, triggers=config)
        assert "Cheap power is a price signal: choose its market" in found
    missing = {"trigger": "glocalflex.trade_closed"}
    assert "target" in await refusal(hass, hass_ws_client, triggers=missing)


async def test_what_is_not_there_yet(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: MockConfigEntry
) -> None:
    """A device, an entity or a place that is gone, or comes later, is accepted."""
    for target in (
        "0123456789abcdef",
        {"entity_id": "event.later"},
        {"area_id": "nowhere", "floor_id": "first", "label_id": "none"},
    ):
        config = trigger("order_status_changed", target)
        assert await refusal(hass, hass_ws_client, triggers=config) == ""


async def test_broken_variables(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A template of one automation that fails is told, and costs no other one its trade."""
    whole = device_id(hass)
    await automations.add(
        {
            **trigger("trade_closed", whole),
            "variables": {"half": "{{ trigger.price / 0 }}"},
        },
        trigger("trade_closed", whole),
    )
    await close_trade(hass, market, 1)
    assert [run["idx"] for run in await automations.runs()] == ["1"]
    assert (
        "glocalflex.trade_closed cannot run an automation: ZeroDivisionError"
        in caplog.text
    )


async def test_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The editor is told of each trigger, and of each of its fields."""
    described = {
        name.removeprefix(f"{DOMAIN}."): set(description["fields"])
        for name, description in (await async_get_all_descriptions(hass)).items()
        if name.startswith(f"{DOMAIN}.") and description
    }
    assert described == {
        "best_price_crossed": {
            "price_type",
            "threshold",
            "hysteresis",
            "also_if_already",
        },
        "contract_status_changed": {"to"},
        "delivery_ended": {"offset", "offset_type"},
        "delivery_started": {"offset", "offset_type"},
        "order_expired": {"least_power"},
        "order_status_changed": {"to"},
        "trade_closed": {"above", "below", "least_power"},
    }
