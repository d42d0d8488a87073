"""The market over the life of orders and contracts, without sockets."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from custom_components.glocalflex.simulator.contracts import METER_DATA_SPREAD
from custom_components.glocalflex.simulator.documents import Document
from custom_components.glocalflex.simulator.load import Load, meet
from custom_components.glocalflex.simulator.market import Market
from custom_components.glocalflex.simulator.order_request import OrderRequest
from custom_components.glocalflex.simulator.orders import Place, Window
from custom_components.glocalflex.simulator.pace import NEVER
from custom_components.glocalflex.simulator.traders import (
    COUNTRIES,
    Traders,
    window_after,
)
from custom_components.glocalflex.simulator.wire import Entry, Stream

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WINDOW = Window(NOON + timedelta(hours=1), NOON + timedelta(hours=2))


class Told:
    """A market and all that it told."""

    def __init__(self) -> None:
        """Open it."""
        self.entries: list[Entry] = []
        self.market = Market(NOON, self._tell)

    def _tell(self, stream: Stream, user: str | None, document: Document) -> None:
        self.entries.append(Entry(len(self.entries), stream, user, document))

    def run(self, minutes: float) -> None:
        """Let time pass."""
        until = self.market.now + timedelta(minutes=minutes)
        while not self.market.run(until):
            pass

    def statuses(self, user: str) -> list[str | None]:
        """Return the statuses that a user was told."""
        return [entry.status for entry in self.entries if entry.user == user]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of all documents of a type."""
        return [entry.data for entry in self.entries if entry.document["type"] == kind]


@pytest.fixture
def told() -> Told:
    """Return a market in which nothing has happened."""
    return Told()


def request(
    side: str, watts: float = 1000, price: float = 0.5, **changes: object
) -> OrderRequest:
    """Make an order that brings what it needs."""
    fields: dict[str, Any] = {
        "side": side,
        "milliwatts": round(watts * 1000),
        "price": price,
        "window": WINDOW,
        "place": Place("FI"),
        "expiry_time": NOON + timedelta(minutes=10),
        "baseline": {"meter": "x"} if side == "sell" else None,
    }
    return OrderRequest(**{**fields, **changes})


def test_order_to_settlement(told: Told) -> None:
    """A sell order without baseline goes through every documented status."""
    told.market.place(request("sell", baseline=None), "seller")
    assert told.statuses("seller") == ["awaiting_baseline_data"]
    told.market.place(request("buy", price=0.7), "buyer")
    told.run(1.9)
    assert told.market.trades == 0
    told.run(0.2)
    assert told.statuses("seller") == [
        "awaiting_baseline_data",
        "accepted",
        "matching_active",
        "filled",
    ]
    assert told.statuses("buyer") == ["accepted", "matching_active", "filled"]
    told.run(118)
    assert len(told.statuses("seller")) == 4  # delivery has just ended
    told.run(40 + METER_DATA_SPREAD.total_seconds() / 60)
    for user in ("seller", "buyer"):
        assert told.statuses(user)[-4:] == [
            "verification_initiated",
            "verification_completed_success",
            "settlement_initiated",
            "settlement_completed_success",
        ]
    contracts = {
        data["contract_id"]: data for data in told.of("contract_status_update")
    }
    assert {(data["side"], data["price"]) for data in contracts.values()} == {
        ("sell", 0.7),
        ("buy", 0.7),
    }


def test_partial_fill_and_expiry(told: Told) -> None:
    """What is left of an order after a fill expires, and everybody hears of it."""
    told.market.place(request("sell", 1500), "seller")
    told.market.place(request("buy", 400))
    assert told.statuses("seller")[-1] == "partially_filled"
    told.run(10)
    assert told.statuses("seller")[-1] == "expired"
    [expired] = told.of("expired_order_update")
    assert (expired["power"], expired["energy"]) == (1100.0, 1100.0)
    assert expired["expired_at"] == "2026-06-01T12:10:00Z"
    assert len(told.market.engine) == 0


