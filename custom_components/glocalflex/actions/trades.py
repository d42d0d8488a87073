"""What was traded of late."""

from collections.abc import Sequence
from datetime import datetime

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..device import async_find_part
from ..market import LONGEST_HISTORY, Trade, average_prices, newest_first
from ..market_part import MarketPart
from ..message_fields import message_fields
from ..series import element, local_text
from .fields import ATTR_LIMIT, LIMIT_FIELD, Action, time_of

ATTR_SINCE = "since"


async def _async_get_recent_trades(call: ServiceCall) -> ServiceResponse:
    """Return the last trades, and the average price by the quarter of an hour."""
    coordinator, part = async_find_part(call.hass, call.data[ATTR_DEVICE_ID])
    now = dt_util.utcnow()
    oldest = now - LONGEST_HISTORY
    since = max(time_of(call, ATTR_SINCE) or oldest, oldest)
    # Off the event loop: there may be thousands.
    return await call.hass.async_add_executor_job(
        _answer,
        coordinator.trades.since(since),
        part,
        call.data[ATTR_LIMIT],
        coordinator.trades.complete_since(now),
    )


def _answer(
    trades: Sequence[Trade],
    part: MarketPart,
    limit: int,
    complete_since: datetime | None,
) -> JsonObjectType:
    """Return the newest trades that belong to a part of the market."""
    found = [trade for trade in trades if part.contains(trade)]
    return {
        "trades": [
            message_fields(trade, local_text) for trade in newest_first(found)[:limit]
        ],
        "total": len(found),
        "cut": len(found) > limit,
        "complete_since": None
        if complete_since is None
        else local_text(complete_since),
        "average_prices": [
            element(price.start, price.end, price.value)
            for price in average_prices(found)
        ],
    }


GET_RECENT_TRADES = Action(
    name="get_recent_trades",
    fields={vol.Optional(ATTR_SINCE): cv.datetime, **LIMIT_FIELD},
    handler=_async_get_recent_trades,
)
