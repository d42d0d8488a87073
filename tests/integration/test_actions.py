"""Tests of the actions with an answer: the order book, quotes, own orders and contracts, trades."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from itertools import pairwise
from threading import get_ident
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market_part import MarketPart
from custom_components.glocalflex.services import ACTIONS
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component

from .automations import device_id
from .conftest import NOON, Clock, SetUp, eventually
from .messages import Absent, at, contract_status, order_status, trade
from .test_area import stored, with_areas
from .test_forward_curve import ask, book, order, shows

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
GERMANY = {"country_code": "DE", "location_id": [None]}
NOWHERE = {"country_code": "", "location_id": [None]}


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)


@pytest.fixture
async def entry(
    clock: Clock, hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Set up a market with an area at noon in Helsinki."""
    await hass.config.async_set_time_zone("Europe/Helsinki")
    await set_up(entry := with_areas(account_entry, stored()))
    return entry


@pytest.fixture
def public_entry(market: Simulator) -> MockConfigEntry:
    """Return an entry for the market without an account."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Market data",
        unique_id=market.host,
        data={"kind": "public", "host": market.host, "plain": True},
    )


async def refused(hass: HomeAssistant, action: str, **data: object) -> str | None:
    """Return why an action has no answer, after a look at the words."""
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, action, **data)
    assert "{" not in str(error.value)
    assert str(error.value) != error.value.translation_key
    # What the user can mend is no failure of the integration's.
    is_mendable = error.value.translation_key != "order_book_unknown"
    assert isinstance(error.value, ServiceValidationError) is is_mendable
    return error.value.translation_key


def local(time: datetime) -> str:
    """Return a time as answers give it in Helsinki."""
    return (time + 3 * HOUR).isoformat().replace("+00:00", "+03:00")


def values(series: list[dict[str, Any]]) -> list[float | None]:
    """Return a series' values, after a look at whether it is without gaps."""
    for one, other in pairwise(series):
        assert one["end"] == other["start"]
    return [element["value"] for element in series]


def prices(side: dict[str, Any]) -> list[float]:
    """Return the prices of a side of the book."""
    return [order["price"] for order in side["orders"]]


async def has_book(
    hass: HomeAssistant,
    market: Simulator,
    bids: list[dict[str, Any]],
    asks: list[dict[str, Any]],
) -> None:
    """Have a book arrive that has as many asks as none before."""
    await market.control.send("orderbook", book(bids, asks))
    await eventually(shows(hass, "ask_orders", len(asks)))
    await eventually(shows(hass, "bid_orders", len(bids)))