def test_expires_while_waiting_for_its_baseline(told: Told) -> None:
    """An order that never became active never does."""
    soon = NOON + timedelta(minutes=1)
    told.market.place(request("sell", baseline=None, expiry_time=soon), "seller")
    told.run(5)
    assert told.statuses("seller") == ["awaiting_baseline_data", "expired"]


def test_gate_closes_with_delivery(told: Told) -> None:
    """An order does not outlive the beginning of its delivery."""
    told.market.place(request("buy", expiry_time=NOON + timedelta(days=1)), "buyer")
    told.run(59)
    assert "expired" not in told.statuses("buyer")
    told.run(1)
    assert told.statuses("buyer")[-1] == "expired"


def test_trade_is_told_in_the_documented_shape(told: Told) -> None:
    """The ticker's document, field by field."""
    told.run(1 / 3)
    told.market.place(request("sell", 1500, 0.42, place=Place("FI", ("loc1",))))
    told.market.place(request("buy", 1500, 0.5, place=Place()))
    assert told.entries == [
        (
            0,
            "ticker",
            None,
            {
                "type": "ticker_update",
                "created_at": "2026-06-01T12:00:20Z",
                "data": {
                    "closed_at": "2026-06-01T12:00:20Z",
                    "price": 0.42,
                    "delivery_start": "2026-06-01T13:00:00Z",
                    "delivery_end": "2026-06-01T14:00:00Z",
                    "energy": 1500.0,
                    "power": 1500.0,
                    "location": {
                        "location_id": ["loc1"],
                        "country_code": "FI",
                        "coordinates": {"latitude": 62.5, "longitude": 26.0},
                    },
                },
            },
        )
    ]


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_told_anothers_order_and_energy_adds_up(seed: int) -> None:
    """Over hundreds of orders: documents go to their owner, and every watt is accounted for."""
    told, random = Told(), Random(seed)
    owner: dict[str, str | None] = {}
    placed: dict[str, float] = {}
    for _ in range(300):
        user = random.choice(("anna", "bert", None))
        asked = request(
            random.choice(("buy", "sell")),
            random.randint(1, 50) / 10,
            random.randint(1, 9) / 10,
            place=Place(random.choice(("", "FI", "DE"))),
            baseline=random.choice((None, {"meter": "x"})),
            expiry_time=told.market.now + timedelta(minutes=random.randint(1, 9)),
        )
        order_id = told.market.place(asked, user)
        owner[order_id], placed[order_id] = user, asked.milliwatts
        told.run(random.random() / 6)
    told.run(24 * 60)

    contracted: Counter[str] = Counter()
    ends: defaultdict[str, list[str | None]] = defaultdict(list)
    for entry in told.entries:
        assert (entry.stream == "trade") == (entry.user is not None)
        if entry.stream == "trade":
            order_id = str(entry.data["order_id"])
            assert owner[order_id] == entry.user
            ends[order_id].append(entry.status)
            if entry.status == "settlement_completed_success":
                contracted[order_id] += round(float(str(entry.data["power"])) * 1000)
    for order_id, user in owner.items():
        if user is None:
            assert order_id not in ends
        elif "filled" in ends[order_id]:
            assert "expired" not in ends[order_id]
            assert contracted[order_id] == placed[order_id]
        else:
            assert "expired" in ends[order_id]
            assert contracted[order_id] < placed[order_id]
    assert told.market.trades == len(told.of("ticker_update")) > 30


def run_traders(seed: str, hours: float = 24, owner: str | None = None) -> Told:
    """Let traders trade."""
    told = Told()
    Traders(told.market, seed, owner).start(20)
    told.run(hours * 60)
    return told


def test_traders_make_a_realistic_market() -> None:
    """All pilot countries, prices that wander over the day, a book on both sides."""
    told = run_traders("1")
    trades = told.of("ticker_update")
    assert {data["location"]["country_code"] for data in trades} == set(COUNTRIES)
    assert 0.2 < len(trades) / (20 * 60 * 24) < 1
    assert told.of("expired_order_update")
    assert all(
        0 < data["price"] < 2.5 and 10 <= data["power"] <= 10_000 for data in trades
    )
    hourly = defaultdict(list)
    for data in trades:
        hourly[data["closed_at"][:13]].append(data["price"])
    means = [sum(prices) / len(prices) for prices in hourly.values()]
    assert max(means) > 1.2 * min(means)
    assert [*told.market.engine.levels("buy")]
    assert [*told.market.engine.levels("sell")]


