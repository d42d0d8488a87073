"""Tests of the sensors."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.glocalflex.sensor import FIGURES_DESCRIPTIONS, OWN_DESCRIPTIONS
from custom_components.glocalflex.simulator import Simulator
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .conftest import Clock, SetUp, described, eventually
from .messages import (
    DOCUMENTED_BOOK,
    at,
    book_order,
    contract_status,
    expired_order,
    order_book,
    order_status,
    trade,
)

TICKER = (
    "last_price",
    "last_trade_power",
    "last_trade_energy",
    "last_trade_closed_at",
    "last_trade_delivery_start",
    "last_trade_delivery_end",
    "trades_today",
    "energy_traded_today",
    "average_price_today",
    "lowest_price_today",
    "highest_price_today",
    "expired_orders",
    "expired_orders_today",
)
BOOK = (
    "best_bid",
    "best_ask",
    "spread",
    "bid_power",
    "ask_power",
    "bid_orders",
    "ask_orders",
    "buy_price",
    "sell_price",
    "cheapest_ask_ahead",
    "cheapest_ask_ahead_start",
    "dearest_bid_ahead",
    "dearest_bid_ahead_start",
    "next_ask",
    "next_bid",
)
OWN = (
    "last_order_status",
    "last_contract_status",
    "orders_awaiting_baseline",
    "orders_accepted",
    "orders_active",
    "orders_filled",
    "contracts_in_verification",
    "contracts_verified",
    "contracts_in_settlement",
    "contracts_settled",
)
DELIVERY = ("next_delivery_start", "next_delivery_end")
TRAFFIC = (
    "messages_received",
    "undecodable_messages",
    "reconnects",
    "last_message_age",
)
COUNTERS = {"trades_today", "energy_traded_today", "expired_orders_today"}


@pytest.fixture(autouse=True)
def only_sensors(all_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up every sensor and nothing else; states are written without delay."""
    monkeypatch.setattr("custom_components.glocalflex.PLATFORMS", [Platform.SENSOR])
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0.0)