async def test_order_book(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """Both sides come best first, with what is known of each order, and how many there are."""
    await has_book(
        hass,
        market,
        [order(0.2, NOON + HOUR), order(0.3, NOON + HOUR, location=GERMANY)],
        [
            order(0.9, NOON + HOUR, power=500),
            order(-0.1, NOON + 2 * HOUR, location=NOWHERE),
            {**order(0.5, NOON + HOUR), "delivery_end": None, "location": None},
        ],
    )
    answer = await ask(hass, "get_order_book", device_id=device_id(hass))
    assert answer == {
        "created_at": "2026-05-05T12:00:30+03:00",
        "bids": {
            "orders": [
                {
                    "price": 0.3,
                    "power": 1000.0,
                    "delivery_start": "2026-05-05T13:00:00+03:00",
                    "delivery_end": "2026-05-05T14:00:00+03:00",
                    "country_code": "DE",
                    "location_ids": [],
                },
                {
                    "price": 0.2,
                    "power": 1000.0,
                    "delivery_start": "2026-05-05T13:00:00+03:00",
                    "delivery_end": "2026-05-05T14:00:00+03:00",
                    "country_code": "FI",
                    "location_ids": ["loc1"],
                },
            ],
            "total_orders": 2,
            "total_power": 2000.0,
            "cut": False,
        },
        "asks": {
            "orders": [
                {
                    "price": -0.1,
                    "power": 1000.0,
                    "delivery_start": "2026-05-05T14:00:00+03:00",
                    "delivery_end": "2026-05-05T15:00:00+03:00",
                    "country_code": None,
                    "location_ids": [],
                },
                {
                    "price": 0.5,
                    "power": 1000.0,
                    "delivery_start": "2026-05-05T13:00:00+03:00",
                    "delivery_end": None,
                    "country_code": None,
                    "location_ids": [],
                },
                {
                    "price": 0.9,
                    "power": 500.0,
                    "delivery_start": "2026-05-05T13:00:00+03:00",
                    "delivery_end": "2026-05-05T14:00:00+03:00",
                    "country_code": "FI",
                    "location_ids": ["loc1"],
                },
            ],
            "total_orders": 3,
            "total_power": 2500.0,
            "cut": False,
        },
    }
    answer = await ask(hass, "get_order_book", device_id=device_id(hass, "finland"))
    assert prices(answer["bids"]) == [0.2]
    assert prices(answer["asks"]) == [0.9]
    assert answer["asks"]["total_power"] == 500.0


@pytest.mark.parametrize(
    ("fields", "bids", "asks", "cut"),
    [
        ({"side": "bids"}, [0.4, 0.3], None, False),
        ({"side": "asks"}, None, [0.5, 0.6, 0.7, 0.8], False),
        # What only touches a period lies outside; local times as the form gives them.
        ({"start": "2026-05-05 14:00:00"}, [0.3], [0.6, 0.7], False),
        ({"end": "2026-05-05 14:00:00"}, [0.4], [0.5, 0.7], False),
        (
            {"start": (NOON + 1.5 * HOUR).isoformat(), "end": NOON + 2 * HOUR},
            [0.4],
            [0.5, 0.7],
            False,
        ),
        ({"power": 1000}, [0.4], [0.5], False),
        ({"power": 1000.5}, [0.4, 0.3], [0.5, 0.6], False),
        ({"power": 1e6}, [0.4, 0.3], [0.5, 0.6, 0.7, 0.8], False),
        ({"limit": 3}, [0.4, 0.3], [0.5, 0.6, 0.7], True),
        ({"limit": 2, "power": 2000}, [0.4, 0.3], [0.5, 0.6], False),
    ],
)
async def test_part_of_the_order_book(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    market: Simulator,
    fields: dict[str, Any],
    bids: list[float] | None,
    asks: list[float] | None,
    cut: bool,
) -> None:
    """One side, a period, a power and a limit each leave out the others, and a cut is told."""
    await has_book(
        hass,
        market,
        [order(0.3, NOON + 2 * HOUR), order(0.4, NOON + HOUR)],
        [
            order(0.5, NOON + HOUR),
            order(0.6, NOON + 2 * HOUR),
            order(0.7, NOON + HOUR, NOON + 3 * HOUR),
            {**order(0.8, NOON + HOUR), "delivery_end": None},
        ],
    )
    answer = await ask(hass, "get_order_book", device_id=device_id(hass), **fields)
    for name, expected in (("bids", bids), ("asks", asks)):
        assert (name in answer) is (expected is not None)
        if expected is not None:
            assert prices(answer[name]) == expected
    if asks is not None:
        assert answer["asks"]["cut"] is cut
    if "limit" in fields:
        assert answer["asks"]["total_orders"] == 4


async def test_large_book(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    market: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A book of 20,000 orders is reckoned off the event loop, and no answer is endless."""
    threads: dict[str, int] = {}

    def note_thread(name: str) -> None:
        """Note the thread that an action reckons in."""
        module = import_module(f"custom_components.glocalflex.actions.{name}")
        answer: Callable[..., Any] = vars(module)["_answer"]

        def run(*args: Any, **kwargs: Any) -> Any:
            threads[name] = get_ident()
            return answer(*args, **kwargs)

        monkeypatch.setattr(module, "_answer", run)

    for module in ("order_book", "quote", "trades"):
        note_thread(module)
    start = NOON + HOUR
    await has_book(
        hass,
        market,
        [order(index / 1e4, start) for index in range(10_000)],
        [order(2 + index / 1e4, start) for index in range(10_000)],
    )
    market_id = device_id(hass)
    answer = await ask(hass, "get_order_book", device_id=market_id)
    for side, best in (("bids", 0.9999), ("asks", 2.0)):
        assert len(answer[side]["orders"]) == 100
        assert answer[side]["orders"][0]["price"] == best
        assert answer[side]["total_orders"] == 10_000
        assert answer[side]["total_power"] == 1e7
        assert answer[side]["cut"]
    answer = await ask(hass, "get_order_book", device_id=market_id, limit=1000)
    assert len(answer["asks"]["orders"]) == 1000
    quote = await ask(
        hass, "get_quote", device_id=market_id, side="buy", power=1e7, start=start
    )
    assert quote["total"] == pytest.approx(24_999.5)
    await ask(hass, "get_recent_trades", device_id=market_id)
    assert threads.keys() == {"order_book", "quote", "trades"}
    assert get_ident() not in threads.values()


async def test_quote(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """A power is bought from the cheapest asks, a piece of the window at a time."""
    await has_book(
        hass,
        market,
        [order(5, NOON + HOUR)],
        [
            order(0.4, NOON, NOON + 3 * HOUR, power=5000.0),
            order(0.1, NOON + 1.5 * HOUR, NOON + 3 * HOUR, power=500.0),
            order(0.01, NOON + HOUR, location=GERMANY),
        ],
    )
    window = {"start": "2026-05-05 13:00:00", "end": "2026-05-05 14:00:00"}
    answer = await ask(
        hass,
        "get_quote",
        device_id=device_id(hass, "finland"),
        side="buy",
        power=2000,
        **window,
    )
    first = {"start": local(NOON + HOUR), "end": local(NOON + 1.5 * HOUR)}
    second = {"start": local(NOON + 1.5 * HOUR), "end": local(NOON + 2 * HOUR)}

    def series(one: float, other: float) -> list[dict[str, Any]]:
        return [
            {**first, "value": pytest.approx(one)},
            {**second, "value": pytest.approx(other)},
        ]

    assert answer == {
        "created_at": "2026-05-05T12:00:30+03:00",
        "side": "buy",
        "start": first["start"],
        "end": second["end"],
        "power": 2000.0,
        "energy": 2.0,
        "total": pytest.approx(0.725),
        "average_price": pytest.approx(0.3625),
        "worst_price": 0.4,
        "met_energy": pytest.approx(2),
        "available_power": 5000.0,
        "totals": series(0.4, 0.325),
        "average_prices": series(0.4, 0.325),
        "worst_prices": series(0.4, 0.4),
        "met_powers": series(2000, 2000),
        "available_powers": series(5000, 5500),
    }
    # The whole market has the cheap one from elsewhere too.
    answer = await ask(
        hass,
        "get_quote",
        device_id=device_id(hass),
        side="buy",
        power=1000,
        start=NOON + HOUR,
        end=NOON + 1.5 * HOUR,
    )
    assert (answer["energy"], answer["total"]) == (0.5, pytest.approx(0.005))


async def test_quote_without_a_window(
    clock: Clock, entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """What is sold is, unless said otherwise, the hour from the next quarter on."""
    await has_book(
        hass,
        market,
        [order(0.3, NOON, NOON + 3 * HOUR, power=1000), order(0.5, NOON + QUARTER)],
        [order(0.1, NOON)],
    )
    await clock.move(hass, NOON + timedelta(minutes=7))
    market_id = device_id(hass)
    answer = await ask(hass, "get_quote", device_id=market_id, side="sell", energy=1.5)
    assert answer["start"] == local(NOON + QUARTER)
    assert answer["end"] == local(NOON + QUARTER + HOUR)
    assert (answer["power"], answer["energy"]) == (1500.0, 1.5)
    assert answer["total"] == pytest.approx(0.5 + 0.15)
    assert answer["worst_price"] == 0.3
    # The same energy in half the time is twice the power.
    answer = await ask(
        hass,
        "get_quote",
        device_id=market_id,
        side="sell",
        energy=1,
        end=NOON + QUARTER + HOUR / 2,
    )
    assert (answer["power"], answer["energy"]) == (2000.0, 1.0)
    assert answer["end"] == local(NOON + QUARTER + HOUR / 2)
    assert answer["total"] == pytest.approx((0.5 + 0.3) / 2)


async def test_quote_of_too_little(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """Where the book is too thin in a part of the window there is no total, but what is there."""
    await has_book(
        hass,
        market,
        [],
        [order(0.2, NOON + HOUR), order(0.4, NOON + HOUR, NOON + 1.5 * HOUR)],
    )
    market_id = device_id(hass)
    window = {"start": NOON + HOUR, "end": NOON + 2 * HOUR}
    answer = await ask(
        hass, "get_quote", device_id=market_id, side="buy", power=2000, **window
    )
    assert (answer["total"], answer["average_price"]) == (None, None)
    assert answer["worst_price"] is None
    assert answer["available_power"] == 1000.0
    assert answer["met_energy"] == pytest.approx(1.5)
    assert values(answer["totals"]) == [pytest.approx(0.3), None]
    assert values(answer["worst_prices"]) == [0.4, None]
    assert values(answer["met_powers"]) == [2000.0, 1000.0]
    assert values(answer["available_powers"]) == [2000.0, 1000.0]
    answer = await ask(
        hass, "get_quote", device_id=market_id, side="sell", power=1, **window
    )
    assert (answer["total"], answer["available_power"]) == (None, 0.0)
    assert values(answer["met_powers"]) == [0.0]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "power_or_energy"),
        ({"power": 1000, "energy": 1}, "power_or_energy"),
        ({"power": 1000, "end": NOON + QUARTER}, "end_before_start"),
        (
            {"power": 1000, "start": NOON + HOUR, "end": NOON + HOUR},
            "end_before_start",
        ),
        ({"power": 1000, "start": NOON - HOUR}, "window_over"),
        (
            {"power": 1000, "start": NOON + HOUR, "end": NOON + 170 * HOUR},
            "window_too_long",
        ),
        ({"power": 1000, "start": NOON - HOUR, "end": NOON + SECOND}, None),
        ({"power": 1000, "start": NOON + HOUR, "end": NOON + 169 * HOUR}, None),
    ],
)
async def test_quote_refused(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    market: Simulator,
    fields: dict[str, Any],
    reason: str | None,
) -> None:
    """A question that has no answer is refused in words, and no other."""
    await has_book(hass, market, [], [order(0.4, NOON)])
    question = {"device_id": device_id(hass), "side": "buy", **fields}
    if reason is None:
        await ask(hass, "get_quote", **question)
    else:
        assert await refused(hass, "get_quote", **question) == reason


async def tell(
    hass: HomeAssistant, market: Simulator, *messages: dict[str, Any]
) -> None:
    """Have own orders and contracts told."""
    for message in messages:
        await market.control.send("trade", message)
    await market.control.send("trade", order_status("accepted", "last"))
    await eventually(
        lambda: (
            (state := hass.states.get("event.glocalflex_order_status")) is not None
            and state.attributes.get("order_id") == "last"
        )
    )


async def test_orders(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """All that is known of an order is told, and from when to when it had which status."""
    await tell(
        hass,
        market,
        order_status("accepted", "a"),
        at(order_status("filled", "a", power=Absent), "2026-05-05T09:00:40Z"),
        # Overtaken by a second.
        at(order_status("matching_active", "a"), "2026-05-05T09:00:39Z"),
        at(
            order_status("on hold", "b", side="buy", location=None),
            "2026-05-05T09:00:10Z",
        ),
    )
    answer = await ask(hass, "get_orders", device_id=device_id(hass))
    assert [order["order_id"] for order in answer["orders"]] == ["a", "last", "b"]
    assert (answer["total"], answer["cut"], answer["connected"]) == (3, False, True)
    assert answer["orders"][0] == {
        "created_at": "2026-05-05T12:00:40+03:00",
        "status": "filled",
        "order_id": "a",
        "side": "sell",
        "power": 2000.0,
        "price": 0.3,
        "delivery_start": "2026-05-05T13:00:00+03:00",
        "delivery_end": "2026-05-05T14:00:00+03:00",
        "expiry_time": "2026-05-05T12:09:30+03:00",
        "country_code": "FI",
        "location_ids": ["loc1"],
        "latitude": 60.2,
        "longitude": 24.8,
        "statuses": [
            {
                "start": "2026-05-05T12:00:30+03:00",
                "end": "2026-05-05T12:00:39+03:00",
                "value": "accepted",
            },
            {
                "start": "2026-05-05T12:00:39+03:00",
                "end": "2026-05-05T12:00:40+03:00",
                "value": "matching_active",
            },
            {"start": "2026-05-05T12:00:40+03:00", "end": None, "value": "filled"},
        ],
    }


async def test_contracts(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """Contracts likewise, with their energy, and no order among them."""
    await tell(
        hass,
        market,
        contract_status("verification_initiated", order_id="a", energy=2000),
        at(contract_status("settlement_initiated"), "2026-05-05T10:00:00Z"),
    )
    answer = await ask(hass, "get_contracts", device_id=device_id(hass))
    assert answer == {
        "contracts": [
            {
                "created_at": "2026-05-05T13:00:00+03:00",
                "status": "settlement_initiated",
                "contract_id": "contract-1",
                "order_id": "a",
                "side": "sell",
                "power": 2000.0,
                "price": 0.3,
                "energy": 2.0,
                "delivery_start": "2026-05-05T13:00:00+03:00",
                "delivery_end": "2026-05-05T14:00:00+03:00",
                "country_code": None,
                "location_ids": [],
                "latitude": None,
                "longitude": None,
                "statuses": [
                    {
                        "start": "2026-05-05T12:00:30+03:00",
                        "end": "2026-05-05T13:00:00+03:00",
                        "value": "verification_initiated",
                    },
                    {
                        "start": "2026-05-05T13:00:00+03:00",
                        "end": None,
                        "value": "settlement_initiated",
                    },
                ],
            }
        ],
        "total": 1,
        "cut": False,
        "connected": True,
    }


@pytest.mark.parametrize(
    ("fields", "expected", "total"),
    [
        ({}, ["last", "c", "b", "a"], 4),
        ({"statuses": "filled"}, ["b"], 1),
        ({"statuses": ["filled", "on hold"]}, ["c", "b"], 2),
        ({"statuses": []}, [], 0),
        ({"start": "2026-05-05 14:00:00"}, ["b"], 1),
        ({"end": NOON + 2 * HOUR}, ["last", "a"], 2),
        ({"start": NOON + 1.5 * HOUR, "end": NOON + 3 * HOUR}, ["last", "b", "a"], 3),
        ({"limit": 2}, ["last", "c"], 4),
        ({"limit": 4}, ["last", "c", "b", "a"], 4),
        ({"statuses": ["accepted"], "limit": 1}, ["last"], 2),
    ],
)
async def test_some_orders(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    market: Simulator,
    fields: dict[str, Any],
    expected: list[str],
    total: int,
) -> None:
    """Statuses and the time of delivery choose, the newest word comes first."""
    later = {
        "delivery_start": (NOON + 2 * HOUR).isoformat(),
        "delivery_end": (NOON + 3 * HOUR).isoformat(),
    }
    await tell(
        hass,
        market,
        order_status("accepted", "b", **later),
        order_status("accepted", "a"),
        # What a word leaves out stays known.
        order_status("filled", "b", delivery_start=Absent, delivery_end=Absent),
        order_status("on hold", "c", delivery_start=None, delivery_end=None),
    )
    answer = await ask(hass, "get_orders", device_id=device_id(hass), **fields)
    assert [order["order_id"] for order in answer["orders"]] == expected
    assert (answer["total"], answer["cut"]) == (total, total > len(expected))


async def test_own_in_an_outage(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """Own orders and contracts are known while the stream is down, which is said."""
    await tell(hass, market, contract_status("settlement_initiated"))
    market.control.refuse(503, what="stream")
    await market.control.cut("trade")
    await eventually(shows(hass, "orders_accepted", "unavailable"))
    for action, name in (("get_orders", "orders"), ("get_contracts", "contracts")):
        answer = await ask(hass, action, device_id=device_id(hass))
        assert len(answer[name]) == 1
        assert not answer["connected"]
    market.control.refuse(None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await eventually(shows(hass, "orders_accepted", 1))
    answer = await ask(hass, "get_orders", device_id=device_id(hass))
    assert [order["order_id"] for order in answer["orders"]] == ["last"]
    assert answer["connected"]


async def test_whose_orders(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    market: Simulator,
    public_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An area has no orders of its own, and an entry without an account knows of none."""
    await set_up(public_entry)
    finland = device_id(hass, "finland")
    (public,) = dr.async_entries_for_config_entry(
        dr.async_get(hass), public_entry.entry_id
    )
    for action in ("get_orders", "get_contracts"):
        assert await refused(hass, action, device_id=finland) == "not_a_whole_market"
        assert await refused(hass, action, device_id=public.id) == "no_account"
    # All else it knows.
    await ask(hass, "get_recent_trades", device_id=public.id)


async def traded(
    hass: HomeAssistant, market: Simulator, *trades: dict[str, Any]
) -> None:
    """Have trades arrive."""
    closed = "event.glocalflex_trade"
    for message in trades:
        await market.control.send("ticker", message)
    price = trades[-1]["data"]["price"]
    await eventually(
        lambda: (
            (state := hass.states.get(closed)) is not None
            and state.attributes.get("price") == price
        )
    )


def closing(closed_at: datetime, price: float, **fields: object) -> dict[str, Any]:
    """Return a trade that closed at a time."""
    return trade(closed_at=closed_at.isoformat(), price=price, **fields)


async def test_recent_trades(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """Trades come newest first, of the whole market or an area, with their average by the quarter."""
    await traded(
        hass,
        market,
        closing(NOON - 10 * SECOND, 0.8),
        closing(NOON + 2 * SECOND, 0.2, location=GERMANY),
        closing(NOON + SECOND, 0.5, energy=500.0, power=500.0),
        closing(NOON + SECOND, 0.4),
    )
    answer = await ask(hass, "get_recent_trades", device_id=device_id(hass))
    assert [trade["price"] for trade in answer["trades"]] == [0.2, 0.4, 0.5, 0.8]
    assert answer["trades"][1] == {
        "created_at": "2026-05-05T12:00:30+03:00",
        "closed_at": "2026-05-05T12:00:01+03:00",
        "price": 0.4,
        "power": 1500.0,
        "energy": 1.5,
        "delivery_start": "2026-05-05T13:00:00+03:00",
        "delivery_end": "2026-05-05T14:00:00+03:00",
        "country_code": "FI",
        "location_ids": ["loc1"],
        "latitude": 60.2,
        "longitude": 24.8,
    }
    assert (answer["total"], answer["cut"]) == (4, False)
    assert answer["complete_since"] == local(NOON)
    assert answer["average_prices"] == [
        {
            "start": local(NOON - QUARTER),
            "end": local(NOON),
            "value": pytest.approx(0.8),
        },
        {
            "start": local(NOON),
            "end": local(NOON + QUARTER),
            "value": pytest.approx((0.3 + 0.25 + 0.6) / 3.5),
        },
    ]
    answer = await ask(
        hass, "get_recent_trades", device_id=device_id(hass, "finland"), limit=2
    )
    assert [trade["price"] for trade in answer["trades"]] == [0.4, 0.5]
    assert (answer["total"], answer["cut"]) == (3, True)
    assert values(answer["average_prices"]) == pytest.approx([0.8, 0.85 / 2])
    answer = await ask(
        hass,
        "get_recent_trades",
        device_id=device_id(hass),
        since="2026-05-05 12:00:01",
    )
    assert [trade["price"] for trade in answer["trades"]] == [0.2, 0.4, 0.5]
    assert len(answer["average_prices"]) == 1


async def test_trades_of_a_day(
    clock: Clock, entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """A trade is told for a day; what was asked for before that is not."""
    await traded(hass, market, closing(NOON, 0.4), closing(NOON + HOUR, 0.5))
    await clock.move(hass, NOON + 24 * HOUR + SECOND)
    for since in ({}, {"since": NOON - HOUR}):
        answer = await ask(
            hass, "get_recent_trades", device_id=device_id(hass), **since
        )
        assert [trade["price"] for trade in answer["trades"]] == [0.5]
        assert answer["complete_since"] == local(NOON + SECOND)


async def test_trades_in_an_outage(
    clock: Clock, entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """It is told from when on no trade is missing, and none is kept over a restart."""
    await traded(hass, market, closing(NOON, 0.4))
    market.control.refuse(503, what="stream")
    await market.control.cut("ticker")
    await eventually(shows(hass, "last_price", "unavailable"))
    answer = await ask(hass, "get_recent_trades", device_id=device_id(hass))
    assert len(answer["trades"]) == 1
    assert answer["complete_since"] is None
    market.control.refuse(None)
    await clock.move(hass, NOON + HOUR)
    await eventually(shows(hass, "last_price", 0.4))
    await traded(hass, market, closing(NOON + HOUR, 0.5))
    answer = await ask(hass, "get_recent_trades", device_id=device_id(hass))
    assert [trade["price"] for trade in answer["trades"]] == [0.5, 0.4]
    assert answer["complete_since"] == local(NOON + HOUR)
    assert await hass.config_entries.async_reload(entry.entry_id)
    streams = entry.runtime_data.streams
    await eventually(lambda: all(stream.connected for stream in streams.values()))
    answer = await ask(hass, "get_recent_trades", device_id=device_id(hass))
    assert (answer["trades"], answer["average_prices"]) == ([], [])


QUESTIONS: dict[str, dict[str, Any]] = {
    "get_forward_curve": {},
    "get_run_costs": {
        "power": 1000,
        "duration": {"hours": 1},
        "ready_by": NOON + 2 * HOUR,
    },
    "get_order_book": {},
    "get_quote": {"side": "buy", "power": 1000},
    "get_orders": {},
    "get_contracts": {},
    "get_recent_trades": {},
}
"""All actions that answer."""


async def test_every_action_refuses_in_words(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """No market, a book that is not known, a market that is not set up: each is told."""
    await eventually(shows(hass, "ask_orders", 0))
    market_id = device_id(hass)
    for action, question in QUESTIONS.items():
        await ask(hass, action, device_id=market_id, **question)
        nothing = await refused(hass, action, device_id="nothing", **question)
        assert nothing == "not_a_market"
    market.control.refuse(503, what="stream")
    await market.control.cut()
    await eventually(shows(hass, "ask_orders", "unavailable"))
    for action in ("get_order_book", "get_quote", "get_run_costs"):
        question = {"device_id": market_id, **QUESTIONS[action]}
        assert await refused(hass, action, **question) == "order_book_unknown"
    await hass.config_entries.async_unload(entry.entry_id)
    for action, question in QUESTIONS.items():
        away = await refused(hass, action, device_id=market_id, **question)
        assert away == "market_not_loaded"


@pytest.mark.parametrize("action", ["get_order_book", "get_orders", "get_contracts"])
async def test_period_refused(
    entry: MockConfigEntry, hass: HomeAssistant, action: str
) -> None:
    """A period that ends before it begins is no period."""
    await eventually(shows(hass, "ask_orders", 0))
    period = {"start": NOON + HOUR, "end": NOON}
    reason = await refused(hass, action, device_id=device_id(hass), **period)
    assert reason == "end_before_start"


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("get_order_book", {"side": "buy"}),
        ("get_order_book", {"limit": 0}),
        ("get_order_book", {"limit": 1001}),
        ("get_order_book", {"power": 0}),
        ("get_order_book", {"power": "nan"}),
        ("get_order_book", {"start": "soon"}),
        ("get_quote", {"power": 1}),
        ("get_quote", {"side": "bids", "power": 1}),
        ("get_quote", {"side": "buy", "power": 0}),
        ("get_quote", {"side": "buy", "energy": 0}),
        ("get_quote", {"side": "buy", "energy": "inf"}),
        ("get_orders", {"limit": 0}),
        ("get_contracts", {"status": "filled"}),
        ("get_recent_trades", {"limit": 1001}),
        ("get_recent_trades", {"since": 5}),
    ],
)
async def test_fields_refused(
    entry: MockConfigEntry, hass: HomeAssistant, action: str, fields: dict[str, Any]
) -> None:
    """A field that makes no sense is refused before anything is asked."""
    with pytest.raises(vol.Invalid):
        await ask(hass, action, device_id=device_id(hass), **fields)
    with pytest.raises(vol.Invalid):
        await ask(hass, action, **QUESTIONS[action])


async def test_script(
    entry: MockConfigEntry, hass: HomeAssistant, market: Simulator
) -> None:
    """A script goes by an answer, and answers with it."""
    await has_book(hass, market, [], [order(0.4, NOON), order(0.2, NOON + HOUR)])
    market_id = device_id(hass)
    assert await async_setup_component(
        hass,
        "script",
        {
            "script": {
                "look": {
                    "sequence": [
                        {
                            "action": "glocalflex.get_quote",
                            "data": {
                                "device_id": market_id,
                                "side": "buy",
                                "power": "{{ power }}",
                                "start": "{{ now() + timedelta(hours=1) }}",
                            },
                            "response_variable": "quote",
                        },
                        {
                            "variables": {
                                "answer": {
                                    "total": "{{ quote.total }}",
                                    "last": "{{ quote.available_powers[-1].value }}",
                                }
                            }
                        },
                        {"stop": "", "response_variable": "answer"},
                    ]
                }
            }
        },
    )

    async def look(power: int) -> object:
        return await hass.services.async_call(
            "script", "look", {"power": power}, blocking=True, return_response=True
        )

    assert await look(500) == {"total": 0.1, "last": 1000.0}
    assert await look(5000) == {"total": None, "last": 1000.0}


async def test_described(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """The editor shows the fields that an action takes, and only markets where it takes no area."""
    descriptions = (await async_get_all_descriptions(hass))[DOMAIN]
    assert descriptions.keys() == {action.name for action in ACTIONS}
    assert {action.name for action in ACTIONS if action.answers} == {*QUESTIONS}
    for action in ACTIONS:
        shown = descriptions[action.name]["fields"]
        taken = {str(field): field for field in action.fields}
        assert [*shown] == ["device_id", *taken]
        for name, field in taken.items():
            required = isinstance(field, vol.Required)
            assert shown[name].get("required", False) is required
            select = shown[name]["selector"].get("select", {"options": ()})
            for option in select["options"]:
                vol.Schema(action.fields[field])(
                    [option] if select.get("multiple") else option
                )
        answer = {"optional": False} if action.answers else None
        assert descriptions[action.name].get("response") == answer
    practice = MockConfigEntry(domain=DOMAIN, data={"kind": "practice"})
    whole, simulated = (
        MarketPart.whole(one, NOON).device["model"] for one in (entry, practice)
    )
    area = next(part for part in entry.runtime_data.parts if part.area).device["model"]
    for name, description in descriptions.items():
        selector = description["fields"]["device_id"]["selector"]["device"]
        models = {
            "get_orders": {whole, simulated},
            "get_contracts": {whole, simulated},
            "rehearse": {simulated, area},
        }.get(name, {whole, simulated, area})
        assert {offered["model"] for offered in selector["filter"]} == models
