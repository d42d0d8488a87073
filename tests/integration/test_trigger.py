"""Triggers, as automations use them: what sets them off, and what does not."""

from collections.abc import Awaitable, Callable
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market import StreamName, stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    label_registry as lr,
)
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
    set_ask,
    set_bid,
    showing,
)
from .conftest import SetUp
from .messages import contract_status, expired_order, order_status, trade
from .test_area import stored, with_areas

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

UNAVAILABLE = "unavailable"


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon, and let streams come back as soon as they can."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.05)


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


def trigger(name: str, target: str | Config, /, **options: Any) -> Config:
    """Return a trigger's configuration; a text is a device."""
    if isinstance(target, str):
        target = {"device_id": target}
    config: Config = {"trigger": f"{DOMAIN}.{name}", "target": target}
    return {**config, "options": options} if options else config


def crossed(target: str | Config, threshold: Config, **options: Any) -> Config:
    """Return a trigger for the best ask."""
    options = {"price_type": "best_ask", "threshold": threshold, **options}
    return trigger("best_price_crossed", target, **options)


async def cut(hass: HomeAssistant, market: Simulator) -> Callable[[], Awaitable[None]]:
    """Let the order book's stream be away; returns what lets it come back."""
    market.control.refuse(503, what="orderbook")
    await market.control.cut("orderbook")
    await showing(hass, "sensor.glocalflex_best_ask", UNAVAILABLE)

    async def back() -> None:
        market.control.refuse(None)
        await showing(hass, "sensor.glocalflex_ask_orders", 0)

    return back


# Events


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


# A price that crosses a limit


@pytest.mark.parametrize(
    ("threshold", "hysteresis", "prices", "fires"),
    [
        (limit("below", 0.4), 0, [0.5, 0.4, 0.39, 0.3, 0.4, 0.3], [0.39, 0.3]),
        (limit("above", 0.4), 0, [0.3, 0.4, 0.41, 0.5, 0.4, 0.5], [0.41, 0.5]),
        # Beginning beyond the limit is no crossing.
        (limit("below", 0.4), 0, [0.3, 0.2, 0.5, 0.1], [0.1]),
        # Around zero, and below it.
        (limit("below", 0), 0, [0.1, 0.0, -0.1, 0.1, -0.2], [-0.1, -0.2]),
        (limit("above", -0.2), 0, [-0.3, -0.2, -0.1, -0.2, 0.0], [-0.1, 0.0]),
        # A price that hovers fires once; back exactly by the hysteresis is back.
        (
            limit("below", 0.4),
            0.05,
            [0.42, 0.39, 0.41, 0.39, 0.44, 0.38, 0.45, 0.39],
            [0.39, 0.39],
        ),
        (
            limit("above", 0.1),
            0.2,
            [-0.5, 0.2, 0.0, 0.2, -0.05, 0.2, -0.1, 0.3],
            [0.2, 0.3],
        ),
        # Nor does one that hovers where it began.
        (limit("below", 0.4), 0.05, [0.39, 0.41, 0.39, 0.46, 0.39], [0.39]),
        (limit("between", -0.1, 0.1), 0, [0.5, 0.1, 0.05, -0.1, 0.0], [0.05, 0.0]),
        (limit("between", 0, 1), 0.5, [2, 0.5, 1.2, 0.5, -0.5, 0.5], [0.5, 0.5]),
        (limit("outside", 0, 1), 0, [0.5, 0, -0.1, 1, 1.5, 2, 0.5, 2], [-0.1, 1.5, 2]),
        (limit("outside", 0, 1), 0.2, [0.5, 1.5, 0.9, 1.5, 0.8, -1], [1.5, -1]),
    ],
)
async def test_price_crossed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    threshold: Config,
    hysteresis: float,
    prices: list[float],
    fires: list[float],
) -> None:
    """It fires on the way through, and again only after the price has come back."""
    await automations.add(crossed(device_id(hass), threshold, hysteresis=hysteresis))
    for price in prices:
        await set_ask(hass, market, price)
    assert await automations.prices() == fires


