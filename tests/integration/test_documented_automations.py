"""The automations in the README and the docs do what is said of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .automations import close_trade, device_id, set_ask, showing
from .conftest import NOON, USERNAME, Clock, SetUp, eventually
from .messages import contract_status, expired_order, order_status, trade
from .signals import is_shown, offer, stored_signal
from .test_area import with_areas

ROOT = Path(__file__).parents[2]


# In place of a device in the documents.
PLACEHOLDER = "0123456789abcdef0123456789abcdef"


def documented_automations(
    document: str, device_id: str = PLACEHOLDER
) -> list[dict[str, Any]]:
    """Return the automations that a document shows, of a device in place of the example's."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    automations = []
    for block in blocks:
        if block.startswith("alias:"):
            parsed = parse_yaml(block.replace(PLACEHOLDER, device_id))
            assert isinstance(parsed, dict)
            automations.append(parsed)
    return automations


def documented_automation(document: str) -> dict[str, Any]:
    """Return the one automation that a document shows."""
    (automation,) = documented_automations(document)
    return automation


async def test_readme(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first automation switches the charger off when dear, and on when cheap."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    await set_up(account_entry)
    off = async_mock_service(hass, "switch", "turn_off")
    on = async_mock_service(hass, "switch", "turn_on")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("README.md")}
    )

    async def trade(price: float) -> None:
        await market.control.trade(price)
        await eventually(
            lambda: (
                (state := hass.states.get("sensor.glocalflex_last_price")) is not None
                and state.state == str(price)
            )
        )
        await hass.async_block_till_done()

    await trade(0.7)
    assert (len(off), len(on)) == (0, 0)
    await trade(0.85)
    assert (len(off), len(on)) == (1, 0)
    assert off[0].data == {"entity_id": ["switch.car_charger"]}
    await trade(0.7)
    assert (len(off), len(on)) == (1, 0)
    await trade(0.59)
    assert (len(off), len(on)) == (1, 1)


async def test_order_filled(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The documented event automation tells of a filled order, once."""
    await set_up(account_entry)
    notices = async_mock_service(hass, "persistent_notification", "create")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("docs/events.md")}
    )
    await market.control.place_order(USERNAME, side="sell", power=1500, price=0.4)
    await market.control.place_order(None, side="buy", power=1500, price=0.5)
    await eventually(lambda: bool(notices))
    await hass.async_block_till_done()
    assert [notice.data["title"] for notice in notices] == ["Order filled"]
    assert notices[0].data["message"].startswith("1500.0 W at 0.4 EUR/kWh, from 20")


async def test_cheapest_run(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The dishwasher waits for its cheapest window, which a thin offer is not."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    await set_up(account_entry)
    for price, power, hour in ((0.5, 3000, 1), (0.2, 1200, 3), (0.1, 100, 5)):
        await market.control.place_order(
            None,
            side="sell",
            price=price,
            power=power,
            delivery_start=NOON + timedelta(hours=hour),
            delivery_end=NOON + timedelta(hours=hour + 2),
        )
    await eventually(
        lambda: (
            (state := hass.states.get("sensor.glocalflex_ask_orders")) is not None
            and state.state == "3"
        )
    )
    on = async_mock_service(hass, "switch", "turn_on")
    full = "input_boolean.dishwasher_is_full"
    hass.states.async_set(full, "off")
    automation = documented_automation("docs/forward-curve.md")
    assert await async_setup_component(hass, "automation", {"automation": automation})
    hass.states.async_set(full, "on")
    await eventually(lambda: "Executing step delay 3:00:00" in caplog.text)
    assert not on
    await clock.move(hass, NOON + timedelta(hours=3))
    assert [call.data for call in on] == [{"entity_id": ["switch.dishwasher"]}]


async def test_deliveries(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The documented automation sheds the load for the window, also when it ends in a restart."""
    await set_up(account_entry)
    off = async_mock_service(hass, "switch", "turn_off")
    on = async_mock_service(hass, "switch", "turn_on")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("docs/deliveries.md")}
    )
    known = account_entry.runtime_data.deliveries.known
    await market.control.send("trade", order_status("filled"))
    bought = {
        "side": "buy",
        "delivery_start": (NOON + timedelta(hours=3)).isoformat(),
        "delivery_end": (NOON + timedelta(hours=4)).isoformat(),
    }
    await market.control.send("trade", order_status("filled", "order-2", **bought))
    await eventually(lambda: len(known()) == 2)
    await hass.async_block_till_done()
    assert (len(off), len(on)) == (0, 0)
    await clock.move(hass, NOON + timedelta(hours=1))
    assert (len(off), len(on)) == (1, 0)
    assert off[0].data == {"entity_id": ["switch.car_charger"]}
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    clock.set(NOON + timedelta(hours=2))
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await hass.async_block_till_done()
    assert (len(off), len(on)) == (1, 1)
    # What was bought is taken.
    await clock.move(hass, NOON + timedelta(hours=3))
    assert (len(off), len(on)) == (1, 2)


