"""Frames to messages: what holds of any frame."""

from contextlib import suppress
from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.glocalflex.market import OrderBook, UndecodableFrame
from custom_components.glocalflex.market.messages import decode

RECEIVED = datetime(2026, 11, 1, 8, tzinfo=UTC)

TYPES = (
    "control",
    "ticker_update",
    "expired_order_update",
    "orderbook_update",
    "order_status_update",
    "contract_status_update",
    "weather_update",
)
FIELDS = (
    "price",
    "power",
    "energy",
    "side",
    "closed_at",
    "expired_at",
    "delivery_start",
    "delivery_end",
    "expiry_time",
    "location",
    "location_id",
    "country_code",
    "coordinates",
    "latitude",
    "order_id",
    "contract_id",
    "id",
    "message",
    "bids",
    "asks",
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["NaN", "-inf", "1e400", "null", "0001-01-01T00:00:00+23:59", 10**25, 1e300]
    )
    | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
)
keys = st.sampled_from(FIELDS) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6)
    ),
    max_leaves=12,
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "name": scalars | st.sampled_from(["accepted", "settlement_initiated"]),
        "status": scalars,
        "created_at": scalars,
        "data": st.dictionaries(st.sampled_from(FIELDS), values, max_size=12) | values,
    },
)


def try_to_decode(frame: str | bytes) -> None:
    """Decode a frame, of which nothing but UndecodableFrame may come."""
    with suppress(UndecodableFrame):
        decode(frame, RECEIVED)


@given(st.binary() | st.text())
def test_any_frame(frame: str | bytes) -> None:
    """No bytes and no text raise anything but UndecodableFrame."""
    try_to_decode(frame)


@given(values)
def test_any_json(document: object) -> None:
    """No JSON raises anything but UndecodableFrame."""
    try_to_decode(json.dumps(document))


@given(messages)
def test_any_message(document: object) -> None:
    """No message of a known type raises anything but UndecodableFrame."""
    try_to_decode(json.dumps(document))
    try_to_decode(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


prices = st.floats(-1e6, 1e6)
orders = st.fixed_dictionaries(
    {"price": prices, "power": st.floats(0, 1e9)},
    optional={
        "side": st.sampled_from(["buy", "sell"]),
        "energy": prices,
        "delivery_start": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        "location": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "country_code": st.sampled_from(["", "FI", None]),
                "location_id": st.lists(st.none() | st.text(max_size=3), max_size=2),
            },
        ),
    },
)
unreadable = st.none() | st.just({"power": -1.0}) | st.just({"power": "x"})
sides = st.dictionaries(
    prices.map(str), st.lists(orders | unreadable, max_size=4), max_size=5
)


@given(sides, sides)
def test_any_book(bids: dict[str, list[Any]], asks: dict[str, list[Any]]) -> None:
    """A book is what a plain reading of its JSON says, less what cannot be read."""
    frame = json.dumps(
        {"type": "orderbook_update", "data": {"bids": bids, "asks": asks}}
    )
    book = decode(frame, RECEIVED)
    assert isinstance(book, OrderBook)
    bad = 0
    for side, levels in ((book.bids, bids), (book.asks, asks)):
        wires = [wire for level in levels.values() for wire in level]
        good = [wire for wire in wires if wire and "price" in wire]
        bad += len(wires) - len(good)
        assert len(side) == len(good)
        for order, wire in zip(side, good, strict=True):
            assert (order.price, order.power) == (wire["price"], wire["power"])
            start = wire.get("delivery_start")
            assert order.delivery_start == (
                datetime.fromisoformat(start) if start else None
            )
            location = wire.get("location")
            assert (order.location is None) == (location is None)
            if order.location is not None:
                assert order.location.country_code == location.get("country_code")
                assert order.location.location_id == tuple(
                    location.get("location_id", ())
                )
    assert book.skipped == bad


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_is_reached(kind: str) -> None:
    """The properties above are about messages that can be read too."""
    decode(
        json.dumps({"type": kind, "data": {"price": 1, "message": "Hello"}}), RECEIVED
    )
