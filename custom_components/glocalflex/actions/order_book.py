"""The orders of the book, best first."""

from collections.abc import Iterable
from datetime import datetime

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.util.json import JsonObjectType

from ..market import BookOrder, Depth, Location, OrderBook, Side, depth
from ..series import local_text
from .fields import (
    ATTR_LIMIT,
    ATTR_POWER,
    ATTR_SIDE,
    LIMIT_FIELD,
    PERIOD_FIELDS,
    WATTS,
    Action,
    part_with_book,
    period_of,
)

BOOK_SIDES = {"bids": Side.BUY, "asks": Side.SELL}


async def _async_get_order_book(call: ServiceCall) -> ServiceResponse:
    """Return the best orders of both sides, or of one."""
    _, book = part_with_book(call)
    start, end = period_of(call)
    side: str | None = call.data.get(ATTR_SIDE)
    # Off the event loop: a book may hold tens of thousands of orders.
    return await call.hass.async_add_executor_job(
        _answer,
        book,
        BOOK_SIDES if side is None else (side,),
        start,
        end,
        call.data.get(ATTR_POWER),
        call.data[ATTR_LIMIT],
    )


def _answer(
    book: OrderBook,
    names: Iterable[str],
    start: datetime | None,
    end: datetime | None,
    power: float | None,
    limit: int,
) -> JsonObjectType:
    """Return sides of a book, and of when it is."""
    answer: JsonObjectType = {"created_at": local_text(book.created_at)}
    for name in names:
        side = BOOK_SIDES[name]
        answer[name] = _side(
            depth(
                book.bids if side is Side.BUY else book.asks,
                side,
                start=start,
                end=end,
                power=power,
                limit=limit,
            )
        )
    return answer


def _side(shown: Depth) -> JsonObjectType:
    """Return the orders of a side, and how many there are."""
    return {
        "orders": [_order(order) for order in shown.orders],
        "total_orders": shown.total_orders,
        "total_power": shown.total_power,
        "cut": shown.is_cut,
    }


def _order(order: BookOrder) -> JsonObjectType:
    """Return an order; what the market left out is None."""
    start, end = order.delivery_start, order.delivery_end
    location = order.location or Location()
    return {
        "price": order.price,
        "power": order.power,
        "delivery_start": None if start is None else local_text(start),
        "delivery_end": None if end is None else local_text(end),
        "country_code": location.country_code or None,
        "location_ids": list(location.location_ids),
    }


GET_ORDER_BOOK = Action(
    name="get_order_book",
    fields={
        vol.Optional(ATTR_SIDE): vol.In(list(BOOK_SIDES)),
        **PERIOD_FIELDS,
        vol.Optional(ATTR_POWER): WATTS,
        **LIMIT_FIELD,
    },
    handler=_async_get_order_book,
)
