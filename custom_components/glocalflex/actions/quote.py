"""What buying or selling now would cost or bring."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..const import DOMAIN
from ..market import QUARTER, OrderBook, QuotePiece, Side, quarter_of, quote
from ..series import element, local_text
from .fields import (
    ATTR_END,
    ATTR_POWER,
    ATTR_SIDE,
    ATTR_START,
    PERIOD_FIELDS,
    WATTS,
    Action,
    part_with_book,
    require_order,
    time_of,
)

ATTR_ENERGY = "energy"

HOUR = timedelta(hours=1)
LONGEST_WINDOW = timedelta(days=7)

KILOWATT_HOURS = vol.All(vol.Coerce(float), vol.Range(0.001, 1e9))

# One series of the answer each.
SERIES: dict[str, Callable[[QuotePiece], float | None]] = {
    "totals": lambda piece: piece.total,
    "average_prices": lambda piece: piece.average_price,
    "worst_prices": lambda piece: piece.worst_price,
    "met_powers": lambda piece: piece.met_power,
    "available_powers": lambda piece: piece.available_power,
}


async def _async_get_quote(call: ServiceCall) -> ServiceResponse:
    """Return what a power, or an energy spread evenly over the window, comes to."""
    _, book = part_with_book(call)
    start, end = _window(call)
    hours = (end - start) / HOUR
    match call.data.get(ATTR_POWER), call.data.get(ATTR_ENERGY):
        case float(power), None:
            energy = power / 1000 * hours
        case None, float(energy):
            power = energy * 1000 / hours
        case _:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="power_or_energy"
            )
    side: Side = call.data[ATTR_SIDE]
    # Off the event loop: a book may hold tens of thousands of orders.
    return {
        "created_at": local_text(book.created_at),
        "side": side.value,
        "start": local_text(start),
        "end": local_text(end),
        "power": power,
        "energy": energy,
        **await call.hass.async_add_executor_job(
            partial(_answer, book, side=side, power=power, start=start, end=end)
        ),
    }


def _window(call: ServiceCall) -> tuple[datetime, datetime]:
    """Return the window that is asked about: the next hour that can be had, unless it is said.

    Raises ServiceValidationError where it is over, or too long.
    """
    now = dt_util.utcnow()
    # Orders are for quarters of an hour that have not begun.
    start = time_of(call, ATTR_START) or quarter_of(now) + QUARTER
    end = time_of(call, ATTR_END) or start + HOUR
    require_order(start, end)
    if end <= now:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="window_over"
        )
    if end - start > LONGEST_WINDOW:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="window_too_long",
            translation_placeholders={"days": str(LONGEST_WINDOW.days)},
        )
    return start, end


def _answer(
    book: OrderBook, *, side: Side, power: float, start: datetime, end: datetime
) -> JsonObjectType:
    """Return what the window comes to, and each piece of it as series."""
    found = quote(book, side=side, power=power, start=start, end=end)
    answer: JsonObjectType = {
        "total": found.total,
        "average_price": found.average_price,
        "worst_price": found.worst_price,
        "met_energy": found.met_energy,
        "available_power": found.available_power,
    }
    for name, value_fn in SERIES.items():
        answer[name] = [
            element(piece.start, piece.end, value_fn(piece)) for piece in found.pieces
        ]
    return answer


GET_QUOTE = Action(
    name="get_quote",
    fields={
        vol.Required(ATTR_SIDE): vol.Coerce(Side),
        vol.Optional(ATTR_POWER): WATTS,
        vol.Optional(ATTR_ENERGY): KILOWATT_HOURS,
        **PERIOD_FIELDS,
    },
    handler=_async_get_quote,
)