@pytest.mark.parametrize(
    ("price_type", "move"),
    [("best_bid", set_bid), ("best_ask", set_ask), ("last_price", close_trade)],
)
async def test_which_price(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    price_type: str,
    move: Callable[[HomeAssistant, Simulator, float], Awaitable[None]],
) -> None:
    """Only the price that is asked for fires, and what it was is told."""
    whole = device_id(hass)
    await automations.add(
        crossed(whole, limit("above", 0.4), price_type=price_type),
        crossed(whole, limit("outside", 0, 10), price_type=price_type),
    )
    for move_any in (set_bid, set_ask, close_trade):
        await move_any(hass, market, 0.3)
        await move_any(hass, market, 0.4)
    assert await automations.runs() == []
    await move(hass, market, 0.5)
    name = price_type.replace("_", " ")
    (run,) = await automations.runs()
    assert run == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "glocalflex.best_price_crossed",
        "description": f"{name} went from 0.4 to 0.5 EUR/kWh, above 0.4 EUR/kWh",
        "device_id": whole,
        "price_type": price_type,
        "price": 0.5,
        "from_price": 0.4,
        "limit_type": "above",
        "limit": 0.4,
        "lower_limit": None,
        "upper_limit": None,
    }
    await move(hass, market, -1)
    (run,) = await automations.runs()
    assert run["limit"] is None
    assert (run["lower_limit"], run["upper_limit"]) == (0, 10)
    assert run["description"].endswith("to -1 EUR/kWh, outside 0 and 10 EUR/kWh")


async def test_area_has_prices_of_its_own(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """What happens elsewhere on the market does not set off an area's trigger."""
    finland = device_id(hass, "finland")
    await automations.add(crossed(finland, limit("below", 0.4)))
    await set_ask(hass, market, 0.5, location=FINLAND)
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert await automations.runs() == []
    await set_ask(hass, market, 0.2, location=FINLAND)
    (run,) = await automations.runs()
    assert (run["price"], run["device_id"]) == (0.2, finland)


async def test_each_part_by_itself(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """Of several parts each crosses for itself."""
    whole, finland = device_id(hass), device_id(hass, "finland")
    await automations.add(crossed({"device_id": [whole, finland]}, limit("below", 0.4)))
    await set_ask(hass, market, 0.5, location=FINLAND)
    await set_ask(hass, market, 0.3, location=GERMANY)
    assert [run["device_id"] for run in await automations.runs()] == [whole]
    await set_ask(hass, market, 0.2, location=FINLAND)
    assert [run["device_id"] for run in await automations.runs()] == [finland]


@pytest.mark.parametrize(("also", "fires"), [(False, []), (True, [0.3])])
async def test_when_the_automation_is_loaded(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    also: bool,
    fires: list[float],
) -> None:
    """A price that is found beyond the limit fires only where that is asked for, and once."""
    await set_ask(hass, market, 0.3)
    await automations.add(
        crossed(device_id(hass), limit("below", 0.4), also_if_already=also)
    )
    runs = await automations.runs()
    assert [run["price"] for run in runs] == fires
    for run in runs:
        assert run["from_price"] is None
        assert run["description"] == "best ask is 0.3 EUR/kWh, below 0.4 EUR/kWh"
    await set_ask(hass, market, 0.2)
    assert await automations.prices() == []
    await automations.turn("off")
    await automations.turn("on")
    assert await automations.prices() == [0.2 for _ in fires]
    assert await automations.prices() == []
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.1)
    assert await automations.prices() == [0.1]


@pytest.mark.parametrize(("also", "fires"), [(False, []), (True, [0.3])])
async def test_at_start_up(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    automations: Automations,
    also: bool,
    fires: list[float],
) -> None:
    """A market that is set up after the automation, and its first price ever, are no crossing."""
    account_entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=account_entry.entry_id,
        identifiers={(DOMAIN, account_entry.entry_id)},
    )
    hass.set_state(CoreState.not_running)
    await automations.add(
        {
            **crossed(device.id, limit("below", 0.4), also_if_already=also),
            "id": "crossed",
        },
        {**trigger("trade_closed", device.id), "id": "trade"},
    )
    await hass.async_start()
    await set_up(account_entry)
    await showing(hass, "sensor.glocalflex_best_ask", "unknown")
    await set_ask(hass, market, 0.3)
    assert await automations.prices() == fires
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.2)
    await close_trade(hass, market, 9)
    assert [(run["id"], run["price"]) for run in await automations.runs()] == [
        ("crossed", 0.2),
        ("trade", 9),
    ]


@pytest.mark.parametrize(
    ("before", "after", "fires"),
    [
        (0.5, 0.45, []),
        (0.5, 0.3, [(0.5, 0.3)]),
        (0.3, 0.2, []),
        (0.3, 0.5, []),
    ],
)
@pytest.mark.parametrize("how", ["stream", "reload", "market", "empty"])
async def test_after_an_outage(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    before: float,
    after: float,
    fires: list[tuple[float, float]],
    how: str,
) -> None:
    """On return it fires only if the price lies on the other side of where it was."""
    await automations.add(
        crossed(device_id(hass), limit("below", 0.4), also_if_already=True)
    )
    await set_ask(hass, market, before)
    await automations.runs()
    match how:
        case "stream":
            back = await cut(hass, market)
            await back()
        case "reload":
            assert await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
            assert await automations.runs() == []
            assert await hass.config_entries.async_setup(entry.entry_id)
            await showing(hass, "sensor.glocalflex_ask_orders", 0)
        case "market":
            await market.stop()
            await showing(hass, "sensor.glocalflex_best_ask", UNAVAILABLE)
            await market.start()
            await showing(hass, "sensor.glocalflex_ask_orders", 0)
        case "empty":
            await set_ask(hass, market, None)
    await set_ask(hass, market, after)
    runs = await automations.runs()
    assert [(run["from_price"], run["price"]) for run in runs] == fires
    # Whichever side it was on, it is still watched, by one listener.
    await set_ask(hass, market, 0.6)
    await set_ask(hass, market, 0.1)
    assert await automations.prices() == [0.1]


