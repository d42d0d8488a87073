"""Actions of the GLocalFlex integration: what the order book holds, as an answer."""

from datetime import datetime, timedelta
from functools import partial

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .const import DOMAIN
from .device import async_find_part
from .market import QUARTER, OrderBook, RunCost, quarter_of, run_costs
from .market_part import MarketPart
from .series import curve_series, element

SERVICE_GET_FORWARD_CURVE = "get_forward_curve"
SERVICE_GET_RUN_COSTS = "get_run_costs"

ATTR_POWER = "power"
ATTR_DURATION = "duration"
ATTR_READY_BY = "ready_by"

# So far ahead a load may wait.
LONGEST_WAIT = timedelta(days=7)

FORWARD_CURVE_SCHEMA = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string})
RUN_COSTS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_POWER): vol.All(vol.Coerce(float), vol.Range(1, 1e9)),
        vol.Required(ATTR_DURATION): vol.All(
            cv.positive_time_period, vol.Range(timedelta(minutes=1), LONGEST_WAIT)
        ),
        vol.Required(ATTR_READY_BY): cv.datetime,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (SERVICE_GET_FORWARD_CURVE, _async_get_forward_curve, FORWARD_CURVE_SCHEMA),
        (SERVICE_GET_RUN_COSTS, _async_get_run_costs, RUN_COSTS_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            handler,
            schema=schema,
            supports_response=SupportsResponse.ONLY,
        )


async def _async_get_forward_curve(call: ServiceCall) -> ServiceResponse:
    """Return the best prices and the depth for each quarter of an hour ahead."""
    part, _ = _part_with_book(call)
    return curve_series(part.async_forward_curve() or ())


async def _async_get_run_costs(call: ServiceCall) -> ServiceResponse:
    """Return what a load costs in each window in which it can run."""
    _, book = _part_with_book(call)
    now = dt_util.utcnow()
    duration: timedelta = call.data[ATTR_DURATION]
    ready_by: datetime = dt_util.as_utc(call.data[ATTR_READY_BY])
    if ready_by > now + LONGEST_WAIT:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ready_by_too_late",
            translation_placeholders={"days": str(LONGEST_WAIT.days)},
        )
    # Orders are for quarters of an hour that have not begun.
    earliest = quarter_of(now) + QUARTER
    if ready_by < earliest + duration:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ready_by_too_soon",
            translation_placeholders={
                "earliest": dt_util.as_local(earliest + duration).isoformat()
            },
        )
    # Off the event loop: a book may hold tens of thousands of orders.
    runs = await call.hass.async_add_executor_job(
        partial(
            run_costs,
            book,
            power=call.data[ATTR_POWER],
            duration=duration,
            earliest=earliest,
            ready_by=ready_by,
        )
    )
    priced = [(run.cost, run.start, run) for run in runs if run.cost is not None]
    return {
        "costs": [element(run.start, run.end, run.cost) for run in runs],
        "savings": [element(run.start, run.end, run.saving) for run in runs],
        "cheapest": _with_saving(min(priced)[-1]) if priced else None,
    }


def _with_saving(run: RunCost) -> JsonObjectType:
    """Return a run's cost and what it saves."""
    return {**element(run.start, run.end, run.cost), "saving": run.saving}


@callback
def _part_with_book(call: ServiceCall) -> tuple[MarketPart, OrderBook]:
    """Return the part of the market that was asked for, and its book.

    Raises HomeAssistantError where the book is not known just now.
    """
    _, part = async_find_part(call.hass, call.data[ATTR_DEVICE_ID])
    if part.book is None:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="order_book_unknown"
        )
    return part, part.book
