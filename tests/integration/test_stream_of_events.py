"""Tests of ten thousand trades: what Home Assistant is told equals the market's journal."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from math import fsum
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.simulator import Entry, Settings, Simulator
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

from .conftest import PASSWORD, USERNAME, SetUp, eventually

TRADES = 10_000

EVENTS = ("trade", "order_expired", "order_status", "contract_status")
EVENT_ENTITIES = {
    "trade": "event.glocalflex_trade",
    "order_expired": "event.glocalflex_expired_order",
    "order_status": "event.glocalflex_order_status",
    "contract_status": "event.glocalflex_contract_status",
}


@pytest.fixture
async def market() -> AsyncGenerator[Simulator]:
    """Run a market whose clock a test moves, with an account that trades."""
    settings = Settings(
        seed=7,
        speed=0,
        orders_per_minute=60,
        own_orders_per_minute=1.5,
        users={USERNAME: PASSWORD},
    )
    async with Simulator(settings) as simulator:
        yield simulator


def kind_of(entry: Entry) -> str:
    """Return what an entry of the journal is on Home Assistant's bus."""
    match entry.document:
        case {"type": "ticker_update"}:
            return "trade"
        case {"type": "expired_order_update"}:
            return "order_expired"
        case {"name": str(name)} if name.startswith(("verification", "settlement")):
            return "contract_status"
        case _:
            return "order_status"


def expected(entry: Entry) -> dict[str, object]:
    """Flatten an entry of the journal as the bus should have it, from the documentation alone."""
    document: dict[str, Any] = entry.document
    data: dict[str, Any] = entry.data
    fields: dict[str, object] = {"created_at": moment(document["created_at"])}
    if entry.status is not None:
        fields["status"] = entry.status
    for name, sent in data.items():
        match name:
            case "location":
                fields["country_code"] = sent["country_code"] or None
                fields["location_ids"] = [
                    place for place in sent["location_id"] if place
                ]
                coordinates = sent.get("coordinates", {})
                fields["latitude"] = coordinates.get("latitude")
                fields["longitude"] = coordinates.get("longitude")
            case "energy":
                fields["energy"] = pytest.approx(sent / 1000)
            case "baseline":
                pass
            case (
                "closed_at"
                | "expired_at"
                | "expiry_time"
                | "delivery_start"
                | "delivery_end"
            ):
                fields[name] = moment(sent)
            case _:
                fields[name] = sent
    return fields


def moment(text: str) -> str:
    """Write a time as Python does."""
    return datetime.fromisoformat(text).isoformat()


def of_kind(journal: Iterable[Entry], kind: str) -> list[Entry]:
    """Pick the entries of a kind."""
    return [entry for entry in journal if kind_of(entry) == kind]


async def test_ten_thousand_trades(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    all_enabled: None,
) -> None:
    """Events equal the journal one for one and in order; the counters agree with it."""
    await set_up(account_entry)
    events = {kind: async_capture_events(hass, f"glocalflex_{kind}") for kind in EVENTS}
    changes: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        changes[event.data["entity_id"]] += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    loop = hass.loop
    began = loop.time()
    await market.control.run_trades(TRADES)
    # The contracts of the last trades come to their end as well.
    await market.control.advance(timedelta(hours=6).total_seconds())
    journal = {kind: of_kind(market.journal, kind) for kind in EVENTS}
    await eventually(
        lambda: all(len(events[kind]) >= len(journal[kind]) for kind in EVENTS)
    )
    seconds = loop.time() - began

    assert len(journal["trade"]) >= TRADES
    assert all(len(journal[kind]) > 500 for kind in EVENTS)
    device_id = events["trade"][0].data["device_id"]
    for kind in EVENTS:
        about = {"config_entry_id": account_entry.entry_id, "device_id": device_id}
        assert len(events[kind]) == len(journal[kind])
        for event, entry in zip(events[kind], journal[kind], strict=True):
            assert event.data == about | expected(entry)
        # One change for each, none for anything else.
        assert changes[EVENT_ENTITIES[kind]] == len(journal[kind]), kind

    # Sensors wrote at most once an interval, and once more at either end.
    assert changes["sensor.glocalflex_trades_today"] <= seconds + 2

    await check_counters(hass, journal)


async def check_counters(hass: HomeAssistant, journal: dict[str, list[Entry]]) -> None:
    """Reckon every counter from the journal, and compare."""

    def number(key: str) -> float:
        state = hass.states.get(f"sensor.glocalflex_{key}")
        assert state is not None, key
        return float(state.state)

    trades: list[dict[str, Any]] = [entry.data for entry in journal["trade"]]
    await eventually(lambda: number("trades_today") == len(trades))
    prices = [trade["price"] for trade in trades]
    energies = [trade["energy"] / 1000 for trade in trades]
    turnover = fsum(p * e for p, e in zip(prices, energies, strict=True))
    assert number("energy_traded_today") == pytest.approx(fsum(energies))
    assert number("average_price_today") == pytest.approx(turnover / fsum(energies))
    assert number("lowest_price_today") == min(prices)
    assert number("highest_price_today") == max(prices)
    assert number("last_price") == prices[-1]
    assert number("expired_orders") == len(journal["order_expired"])
    assert number("expired_orders_today") == len(journal["order_expired"])

    for kind, identifier, sensors in (
        (
            "order_status",
            "order_id",
            {
                "orders_awaiting_baseline": "awaiting_baseline_data",
                "orders_accepted": "accepted",
                "orders_active": "matching_active",
                "orders_filled": "filled",
            },
        ),
        (
            "contract_status",
            "contract_id",
            {
                "contracts_in_verification": "verification_initiated",
                "contracts_verified": "verification_completed_success",
                "contracts_in_settlement": "settlement_initiated",
                "contracts_settled": "settlement_completed_success",
            },
        ),
    ):
        last: dict[object, object] = {}
        for entry in journal[kind]:
            last[entry.data[identifier]] = entry.status
        counts = Counter(last.values())
        assert len(last) <= 2000
        assert {key: number(key) for key in sensors} == {
            key: counts[status] for key, status in sensors.items()
        }
        state = hass.states.get(f"sensor.glocalflex_last_{kind}")
        assert state is not None
        assert state.attributes["status"] == journal[kind][-1].status
