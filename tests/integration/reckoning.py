"""What every figure of a part of the market must be, reckoned from the market's documents.

Written from the documentation alone: it shares no code with the integration, and
reckons each figure anew from all that was told, the plainest way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from math import fsum
from typing import Any, NamedTuple

import pytest

type Document = dict[str, Any]
type Definition = dict[str, Any]
"""What belongs to an area, as its form has it."""

type Figures = dict[str, object]
"""By an entity's key; an entity's attribute follows its key and a dot. None is unknown."""

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
CURVE_QUARTERS = 24 * 4

WHAT_BELONGS = (
    "country_codes",
    "location_ids",
    "least_power",
    "horizon",
    "includes_unlocated",
)


class Told(NamedTuple):
    """A trade or an expired order, and when it arrived by Home Assistant's clock."""

    document: Document
    arrived_at: datetime
    is_trade: bool
    price: float
    """EUR/kWh."""

    energy: float
    """kWh."""


class Order(NamedTuple):
    """An order of the book."""

    price: float
    power: float
    start: datetime
    end: datetime


class Quarter(NamedTuple):
    """A quarter of an hour of the forward curve."""

    start: datetime
    bids: list[Order]
    asks: list[Order]

    @property
    def best_bid(self) -> float | None:
        """Return the highest price sought."""
        return max((order.price for order in self.bids), default=None)

    @property
    def best_ask(self) -> float | None:
        """Return the lowest price offered."""
        return min((order.price for order in self.asks), default=None)


@dataclass
class Book:
    """The orders of a part of the market."""

    bids: list[Order]
    asks: list[Order]

    def figures(self, size: float) -> Figures:
        """Reckon what the book comes to, and what trading a size costs."""
        best_bid = max((order.price for order in self.bids), default=None)
        best_ask = min((order.price for order in self.asks), default=None)
        return {
            "best_bid": best_bid,
            "best_ask": best_ask,
            "spread": approximate(
                None if best_bid is None or best_ask is None else best_ask - best_bid
            ),
            "bid_power": summed(order.power for order in self.bids),
            "ask_power": summed(order.power for order in self.asks),
            "bid_orders": len(self.bids),
            "ask_orders": len(self.asks),
            "buy_price": price_for(size, sorted(self.asks)),
            "sell_price": price_for(size, sorted(self.bids, reverse=True)),
        }

    def curve(self, now: datetime) -> list[Quarter]:
        """Return the present quarter of an hour and those ahead, each with what covers all of it."""
        first = quarter_of(now)
        quarters: list[Quarter] = []
        for index in range(CURVE_QUARTERS):
            start = first + index * QUARTER
            end = start + QUARTER
            quarters.append(
                Quarter(
                    start,
                    [o for o in self.bids if o.start <= start and end <= o.end],
                    [o for o in self.asks if o.start <= start and end <= o.end],
                )
            )
        return quarters