def value(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    state = hass.states.get(f"sensor.glocalflex_{key}")
    assert state is not None, key
    return state.state


def values(hass: HomeAssistant, keys: tuple[str, ...]) -> dict[str, str]:
    """Return sensors' states."""
    return {key: value(hass, key) for key in keys}


async def test_every_sensor(
    clock: Clock,
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    pictured: SnapshotAssertion,
) -> None:
    """Every sensor is registered and shows what the market told."""
    await hass.config.async_set_time_zone("Europe/Helsinki")
    await set_up(account_entry)
    await eventually(lambda: value(hass, "bid_orders") == "0")
    control = market.control
    await control.send("ticker", trade())
    await control.send(
        "ticker", trade(price=-0.00001, closed_at="2026-05-05T09:00:31Z")
    )
    await control.send("ticker", expired_order())
    await control.send("orderbook", DOCUMENTED_BOOK)
    for number, status in enumerate(
        ("awaiting_baseline_data", "accepted", "matching_active", "filled")
    ):
        await control.send("trade", order_status(status, f"order-{number}"))
    for number, status in enumerate(
        (
            "verification_initiated",
            "verification_completed_success",
            "settlement_initiated",
            "settlement_completed_success",
        )
    ):
        await control.send("trade", contract_status(status, f"contract-{number}"))
    await eventually(
        lambda: (
            value(hass, "contracts_settled") == "1"
            and value(hass, "expired_orders") == "1"
            and value(hass, "best_bid") == "100.0"
        )
    )
    # The polled ones count on: they are looked at before the next message.
    await clock.move(hass, datetime(2026, 5, 5, 9, 0, 30, tzinfo=UTC))

    keys = {
        entry.unique_id.removeprefix(f"{account_entry.entry_id}_")
        for entry in er.async_entries_for_config_entry(
            entity_registry, account_entry.entry_id
        )
    }
    assert keys == {*TICKER, *BOOK, *OWN, *DELIVERY, *TRAFFIC}
    assert described(hass, account_entry) == pictured


async def test_unknown_before_the_market_speaks(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What the market has not said is unknown; what is counted starts at zero."""
    with patch("custom_components.glocalflex.simulator.book.BookPublisher.greet"):
        await set_up(account_entry)
        for key, state in values(hass, TICKER + BOOK + OWN + DELIVERY).items():
            counted = (
                key in COUNTERS
                or key.startswith(("orders_", "contracts_"))
                or key == "expired_orders"
            )
            assert state == (
                ("0.0" if key == "energy_traded_today" else "0")
                if counted
                else STATE_UNKNOWN
            ), key


async def test_an_empty_book_has_depth_but_no_price(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Nothing rests: no best price, and a depth of zero."""
    await set_up(account_entry)
    await eventually(lambda: value(hass, "bid_orders") == "0")
    assert values(hass, BOOK) == {
        "best_bid": STATE_UNKNOWN,
        "best_ask": STATE_UNKNOWN,
        "spread": STATE_UNKNOWN,
        "bid_power": "0.0",
        "ask_power": "0.0",
        "bid_orders": "0",
        "ask_orders": "0",
        "buy_price": STATE_UNKNOWN,
        "sell_price": STATE_UNKNOWN,
        "cheapest_ask_ahead": STATE_UNKNOWN,
        "cheapest_ask_ahead_start": STATE_UNKNOWN,
        "dearest_bid_ahead": STATE_UNKNOWN,
        "dearest_bid_ahead_start": STATE_UNKNOWN,
        "next_ask": STATE_UNKNOWN,
        "next_bid": STATE_UNKNOWN,
    }


async def test_prices_keep_their_precision(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A small negative price keeps its sign and its digits; a crossed book its spread."""
    await set_up(account_entry)
    await market.control.send("ticker", trade(price=-0.0000123))
    await market.control.send(
        "orderbook",
        order_book(
            {"-0.00001": [book_order(-0.00001)], "0.5": [book_order(0.5)]},
            {"0.25": [book_order(0.25, power=400), book_order(0.25, power=100)]},
        ),
    )
    await eventually(lambda: value(hass, "spread") == "-0.25")
    await eventually(lambda: value(hass, "last_price") == "-1.23e-05")
    assert value(hass, "average_price_today") == "-1.23e-05"
    # One kilowatt is asked for, half of it is offered.
    assert value(hass, "buy_price") == STATE_UNKNOWN
    assert value(hass, "sell_price") == "0.5"
    assert value(hass, "ask_power") == "500.0"


async def test_figures_of_the_day(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The day's price is an average by volume; an overtaken trade counts, but is not the last."""
    await set_up(account_entry)
    send = market.control.send
    await send("ticker", trade(price=0.2, power=3000, energy=3000))
    await send(
        "ticker",
        trade(price=0.6, power=1000, energy=1, closed_at="2026-05-05T09:00:29Z"),
    )
    await send(
        "ticker",
        trade(price=5, power=None, energy=None, closed_at="2026-05-05T09:00:20Z"),
    )
    await eventually(lambda: value(hass, "trades_today") == "3")
    assert values(hass, TICKER) | {"last_trade_closed_at": ""} == {
        "last_price": "0.2",
        "last_trade_power": "3000.0",
        "last_trade_energy": "3.0",
        "last_trade_closed_at": "",
        "last_trade_delivery_start": "2026-05-05T10:00:00+00:00",
        "last_trade_delivery_end": "2026-05-05T11:00:00+00:00",
        "trades_today": "3",
        "energy_traded_today": "4.0",
        "average_price_today": "0.3",
        "lowest_price_today": "0.2",
        "highest_price_today": "5.0",
        "expired_orders": "0",
        "expired_orders_today": "0",
    }


@pytest.mark.parametrize(
    ("stream", "down", "up"),
    [
        ("ticker", TICKER, BOOK + OWN),
        ("orderbook", BOOK, TICKER + OWN),
        ("trade", OWN, TICKER + BOOK),
    ],
)
async def test_unavailable_exactly_while_the_own_stream_is_down(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
    down: tuple[str, ...],
    up: tuple[str, ...],
) -> None:
    """A lost stream takes its own sensors with it, and brings them back."""
    await set_up(account_entry)
    control = market.control
    await control.send("ticker", trade())
    await control.send("trade", order_status("accepted"))
    await eventually(
        lambda: (
            value(hass, "last_price") == "0.42"
            and value(hass, "last_order_status") == "accepted"
            and value(hass, "bid_orders") == "0"
        )
    )
    before = values(hass, TICKER + BOOK + OWN)
    monkeypatch.setattr("custom_components.glocalflex.market.stream.FIRST_RETRY", 0.2)
    await control.cut(stream)  # type: ignore[arg-type]
    await eventually(lambda: value(hass, down[0]) == STATE_UNAVAILABLE)
    assert set(values(hass, down).values()) == {STATE_UNAVAILABLE}
    assert STATE_UNAVAILABLE not in values(hass, up + DELIVERY + TRAFFIC).values()
    await eventually(lambda: values(hass, TICKER + BOOK + OWN) == before)


async def test_unavailable_when_a_stream_falls_silent(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that answers no ping counts as down, though nobody closed it."""
    monkeypatch.setattr("custom_components.glocalflex.market.stream.HEARTBEAT", 0.1)
    await set_up(account_entry)
    market.control.freeze("ticker")
    await eventually(lambda: value(hass, "last_price") == STATE_UNAVAILABLE)
    assert STATE_UNAVAILABLE not in values(hass, BOOK + OWN).values()
    market.control.thaw("ticker")
    await eventually(lambda: value(hass, "last_price") == STATE_UNKNOWN)


async def test_all_unavailable_while_the_market_is_away(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Without a market there is nothing to show but own deliveries, and the traffic there was."""
    await set_up(account_entry)
    await market.stop()
    await eventually(
        lambda: set(values(hass, TICKER + BOOK + OWN).values()) == {STATE_UNAVAILABLE}
    )
    assert STATE_UNAVAILABLE not in values(hass, DELIVERY + TRAFFIC).values()


async def test_a_status_that_is_not_documented(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """It shows as other, and by its name in an attribute."""
    await set_up(account_entry)
    await market.control.send("trade", order_status("cancelled_by_moon"))
    await market.control.send("trade", contract_status("verification_failed"))
    await eventually(lambda: value(hass, "last_contract_status") == "other")
    order = hass.states.get("sensor.glocalflex_last_order_status")
    contract = hass.states.get("sensor.glocalflex_last_contract_status")
    assert order is not None
    assert contract is not None
    assert order.state == "other"
    assert order.attributes["status"] == "cancelled_by_moon"
    assert order.attributes["order_id"] == "order-1"
    assert contract.attributes["status"] == "verification_failed"
    assert contract.attributes["contract_id"] == "contract-1"


async def test_an_order_moves_from_count_to_count(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An order has one status at a time; a word that was overtaken does not take it back."""
    await set_up(account_entry)
    send = market.control.send
    await send("trade", order_status("accepted"))
    await eventually(lambda: value(hass, "orders_accepted") == "1")
    await send("trade", at(order_status("filled"), "2026-05-05T09:00:40Z"))
    await eventually(lambda: value(hass, "orders_filled") == "1")
    assert value(hass, "orders_accepted") == "0"
    await send("trade", at(order_status("matching_active"), "2026-05-05T09:00:39Z"))
    await send("trade", at(order_status("accepted", "order-2"), "2026-05-05T09:00:38Z"))
    await eventually(lambda: value(hass, "orders_accepted") == "1")
    assert value(hass, "orders_active") == "0"
    assert value(hass, "orders_filled") == "1"
    assert value(hass, "last_order_status") == "filled"


async def test_traffic(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Messages, what cannot be read, reconnects and silence are counted."""
    await set_up(account_entry)
    coordinator = account_entry.runtime_data
    # Three confirmations and a book.
    await eventually(lambda: value(hass, "bid_orders") == "0")
    await market.control.send("ticker", trade())
    await market.control.send("ticker", "no JSON")
    await eventually(
        lambda: sum(t.undecodable for t in coordinator.traffic.values()) == 1
    )
    await clock.move(hass, datetime(2026, 5, 5, 9, 0, 31, tzinfo=UTC))
    assert values(hass, TRAFFIC) == {
        "messages_received": "5",
        "undecodable_messages": "1",
        "reconnects": "0",
        "last_message_age": "31.0",
    }
    await market.control.cut("ticker", 1001)
    await eventually(lambda: not coordinator.streams["ticker"].connected)
    await eventually(lambda: bool(coordinator.streams["ticker"].connected))
    await clock.move(hass, datetime(2026, 5, 5, 9, 2, tzinfo=UTC))
    assert value(hass, "reconnects") == "1"


# A zone, the time before its midnight, its midnight, and the one after.
MIDNIGHTS = {
    "ahead of UTC": ("Europe/Helsinki", "2026-05-05T21:00:00Z", timedelta(hours=24)),
    "behind UTC": ("America/Los_Angeles", "2026-05-06T07:00:00Z", timedelta(hours=24)),
    "half an hour": ("Asia/Kolkata", "2026-05-05T18:30:00Z", timedelta(hours=24)),
    "a short day": ("Europe/Helsinki", "2026-03-28T22:00:00Z", timedelta(hours=23)),
    "a long day": ("Europe/Helsinki", "2026-10-24T21:00:00Z", timedelta(hours=25)),
    "no midnight": ("America/Santiago", "2026-09-06T04:00:00Z", timedelta(hours=23)),
    "two midnights": ("America/Havana", "2026-11-01T04:00:00Z", timedelta(hours=25)),
}


@pytest.mark.parametrize(("zone", "midnight", "day"), MIDNIGHTS.values(), ids=MIDNIGHTS)
async def test_the_day_begins_at_local_midnight(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, object],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    zone: str,
    midnight: str,
    day: timedelta,
) -> None:
    """What is counted by the day is set back once a day, also over a restart, and only then."""
    begin = datetime.fromisoformat(midnight)
    await hass.config.async_set_time_zone(zone)
    clock.set(begin - timedelta(hours=2))
    await set_up(account_entry)

    async def trade_once(count: str) -> None:
        await market.control.send("ticker", trade())
        await market.control.send("ticker", expired_order())
        await eventually(
            lambda: (
                value(hass, "trades_today") == count
                and value(hass, "expired_orders_today") == count
            )
        )

    def resets() -> set[object]:
        states = [hass.states.get(f"sensor.glocalflex_{key}") for key in COUNTERS]
        return {
            datetime.fromisoformat(state.attributes["last_reset"])
            for state in states
            if state
        }

    await trade_once("1")
    await clock.move(hass, begin - timedelta(seconds=1))
    await trade_once("2")
    await clock.move(hass, begin)
    assert value(hass, "trades_today") == "0"
    assert value(hass, "energy_traded_today") == "0.0"
    assert value(hass, "expired_orders_today") == "0"
    assert value(hass, "average_price_today") == STATE_UNKNOWN
    assert value(hass, "lowest_price_today") == STATE_UNKNOWN
    assert value(hass, "last_price") == "0.42"
    assert value(hass, "expired_orders") == "2"
    assert resets() == {begin}

    await trade_once("1")
    for hours in (1, 2):
        await clock.move(hass, begin + timedelta(hours=hours))
        assert value(hass, "trades_today") == "1"
    # A restart within the day takes its figures up again.
    await hass.config_entries.async_reload(account_entry.entry_id)
    await eventually(lambda: value(hass, "trades_today") == "1")
    await trade_once("2")
    assert resets() == {begin}
    await clock.move(hass, begin + day - timedelta(seconds=1))
    assert value(hass, "trades_today") == "2"
    await clock.move(hass, begin + day)
    assert value(hass, "trades_today") == "0"
    assert value(hass, "expired_orders") == "4"
    assert resets() == {begin + day}


async def test_a_restart_over_midnight(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, object],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Yesterday's figures are not today's."""
    await hass.config.async_set_time_zone("Europe/Helsinki")
    await set_up(account_entry)
    await market.control.send("ticker", trade())
    await market.control.send("ticker", expired_order())
    await eventually(lambda: value(hass, "expired_orders_today") == "1")
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    clock.set(datetime(2026, 5, 6, 2, tzinfo=UTC))
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await eventually(lambda: value(hass, "trades_today") == "0")
    assert value(hass, "expired_orders_today") == "0"
    assert value(hass, "expired_orders") == "1"


def test_what_is_disabled_at_first() -> None:
    """What few look at is for the user to enable."""
    keys = {
        description.key
        for description in (
            *FIGURES_DESCRIPTIONS,
            *OWN_DESCRIPTIONS,
        )
        if not description.entity_registry_enabled_default
    }
    assert keys == {
        "last_trade_energy",
        "last_trade_closed_at",
        "last_trade_delivery_start",
        "last_trade_delivery_end",
        "trades_today",
        "energy_traded_today",
        "lowest_price_today",
        "highest_price_today",
        "buy_price",
        "sell_price",
    }


async def test_an_old_book_is_not_shown_again(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A stream that is back has told nothing yet: its book is unknown."""
    await set_up(account_entry)
    await eventually(lambda: value(hass, "bid_orders") == "0")
    with patch("custom_components.glocalflex.simulator.book.BookPublisher.greet"):
        await market.control.cut("orderbook")
        streams = account_entry.runtime_data.streams
        await eventually(lambda: streams["orderbook"].reconnects == 1)
        assert value(hass, "bid_orders") == STATE_UNKNOWN