# Limits that are entities


async def set_limit(hass: HomeAssistant, value: object) -> None:
    """Let the limit's entity show something."""
    hass.states.async_set("input_number.limit", str(value))
    await hass.async_block_till_done()


async def test_limit_moves(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A limit that moves across the price is a crossing, whoever moved it is named."""
    await set_limit(hass, 0.4)
    await automations.add(
        crossed(device_id(hass), limit("below", "input_number.limit"), hysteresis=0.02)
    )
    await set_ask(hass, market, 0.5)
    await set_limit(hass, 0.5)
    assert await automations.runs() == []
    await set_limit(hass, 0.6)
    state = hass.states.get("input_number.limit")
    assert state is not None
    (event,) = await automations.events()
    run = (await automations.runs())[0]
    assert (run["from_price"], run["price"], run["limit"]) == (0.5, 0.5, 0.6)
    assert event.context.parent_id == state.context.id
    # The hysteresis counts from where the limit is now.
    await set_limit(hass, 0.49)
    await set_limit(hass, 0.6)
    assert await automations.runs() == []
    await set_limit(hass, 0.48)
    await set_limit(hass, 0.51)
    assert [run["limit"] for run in await automations.runs()] == [0.51]
    # And the price crosses it as it does a number.
    await set_ask(hass, market, 0.6)
    await set_ask(hass, market, 0.4)
    assert await automations.prices() == [0.4]
    await set_limit(hass, -0.5)
    await set_ask(hass, market, -0.6)
    assert await automations.prices() == [-0.6]


@pytest.mark.parametrize("unusable", ["unavailable", "unknown", "dear", "nan", "inf"])
async def test_limit_unusable(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
    unusable: str,
) -> None:
    """An unusable limit never fires; when it is back, what was before counts."""
    await automations.add(
        crossed(device_id(hass), limit("below", "input_number.limit"))
    )
    # It is not there at all.
    await set_ask(hass, market, 0.5)
    await set_ask(hass, market, 0.3)
    assert await automations.runs() == []
    # The first limit ever.
    await set_limit(hass, 0.4)
    assert await automations.runs() == []
    await set_ask(hass, market, 0.5)
    await set_limit(hass, unusable)
    await set_ask(hass, market, 0.3)
    assert await automations.runs() == []
    await set_limit(hass, 0.2)
    assert await automations.runs() == []
    await set_limit(hass, unusable)
    await set_limit(hass, 0.4)
    (run,) = await automations.runs()
    assert (run["from_price"], run["price"]) == (0.3, 0.3)
    await set_limit(hass, unusable)
    await set_limit(hass, 0.4)
    assert await automations.runs() == []


async def test_range_of_entities(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    automations: Automations,
) -> None:
    """A range upside down is no range."""
    await set_limit(hass, 0.1)
    await automations.add(
        crossed(device_id(hass), limit("outside", 0.2, "input_number.limit"))
    )
    await set_ask(hass, market, 0.25)
    assert await automations.runs() == []
    await set_limit(hass, 0.3)
    assert await automations.runs() == []
    await set_limit(hass, 0.22)
    assert await automations.prices() == [0.25]


# Markets and areas come and go


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
    assert not old._notifiers[StreamName.ORDER_BOOK]._listeners  # noqa: SLF001
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
    entity = {"entity_id": "event.finland_trade"}
    await automations.add(
        {**trigger("trade_closed", entity), "id": "entity"},
        {**trigger("trade_closed", {"area_id": place.id}), "id": "place"},
        {**trigger("trade_closed", {"label_id": label.label_id}), "id": "label"},
    )
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
    devices.async_update_device(finland, area_id=None)
    await hass.async_block_till_done()
    await close_trade(hass, market, 4, location=FINLAND)
    assert sorted(run["id"] for run in await automations.runs()) == ["entity", "label"]


# Configurations


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
    """A device of another integration is refused, and an area where it never has any events."""
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
    assert "An automation cannot be triggered: ZeroDivisionError" in caplog.text


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
        "order_expired": {"least_power"},
        "order_status_changed": {"to"},
        "trade_closed": {"above", "below", "least_power"},
    }