@dataclass
class Part:
    """The whole market, or an area: what belongs to it, and what it was told."""

    definition: Definition | None
    """None is the whole market."""

    told: list[Told] = field(default_factory=list)
    counted_from: int = 0
    """What was told before belonged to another definition."""

    run_from: int = 0
    """What was told before came in an earlier run of Home Assistant."""

    hourly: list[Told] = field(default_factory=list)
    """What statistics hold, or will when the hour is over."""

    @property
    def size(self) -> float:
        """Return what buy price and sell price are for, in W."""
        return self.definition["size"] if self.definition else 1000.0

    def change(self, now: datetime, **fields: Any) -> None:
        """Change an area; counters, and the hour, start anew where something else belongs to it."""
        assert self.definition is not None
        before, self.definition = self.definition, self.definition | fields
        if any(before.get(name) != self.definition.get(name) for name in WHAT_BELONGS):
            self.counted_from = self.run_from = len(self.told)
            self.hourly = [t for t in self.hourly if t.arrived_at < hour_of(now)]

    def restart(self) -> None:
        """Begin another run of Home Assistant: counters go on, the last trade is not known."""
        self.run_from = len(self.told)

    def take(self, document: Document, now: datetime) -> None:
        """Take what arrives, if it belongs here."""
        data = document["data"]
        if belongs(self.definition, data, moment(document["created_at"])):
            is_trade = document["type"] == "ticker_update"
            # The market gives energy in Wh.
            told = Told(document, now, is_trade, data["price"], data["energy"] / 1000)
            self.told.append(told)
            self.hourly.append(told)

    def market_data(self, now: datetime, zone: tzinfo) -> Figures:
        """Reckon what comes from the market data stream."""
        midnight = midnight_before(now, zone)
        counted = self.told[self.counted_from :]
        today = [told for told in counted if told.arrived_at >= midnight]
        trades = [told for told in today if told.is_trade]
        figures: Figures = {
            "trades_today": len(trades),
            "energy_traded_today": summed(told.energy for told in trades),
            "average_price_today": average_price(trades),
            "lowest_price_today": min((told.price for told in trades), default=None),
            "highest_price_today": max((told.price for told in trades), default=None),
            "expired_orders": sum(not told.is_trade for told in counted),
            "expired_orders_today": len(today) - len(trades),
        }
        for key in ("trades_today", "energy_traded_today", "expired_orders_today"):
            figures[f"{key}.last_reset"] = midnight
        return figures | self._last_trade() | self._events()

    def _last_trade(self) -> Figures:
        """Describe the trade that closed last, of those in this run."""
        trades = [t.document["data"] for t in self.told[self.run_from :] if t.is_trade]
        # Of several at once the one that came last.
        last = max(reversed(trades), key=lambda t: moment(t["closed_at"]), default=None)
        return {
            "last_price": last and last["price"],
            "last_trade_power": last and last["power"],
            "last_trade_energy": approximate(last and last["energy"] / 1000),
            # Home Assistant shows whole seconds.
            "last_trade_closed_at": last
            and moment(last["closed_at"]).replace(microsecond=0),
            "last_trade_delivery_start": last and moment(last["delivery_start"]),
            "last_trade_delivery_end": last and moment(last["delivery_end"]),
        }

    def _events(self) -> Figures:
        """Describe the newest message of each kind, whenever that was."""
        figures: Figures = {}
        for key, is_trade, event_type in (
            ("trade", True, "closed"),
            ("expired_order", False, "expired"),
        ):
            newest = next(
                (t for t in reversed(self.told) if t.is_trade is is_trade), None
            )
            figures[key] = newest and newest.arrived_at
            if newest:
                figures[f"{key}.event_type"] = event_type
                for name, value in event_fields(newest.document).items():
                    figures[f"{key}.{name}"] = value
        return figures

    def book(self, frame: Document) -> Book:
        """Return the orders of a frame that belong here."""
        told_at = moment(frame["created_at"])
        sides = {
            side: [
                Order(
                    order["price"],
                    order["power"],
                    moment(order["delivery_start"]),
                    moment(order["delivery_end"]),
                )
                for level in levels.values()
                for order in level
                if belongs(self.definition, order, told_at)
            ]
            for side, levels in frame["data"].items()
        }
        return Book(**sides)

    def statistics(self, now: datetime) -> dict[str, list[Document]]:
        """Reckon the hours that are over and in which anything happened."""
        rows: dict[str, list[Document]] = {
            "traded_price": [],
            "traded_energy": [],
            "expired_energy": [],
        }
        sums: dict[str, float] = {"traded_energy": 0.0, "expired_energy": 0.0}
        for hour in sorted({hour_of(told.arrived_at) for told in self.hourly}):
            if hour == hour_of(now):
                continue
            start = {"start": hour.timestamp()}
            of_hour = [t for t in self.hourly if hour_of(t.arrived_at) == hour]
            trades = [told for told in of_hour if told.is_trade]
            if trades:
                mean = average_price(trades)
                lowest = min(told.price for told in trades)
                highest = max(told.price for told in trades)
                rows["traded_price"].append(
                    start | {"mean": mean, "min": lowest, "max": highest}
                )
            expired = [told for told in of_hour if not told.is_trade]
            for kind, told in (("traded_energy", trades), ("expired_energy", expired)):
                energy = fsum(each.energy for each in told)
                sums[kind] += energy
                rows[kind].append(
                    start
                    | {"state": approximate(energy), "sum": approximate(sums[kind])}
                )
        return rows


@cache
def moment(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text)


def quarter_of(time: datetime) -> datetime:
    """Return the beginning of the quarter of an hour."""
    return time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0)


def hour_of(time: datetime) -> datetime:
    """Return the beginning of the hour, of a time in UTC."""
    return time.replace(minute=0, second=0, microsecond=0)


def midnight_before(time: datetime, zone: tzinfo) -> datetime:
    """Return the beginning of the local day, in UTC."""
    local = time.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def approximate(value: float | None) -> object:
    """Allow for sums made in another order, and for the 15 digits of Home Assistant's states."""
    return None if value is None else pytest.approx(value, rel=1e-9)