async def test_ahead_of_a_delivery(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The documented trigger fires a quarter of an hour before the delivery begins, once."""
    await set_up(account_entry)
    called = async_mock_service(hass, "test", "prepare")
    text = (ROOT / "docs/deliveries.md").read_text(encoding="utf-8")
    (block,) = (
        block.split("```")[0]
        for block in text.split("```yaml\n")[1:]
        if block.startswith("triggers:")
    )
    parsed = parse_yaml(block)
    assert isinstance(parsed, dict)
    actions = {"actions": [{"action": "test.prepare"}]}
    assert await async_setup_component(
        hass, "automation", {"automation": {"alias": "Prepare", **parsed, **actions}}
    )
    known = account_entry.runtime_data.deliveries.known
    await market.control.send("trade", order_status("filled"))
    await eventually(lambda: len(known()) == 1)
    await hass.async_block_till_done()
    start = NOON + timedelta(hours=1)
    await clock.move(hass, start - timedelta(minutes=15, seconds=1))
    assert not called
    await clock.move(hass, start - timedelta(minutes=15))
    assert len(called) == 1
    await clock.move(hass, start)
    assert len(called) == 1


async def test_price_signal(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The charger follows the signal; a short outage leaves it as it is, a long one ends it."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    on = async_mock_service(hass, "switch", "turn_on")
    off = async_mock_service(hass, "switch", "turn_off")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("docs/signals.md")}
    )
    await set_up(with_areas(account_entry, stored_signal(limit=0.2, hysteresis=0.02)))

    async def offered(price: float) -> tuple[int, int]:
        await offer(hass, market, price)
        await hass.async_block_till_done()
        return len(on), len(off)

    # Known for the first time, and off.
    assert await offered(0.21) == (0, 1)
    assert await offered(0.19) == (1, 1)
    assert await offered(0.21) == (1, 1)
    assert await offered(0.22) == (1, 2)
    assert await offered(0.19) == (2, 2)
    assert on[0].data == {"entity_id": ["switch.car_charger"]}
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(is_shown(hass, "unavailable"))
    await clock.move(hass, NOON + timedelta(minutes=4, seconds=59))
    assert (len(on), len(off)) == (2, 2)
    await clock.move(hass, NOON + timedelta(minutes=5))
    assert (len(on), len(off)) == (2, 3)


class Actions:
    """What the documented automations do."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Stand in for the actions."""
        self._hass = hass
        self._calls: list[ServiceCall] = []

        @callback
        def note(call: ServiceCall) -> None:
            self._calls.append(call)

        for domain, action in (
            ("switch", "turn_on"),
            ("switch", "turn_off"),
            ("counter", "increment"),
            ("persistent_notification", "create"),
        ):
            hass.services.async_register(domain, action, note)

    async def end(self) -> None:
        """End the automations, some of which wait for a time of the day."""
        await self._hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )

    async def taken(self) -> list[tuple[str, object]]:
        """Return each action taken since the last call, with what it was about."""
        await self._hass.async_block_till_done()
        calls = [
            (
                call.service,
                call.data["message"]
                if "message" in call.data
                else call.data["entity_id"][0],
            )
            for call in self._calls
        ]
        self._calls.clear()
        return calls


