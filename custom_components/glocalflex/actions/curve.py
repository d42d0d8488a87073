"""Prices by the time of delivery: the forward curve, and what it costs to run a load later."""

from datetime import datetime, timedelta
from functools import partial

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..const import DOMAIN
from ..market import QUARTER, RunCost, quarter_of, run_costs
from ..series import curve_series, element, local_text
from .fields import ATTR_POWER, WATTS, Action, part_with_book

ATTR_DURATION = "duration"
ATTR_READY_BY = "ready_by"

# So far ahead a load may wait.
LONGEST_WAIT = timedelta(days=7)


async def _async_get_forward_curve(call: ServiceCall) -> ServiceResponse:
    """Return the best prices and the depth for each quarter of an hour ahead."""
    part, _ = part_with_book(call)
    return curve_series(part.async_forward_curve() or ())


async def _async_get_run_costs(call: ServiceCall) -> ServiceResponse:
    """Return what a load costs in each window in which it can run."""
    _, book = part_with_book(call)
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
            translation_placeholders={"earliest": local_text(earliest + duration)},
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


GET_FORWARD_CURVE = Action(
    name="get_forward_curve", fields={}, handler=_async_get_forward_curve
)
GET_RUN_COSTS = Action(
    name="get_run_costs",
    fields={
        vol.Required(ATTR_POWER): WATTS,
        vol.Required(ATTR_DURATION): vol.All(
            cv.positive_time_period, vol.Range(timedelta(minutes=1), LONGEST_WAIT)
        ),
        vol.Required(ATTR_READY_BY): cv.datetime,
    },
    handler=_async_get_run_costs,
)