def average_price(trades: list[Told]) -> object:
    """Return the price by volume, None where nothing was traded."""
    if not trades:
        return None
    turnover = fsum(told.price * told.energy for told in trades)
    return approximate(turnover / fsum(told.energy for told in trades))


def summed(values: Iterable[float]) -> object:
    """Sum up, in any order."""
    return pytest.approx(fsum(values), rel=1e-9)


def belongs(area: Definition | None, data: Document, told_at: datetime) -> bool:
    """Tell whether an order or a trade fits everything that is set in an area."""
    if area is None:
        return True
    if data["power"] < area["least_power"]:
        return False
    if "horizon" in area:
        ahead = moment(data["delivery_start"]) - told_at
        if ahead > timedelta(hours=area["horizon"]):
            return False
    country = data["location"]["country_code"]
    places = {place for place in data["location"]["location_id"] if place}
    if not country and not places:
        return area["includes_unlocated"]
    if area["country_codes"] and country not in area["country_codes"]:
        return False
    return not area["location_ids"] or bool(places & {*area["location_ids"]})


def price_for(size: float, best_first: Sequence[Order]) -> object:
    """Walk a side of the book; return the average price, None where the book is too thin."""
    left = round(size * 1000)
    cost = 0.0
    for order in best_first:
        # In whole milliwatts, which add up exactly.
        taken = min(round(order.power * 1000), left)
        cost += taken * order.price
        left -= taken
    return None if left else approximate(cost / (size * 1000))


def event_fields(document: Document) -> Figures:
    """Flatten a message as event entities show it."""
    fields: Figures = {"created_at": moment(document["created_at"]).isoformat()}
    for name, sent in document["data"].items():
        match name:
            case "location":
                places = [place for place in sent["location_id"] if place]
                coordinates = sent.get("coordinates", {})
                fields["country_code"] = sent["country_code"] or None
                fields["location_ids"] = places
                fields["latitude"] = coordinates.get("latitude")
                fields["longitude"] = coordinates.get("longitude")
            case "energy":
                fields["energy"] = approximate(sent / 1000)
            case "price" | "power":
                fields[name] = sent
            case _:
                fields[name] = moment(sent).isoformat()
    return fields


def curve_figures(curve: list[Quarter], now: datetime, zone: tzinfo) -> Figures:
    """Reckon the cheapest, the dearest and the next, and the price lists of both days."""
    figures: Figures = {}
    asks = [(q.start, q.best_ask) for q in curve if q.best_ask is not None]
    bids = [(q.start, q.best_bid) for q in curve if q.best_bid is not None]
    # Of several that are alike the first.
    cheapest = min(asks, key=lambda ask: (ask[1], ask[0]), default=(None, None))
    dearest = min(bids, key=lambda bid: (-bid[1], bid[0]), default=(None, None))
    figures["cheapest_ask_ahead_start"], figures["cheapest_ask_ahead"] = cheapest
    figures["dearest_bid_ahead_start"], figures["dearest_bid_ahead"] = dearest
    today = now.astimezone(zone).date()
    for key, prices in (("next_ask", asks), ("next_bid", bids)):
        figures[key] = prices[0][1] if prices else None
        # Readers take the distance of the first two for that of all: what stands
        # alone at the beginning is left out.
        while len(prices) > 1 and prices[0][0] + QUARTER != prices[1][0]:
            prices = prices[1:]
        for name, day in (
            ("raw_today", today),
            ("raw_tomorrow", today + timedelta(days=1)),
        ):
            figures[f"{key}.{name}"] = [
                element(start, value, zone)
                for start, value in prices
                if start.astimezone(zone).date() == day
            ]
    return figures


def curve_series(curve: list[Quarter], zone: tzinfo) -> dict[str, list[Document]]:
    """Return a curve as the action answers."""
    return {
        "best_bid": [element(q.start, q.best_bid, zone) for q in curve],
        "best_ask": [element(q.start, q.best_ask, zone) for q in curve],
        "bid_power": [
            element(q.start, summed(o.power for o in q.bids), zone) for q in curve
        ],
        "ask_power": [
            element(q.start, summed(o.power for o in q.asks), zone) for q in curve
        ],
    }


def element(start: datetime, value: object, zone: tzinfo) -> Document:
    """Return an element of a series, in local time."""
    return {
        "start": start.astimezone(zone).isoformat(),
        "end": (start + QUARTER).astimezone(zone).isoformat(),
        "value": value,
    }