async def test_triggers(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each example of a trigger does what its name says, and nothing else."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    await set_up(account_entry)
    hass.states.async_set("input_number.price_limit", "0.4")
    await set_ask(hass, market, 0.3)
    actions = Actions(hass)
    automations = documented_automations("docs/automations.md", device_id(hass))
    assert len(automations) == 9
    assert await async_setup_component(hass, "automation", {"automation": automations})
    charger = "switch.car_charger"
    assert await actions.taken() == [("turn_on", charger)]
    await set_ask(hass, market, 0.41)
    await set_ask(hass, market, 0.39)
    assert await actions.taken() == []
    await set_ask(hass, market, 0.7)
    assert await actions.taken() == [("turn_off", charger)]
    hass.states.async_set("input_number.price_limit", "0.8")
    assert await actions.taken() == [("turn_on", charger)]

    await close_trade(hass, market, -0.1, power=999)
    await close_trade(hass, market, 0, power=1000)
    await market.control.send("ticker", trade(price=-0.1, power=1000))
    await market.control.send("ticker", expired_order(power=5000))
    await market.control.send("ticker", expired_order(power=4999))
    await showing(hass, "sensor.glocalflex_expired_orders", 2)
    assert await actions.taken() == [
        ("create", "1000.0 W were sold at -0.1 EUR/kWh"),
        ("increment", "counter.missed_orders"),
    ]

    for status in ("accepted", "filled"):
        await market.control.send("trade", order_status(status))
    for status in ("verification_initiated", "settlement_completed_success"):
        await market.control.send("trade", contract_status(status))
    await showing(hass, "sensor.glocalflex_contracts_settled", 1)
    assert await actions.taken() == [
        ("create", "2000.0 W from 2026-05-05T10:00:00+00:00 on"),
        ("create", "Contract contract-1: settlement_completed_success"),
    ]
    await actions.end()


@pytest.mark.parametrize(
    ("hour", "price", "is_up", "expected"),
    [
        (22, 0.3, True, [("turn_on", "switch.washing_machine")]),
        (22, 0.4, True, []),
        (22, -1, True, []),
        (22, 0.3, False, []),
        (5, 0.3, True, []),
        (5, 0.3, False, [("turn_on", "switch.water_heater")]),
    ],
)
async def test_conditions(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    hour: int,
    price: float,
    is_up: bool,
    expected: list[tuple[str, object]],
) -> None:
    """Each example of a condition lets through what its name says."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    await hass.config.async_set_time_zone("UTC")
    clock.set(NOON.replace(hour=hour) - timedelta(seconds=2))
    await set_up(account_entry)
    hass.states.async_set("input_number.price_limit", "0.4")
    actions = Actions(hass)
    automations = documented_automations("docs/automations.md", device_id(hass))
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await close_trade(hass, market, price)
    if not is_up:
        market.control.refuse(503, what="stream")
        await market.control.cut("ticker")
        await showing(hass, "sensor.glocalflex_last_price", "unavailable")
    await actions.taken()
    await clock.move(hass, NOON.replace(hour=hour) + timedelta(seconds=1))
    assert await actions.taken() == expected
    await actions.end()


async def test_around_a_delivery(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The house is warmed up ahead of a delivery, and the sauna waits until it is over."""
    await set_up(account_entry)
    warmed = async_mock_service(hass, "climate", "set_temperature")
    off = async_mock_service(hass, "switch", "turn_off")
    sauna = "switch.sauna"
    hass.states.async_set(sauna, "off")
    automations = documented_automations("docs/automations.md", device_id(hass))
    assert await async_setup_component(hass, "automation", {"automation": automations})
    known = account_entry.runtime_data.deliveries.known
    await market.control.send("trade", order_status("filled"))
    await eventually(lambda: len(known()) == 1)
    await hass.async_block_till_done()

    async def uses_sauna() -> bool:
        off.clear()
        for state in ("on", "off"):
            hass.states.async_set(sauna, state)
            await hass.async_block_till_done()
        return not off

    assert await uses_sauna()
    assert not warmed
    await clock.move(hass, NOON + timedelta(minutes=30))
    assert [call.data["temperature"] for call in warmed] == [22]
    await clock.move(hass, NOON + timedelta(minutes=60))
    assert not await uses_sauna()
    await clock.move(hass, NOON + timedelta(minutes=120))
    assert await uses_sauna()
    assert len(warmed) == 1
    await Actions(hass).end()