def test_same_seed_same_market() -> None:
    """A seed repeats a run, another one does not."""
    once = run_traders("1", 2).entries
    assert once == run_traders("1", 2).entries
    assert once != run_traders("2", 2).entries


def test_traders_on_behalf_of_a_user_reach_every_status() -> None:
    """A user's orders and contracts move by themselves."""
    told = run_traders("1", 4, "anna")
    assert set(told.statuses("anna")) == {
        "awaiting_baseline_data",
        "accepted",
        "matching_active",
        "partially_filled",
        "filled",
        "expired",
        "verification_initiated",
        "verification_completed_success",
        "settlement_initiated",
        "settlement_completed_success",
    }


def test_traders_stop(told: Told) -> None:
    """A crowd that was sent home places nothing, and one that comes back does not double."""
    traders = Traders(told.market, "1")
    traders.start(20)
    told.run(10)
    traders.start(0)
    trades = told.market.trades
    told.run(60)
    assert told.market.trades == trades > 0
    traders.start(20)
    traders.start(20)
    told.run(60)
    assert told.market.trades < 20 * 60


def test_load_of_trades_is_even(told: Told) -> None:
    """So many trades in so much time, each between two orders that meet."""
    Load(told.market, "1").trade_every(timedelta(seconds=0.1))
    told.run(1)
    assert told.market.trades == 600
    assert len(told.market.engine) == 0


def test_load_of_the_book_is_kept_up(told: Told) -> None:
    """The book holds so many orders, an hour later too, and none of them trades."""
    Load(told.market, "1").fill_book(1000)
    told.run(0)
    assert len(told.market.engine) == 1000
    told.run(60)
    assert len(told.market.engine) == 1000
    assert told.of("expired_order_update")
    assert told.market.trades == 0


def test_meeting_touches_nobody_else(told: Told) -> None:
    """A trade that is made leaves better orders in the book alone."""
    told.market.place(request("sell", price=0.1), "seller")
    meet(told.market, request("sell", price=0.9), "anna")
    [trade] = told.of("ticker_update")
    assert trade["price"] == 0.9
    assert told.statuses("seller")[-1] == "matching_active"
    assert told.statuses("anna") == ["accepted", "matching_active", "filled"]


@pytest.mark.parametrize(
    ("now", "start"),
    [("12:00:00", "12:15"), ("12:14:59.999999", "12:15"), ("12:15:00.000001", "12:30")],
)
def test_windows_start_on_a_quarter(now: str, start: str) -> None:
    """The next quarter is strictly ahead."""
    window = window_after(datetime.fromisoformat(f"2026-06-01T{now}+00:00"), 0)
    assert window.start == datetime.fromisoformat(f"2026-06-01T{start}+00:00")
    assert window.hours == 1


def test_agenda_yields_and_stops(told: Told) -> None:
    """Work comes in slices, in the order of time and then of planning, until told to stop."""
    happened: list[int] = []
    for number in range(1200):
        when = NOON + timedelta(seconds=number % 2)
        told.market.plan(when, partial(happened.append, number))
    assert not told.market.run(NEVER)
    assert told.market.now == NOON
    assert 0 < len(happened) <= 500
    assert told.market.run(NEVER, lambda: len(happened) >= 600)
    assert len(happened) == 600
    while not told.market.run(NOON + timedelta(seconds=1)):
        pass
    assert happened == [*range(0, 1200, 2), *range(1, 1200, 2)]
    assert told.market.next_at is None


def test_contracts_move_one_by_one(told: Told) -> None:
    """The contracts of one window do not all reach a status at the same moment."""
    for _ in range(30):
        told.market.place(request("sell"), "seller")
        told.market.place(request("buy"))
    told.run(600)
    times = [
        entry.document["created_at"]
        for entry in told.entries
        if entry.status == "verification_initiated"
    ]
    assert len(times) == len(set(times)) == 30
