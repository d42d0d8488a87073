"""What the actions' fields have in common, and what is refused in words."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..device import async_find_part
from ..market import OrderBook
from ..market_part import MarketPart

ATTR_END = "end"
ATTR_LIMIT = "limit"
ATTR_POWER = "power"
ATTR_SIDE = "side"
ATTR_START = "start"

# An answer is for a person or a script, and may end up in a script's trace.
DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 1000

MARKET_FIELD: VolDictType = {vol.Required(ATTR_DEVICE_ID): cv.string}
PERIOD_FIELDS: VolDictType = {
    vol.Optional(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
}
LIMIT_FIELD: VolDictType = {
    vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
        vol.Coerce(int), vol.Range(1, HIGHEST_LIMIT)
    )
}
WATTS = vol.All(vol.Coerce(float), vol.Range(1, 1e9))


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that a market can be asked, or to do."""

    name: str
    fields: VolDictType
    """Beside the market that is asked about."""

    handler: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    answers: bool = True


def time_of(call: ServiceCall, field: str) -> datetime | None:
    """Return a field's time in UTC; one that names no time zone is local."""
    time: datetime | None = call.data.get(field)
    return None if time is None else dt_util.as_utc(time)


def require_order(start: datetime | None, end: datetime | None) -> None:
    """Refuse a period that ends before it begins."""
    if start is not None and end is not None and end <= start:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="end_before_start"
        )


def period_of(call: ServiceCall) -> tuple[datetime | None, datetime | None]:
    """Return the period in which something must be delivered; None is open."""
    start, end = time_of(call, ATTR_START), time_of(call, ATTR_END)
    require_order(start, end)
    return start, end


@callback
def part_with_book(call: ServiceCall) -> tuple[MarketPart, OrderBook]:
    """Return the part of the market that was asked for, and its book.

    Raises HomeAssistantError where the book is not known just now.
    """
    _, part = async_find_part(call.hass, call.data[ATTR_DEVICE_ID])
    if part.book is None:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="order_book_unknown"
        )
    return part, part.book
