"""What the matching engine must never do, over random sequences of orders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import product
from random import Random
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.glocalflex.simulator.engine import Engine, Fill
from custom_components.glocalflex.simulator.orders import Order, Place, Side, Window

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WINDOWS = [
    Window(NOON + timedelta(hours=n), NOON + timedelta(hours=n + 1)) for n in range(2)
]
PLACES = [
    Place(country, ids, segment)
    for country in ("", "FI", "DE")
    for ids in ((), ("north",), ("north", "south"), ("east",))
    for segment in (0, 1)
]

type Action = Order | int
"""An order that arrives, or the removal of one that did, by its number."""


def order(
    side: Side,
    price: float,
    milliwatts: int,
    window: Window = WINDOWS[0],
    place: Place = PLACES[0],
    order_id: str = "",
) -> Order:
    """Make an order."""
    return Order(
        order_id=order_id or f"{side} {milliwatts} at {price}",
        owner=None,
        side=side,
        milliwatts=milliwatts,
        price=price,
        window=window,
        place=place,
        expiry_time=window.start,
    )


@st.composite
def actions(draw: st.DrawFn) -> list[Action]:
    """Draw a sequence that meets often: few prices, windows and places."""
    drawn: list[Action] = []
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4))
    for number in range(draw(st.integers(2, 25))):
        if number and draw(st.integers(0, 5)) == 0:
            drawn.append(draw(st.integers(0, number)))
            continue
        drawn.append(
            order(
                draw(st.sampled_from(("buy", "sell"))),
                draw(st.integers(-2, 3)) / 2,
                draw(st.integers(1, 6)),
                draw(st.sampled_from(WINDOWS)),
                draw(st.sampled_from(places)),
                f"{number}",
            )
        )
    return drawn


@dataclass
class Run:
    """What an engine made of some actions."""

    engine: Engine
    orders: dict[str, Order]
    fills: list[Fill]
    removed: dict[str, int]

    def take(self, action: Action) -> None:
        """Let the engine work."""
        if isinstance(action, int):
            if (resting := self.engine.remove(str(action))) is not None:
                self.removed[str(action)] = resting.milliwatts
        else:
            self.orders[action.order_id] = action
            self.fills += self.engine.place(action)

    def left(self) -> dict[str, int]:
        """Return what rests, by order."""
        return {
            resting.order.order_id: resting.milliwatts
            for side in ("buy", "sell")
            for _, level in self.engine.levels(side)
            for resting in level
        }

    def filled(self, order_id: str) -> int:
        """Add up the fills of an order."""
        return sum(
            fill.milliwatts
            for fill in self.fills
            if order_id in (fill.resting.order_id, fill.incoming.order_id)
        )


def run(sequence: list[Action]) -> Run:
    """Let an engine work."""
    result = Run(Engine(), {}, [], {})
    for action in sequence:
        result.take(action)
    return result


def by_hand(sequence: list[Action]) -> list[tuple[str, str, int, float]]:
    """Match the slow and obvious way: search all that rest for the best price, then the oldest."""
    resting: list[list[Any]] = []
    fills = []
    for action in sequence:
        if isinstance(action, int):
            resting = [entry for entry in resting if entry[0].order_id != str(action)]
            continue
        left = action.milliwatts
        while left:
            fitting = [entry for entry in resting if entry[0].fits(action)]
            if not fitting:
                resting.append([action, left])
                break
            sign = -1 if action.side == "sell" else 1
            best = min(
                fitting, key=lambda entry: sign * entry[0].price
            )  # the first of equals
            power = min(left, best[1])
            fills.append((best[0].order_id, action.order_id, power, best[0].price))
            left -= power
            best[1] -= power
            resting = [entry for entry in resting if entry[1]]
    return fills


def at_random(random: Random) -> list[Action]:
    """Make a sequence as `actions` does, a hundred times as fast; a failure does not shrink."""
    places = random.choices(PLACES, k=random.randint(1, 4))
    return [
        random.randrange(number)
        if number and random.random() < 0.15
        else order(
            random.choice(("buy", "sell")),
            random.randint(-2, 3) / 2,
            random.randint(1, 6),
            random.choice(WINDOWS),
            random.choice(places),
            f"{number}",
        )
        for number in range(random.randint(2, 40))
    ]


def property_of_a_market(check: Callable[[list[Action]], None]) -> Callable[[], None]:
    """Try a property on sequences that Hypothesis draws, then on thousands at random."""

    @wraps(check, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def test() -> None:
        settings(max_examples=100)(given(actions())(check))()
        for seed in range(2000):
            check(at_random(Random(seed)))

    del test.__wrapped__
    return test


@property_of_a_market
def test_matches_by_price_then_time(sequence: list[Action]) -> None:
    """Every fill is the one that a search through the whole book finds."""
    assert [
        (fill.resting.order_id, fill.incoming.order_id, fill.milliwatts, fill.price)
        for fill in run(sequence).fills
    ] == by_hand(sequence)


@property_of_a_market
def test_never_leaves_orders_resting_that_fit(sequence: list[Action]) -> None:
    """No two resting orders could trade, at any moment."""
    result = Run(Engine(), {}, [], {})
    for action in sequence:
        result.take(action)
        left = result.left()
        new = (
            [action.order_id]
            if isinstance(action, Order) and action.order_id in left
            else []
        )
        for one, other in product(new, left):
            assert not result.orders[one].fits(result.orders[other])


@property_of_a_market
def test_never_trades_through_a_price(sequence: list[Action]) -> None:
    """Nobody pays more, or gets less, than ordered; who rested names the price."""
    for fill in run(sequence).fills:
        assert fill.sell.price <= fill.price <= fill.buy.price
        assert fill.price == fill.resting.price
        assert fill.sell.fits(fill.buy)
        assert fill.buy.side == "buy"
        assert fill.sell.side == "sell"


@property_of_a_market
def test_neither_loses_nor_invents_energy(sequence: list[Action]) -> None:
    """What an order brought was filled, rests or was removed: to the milliwatt."""
    result = run(sequence)
    left = result.left()
    for name, placed in result.orders.items():
        assert placed.milliwatts == (
            result.filled(name) + left.get(name, 0) + result.removed.get(name, 0)
        )
    assert all(fill.milliwatts > 0 for fill in result.fills)
    assert all(power > 0 for power in left.values())


@property_of_a_market
def test_levels_are_sorted(sequence: list[Action]) -> None:
    """The best price first, at each the oldest first; the count agrees."""
    result = run(sequence)
    bids = [price for price, _ in result.engine.levels("buy")]
    asks = [price for price, _ in result.engine.levels("sell")]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    for side in ("buy", "sell"):
        for price, level in result.engine.levels(side):
            numbers = [int(resting.order.order_id) for resting in level]
            assert numbers == sorted(numbers)
            assert {resting.order.price for resting in level} == {price}
    assert len(result.engine) == len(result.left())


def test_fill_takes_what_rested_first_at_a_better_price() -> None:
    """A large order walks the book, and rests with what is left."""
    engine = Engine()
    for price, milliwatts in ((0.5, 10), (0.4, 10), (0.4, 5)):
        assert not engine.place(order("sell", price, milliwatts))
    fills = engine.place(order("buy", 0.5, 30))
    assert [(fill.price, fill.milliwatts, fill.incoming_left) for fill in fills] == [
        (0.4, 10, 20),
        (0.4, 5, 15),
        (0.5, 10, 5),
    ]
    assert [(price, level[0].milliwatts) for price, level in engine.levels("buy")] == [
        (0.5, 5)
    ]
    assert not list(engine.levels("sell"))


def test_partial_fill_keeps_its_place_in_the_queue() -> None:
    """What is left of an order is still the oldest."""
    engine = Engine()
    engine.place(order("sell", 0.5, 10, order_id="first"))
    engine.place(order("sell", 0.5, 10, order_id="second"))
    engine.place(order("buy", 0.5, 4))
    assert [
        resting.order.order_id
        for _, level in engine.levels("sell")
        for resting in level
    ] == [
        "first",
        "second",
    ]
    assert (
        engine.place(order("buy", 0.5, 4, order_id="again"))[0].resting.order_id
        == "first"
    )


def test_remove_tells_what_was_left() -> None:
    """An order leaves once."""
    engine = Engine()
    engine.place(order("sell", 0.5, 10, order_id="ask"))
    engine.place(order("buy", 0.5, 4))
    resting = engine.remove("ask")
    assert resting is not None
    assert resting.milliwatts == 6
    assert engine.remove("ask") is None
    assert len(engine) == 0


def test_every_change_counts() -> None:
    """The revision moves with the book and only with it."""
    engine = Engine()
    engine.place(order("sell", 0.5, 10, order_id="ask"))
    rested = engine.revision
    engine.place(order("buy", 0.5, 4))
    reduced = engine.revision
    engine.remove("ask")
    removed = engine.revision
    engine.remove("ask")
    assert 0 < rested < reduced < removed == engine.revision


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (Place("FI", ("north", "south")), True),
        (Place("FI", ("south", "east")), True),
        (Place("FI"), True),
        (Place("", ("north",)), True),
        (Place(), True),
        (Place("DE", ("north",)), False),
        (Place("DE"), False),
        (Place("FI", ("east",)), False),
        (Place("FI", ("north", "south"), 1), False),
        (Place("", (), 1), False),
    ],
)
def test_places_fit(other: Place, fits: bool) -> None:
    """Country and grid location agree or are left open; segments never mix."""
    place = Place("FI", ("north", "south"))
    assert place.fits(other) == other.fits(place) == fits


@pytest.mark.parametrize(
    ("price", "other", "fits"),
    [(0.5, 0.5, True), (0.6, 0.5, True), (0.4, 0.5, False), (-0.1, -0.2, True)],
)
def test_orders_fit(price: float, other: float, fits: bool) -> None:
    """A buyer who pays as much as a seller asks, for the same window."""
    buy, sell = order("buy", price, 1), order("sell", other, 1)
    assert buy.fits(sell) == sell.fits(buy) == fits
    assert not buy.fits(order("buy", other, 1))
    assert not buy.fits(order("sell", other, 1, WINDOWS[1]))


def test_places_meet_in_the_narrower() -> None:
    """A trade happens where both can, without a word of segments."""
    anywhere, finland = Place(), Place("FI", ("north", "south"), 1)
    assert anywhere.meet(finland) == Place("FI", ("north", "south"))
    assert finland.meet(Place("FI", ("south",), 1)) == Place("FI", ("south",))
