"""The market's messages as its documentation shows them, for tests to send and to spoil."""

from typing import Any

from custom_components.glocalflex.simulator.documents import Document

CREATED = "2026-05-05T09:00:30Z"

LOCATION: Document = {
    "location_id": ["loc1"],
    "country_code": "FI",
    "coordinates": {"latitude": 60.2, "longitude": 24.8},
}

WINDOW: Document = {
    "delivery_start": "2026-05-05T10:00:00Z",
    "delivery_end": "2026-05-05T11:00:00Z",
}


class Absent:
    """In place of a field's value: the field is not there."""


def _message(kind: str, data: Document, fields: dict[str, object]) -> Document:
    return {"type": kind, "created_at": CREATED, "data": _changed(data, fields)}


def _changed(document: Document, fields: dict[str, object]) -> Document:
    # Anything may be sent, that is what it is for.
    changed: dict[str, Any] = {**document, **fields}
    return {name: value for name, value in changed.items() if value is not Absent}


def trade(**fields: object) -> Document:
    """Return a trade of 1.5 kWh at 0.42 EUR/kWh, with some fields changed."""
    return _message(
        "ticker_update",
        {
            "closed_at": CREATED,
            "price": 0.42,
            **WINDOW,
            "energy": 1.5,
            "power": 1500.0,
            "location": LOCATION,
        },
        fields,
    )


def expired_order(**fields: object) -> Document:
    """Return an expired order, with some fields changed."""
    return _message(
        "expired_order_update",
        {
            "expired_at": CREATED,
            "price": 0.42,
            **WINDOW,
            "energy": 1.5,
            "power": 1500.0,
            "location": LOCATION,
        },
        fields,
    )


def book_order(price: float, /, **fields: object) -> Document:
    """Return an order of the book, with some fields changed."""
    return _changed(
        {
            "side": "buy",
            "power": 1000.0,
            "price": price,
            **WINDOW,
            "energy": 1000.0,
            "location": LOCATION,
        },
        fields,
    )


def order_book(bids: object, asks: object) -> Document:
    """Return a snapshot."""
    return _message("orderbook_update", {}, {"bids": bids, "asks": asks})


DOCUMENTED_BOOK = order_book(
    {"100": [book_order(100), book_order(100)], "99.5": [book_order(99.5)]},
    {"110": [book_order(110, side="sell")]},
)


def order_status(
    status: object, order_id: object = "order-1", /, **fields: object
) -> Document:
    """Return an own order's status, with some fields changed."""
    message = _message(
        "order_status_update",
        {
            "order_id": None,
            "side": "sell",
            "power": 2000.0,
            "price": 0.3,
            **WINDOW,
            "expiry_time": "2026-05-05T09:09:30Z",
            "location": LOCATION,
            "baseline": {},
        },
        {"order_id": order_id, **fields},
    )
    return _changed(message, {"name": status})


def contract_status(
    status: object, contract_id: object = "contract-1", /, **fields: object
) -> Document:
    """Return an own contract's status, of an order's type as in the documentation."""
    message = _message(
        "order_status_update",
        {"contract_id": None, "side": "sell", "power": 2000.0, "price": 0.3, **WINDOW},
        {"contract_id": contract_id, **fields},
    )
    return _changed(message, {"name": status})


def at(message: Document, created_at: object) -> Document:
    """Return a message of another time; None leaves it out."""
    return _changed(message, {"created_at": created_at})
