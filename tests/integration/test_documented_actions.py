"""The scripts in docs/actions.md do what is said of them, and the answers are those it shows."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.glocalflex.services import ACTIONS
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .conftest import NOON, Clock, SetUp, eventually
from .messages import at, contract_status, order_status, trade
from .test_forward_curve import book, order, shows

DOCUMENT = Path(__file__).parents[2] / "docs/actions.md"

HOUR = timedelta(hours=1)


def documented(action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the script that is shown for an action, and the answer below it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    _, _, rest = text.partition(f"`glocalflex.{action}`")
    blocks = rest.partition("\n## ")[0].split("```")
    script = parse_yaml(blocks[1].removeprefix("yaml\n"))
    answer = json.loads(blocks[3].removeprefix("json\n"))
    assert isinstance(script, dict)
    assert isinstance(answer, dict)
    return script, answer


def like(shown: Any) -> Any:
    """Allow for sums of binary fractions."""
    match shown:
        case dict():
            return {name: like(value) for name, value in shown.items()}
        case list():
            return [like(value) for value in shown]
        case float():
            return pytest.approx(shown)
    return shown


@pytest.fixture
async def followed(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Follow a market on which there is a little of everything."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    await hass.config.async_set_time_zone("Europe/Helsinki")
    await set_up(account_entry)
    long = NOON + 6 * HOUR
    await market.control.send(
        "orderbook",
        book(
            [
                order(0.15, NOON, long, power=1500),
                order(0.21, NOON + HOUR, power=500),
            ],
            [
                order(0.24, NOON, long, power=4000),
                order(0.18, NOON + HOUR),
                order(0.3, NOON + 2 * HOUR, power=2000),
            ],
        ),
    )
    await market.control.send("ticker", trade())
    for status in (
        order_status("accepted"),
        at(order_status("matching_active"), "2026-05-05T09:00:31Z"),
        order_status("filled", "order-0"),
        contract_status("verification_initiated", order_id="order-1"),
    ):
        await market.control.send("trade", status)
    await eventually(shows(hass, "ask_orders", 3))
    await eventually(shows(hass, "last_price", 0.42))
    await eventually(shows(hass, "contracts_in_verification", 1))


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("get_forward_curve", "0.18 EUR/kWh from 13:00"),
        ("get_run_costs", "2026-05-05T12:45:00+03:00"),
        (
            "get_order_book",
            "1000.0 W at 0.18; 4000.0 W at 0.24; 3 orders in all",
        ),
        ("get_quote", "1.0 kWh would bring 0.16 EUR"),
        ("get_orders", "sell 2000.0 W at 0.3 since 12:00"),
        ("get_contracts", "1 deliveries, 2.0 kWh"),
        ("get_recent_trades", "1 trades, 0.42 from 12:00"),
    ],
)
async def test_documented(hass: HomeAssistant, action: str, told: str) -> None:
    """The script tells what it is for, by the answer that is shown."""
    notices = async_mock_service(hass, "persistent_notification", "create")
    times = async_mock_service(hass, "input_datetime", "set_datetime")
    script, shown = documented(action)
    (question,) = (
        step["response_variable"]
        for step in script["sequence"]
        if step.get("action") == f"glocalflex.{action}"
    )
    # So that the test sees the answer too.
    script["sequence"].append({"stop": "", "response_variable": question})
    assert await async_setup_component(hass, "script", {"script": {"shown": script}})
    answer = await hass.services.async_call(
        "script", "shown", blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    if action == "get_forward_curve":
        series: dict[str, Any] = dict(answer)
        assert {len(quarters) for quarters in series.values()} == {96}
        answer = {name: quarters[:1] for name, quarters in series.items()}
    assert answer == like(shown)
    (call,) = notices + times
    said = call.data.get("message") or call.data.get("datetime")
    assert " ".join(str(said).split()) == told


def test_every_action_and_field_is_documented() -> None:
    """No action is left out, nor any of its fields."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for action in ACTIONS:
        _, found, rest = text.partition(f"`glocalflex.{action.name}`")
        assert found, action.name
        if action.name == "get_contracts":
            # It has those of the orders.
            continue
        section = rest.partition("\n## ")[0]
        for field in action.fields:
            assert f"`{field}`" in section.partition("```yaml")[0], field
