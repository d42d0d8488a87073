"""The user's own orders and contracts."""

from collections.abc import Iterable
from datetime import datetime

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..const import DOMAIN
from ..coordinator import MarketCoordinator
from ..device import async_find_part
from ..market import ContractUpdate, Delivered, OrderUpdate, StreamName, delivers_in
from ..message_fields import message_fields
from ..series import element, local_text
from ..state import Record
from .fields import ATTR_LIMIT, LIMIT_FIELD, PERIOD_FIELDS, Action, period_of

ATTR_STATUSES = "statuses"

type OwnRecord = Record[OrderUpdate] | Record[ContractUpdate]


async def _async_get_orders(call: ServiceCall) -> ServiceResponse:
    """Return own orders."""
    coordinator = _followed_account(call)
    return _answer(call, coordinator, "orders", coordinator.own.orders.values())


async def _async_get_contracts(call: ServiceCall) -> ServiceResponse:
    """Return own contracts."""
    coordinator = _followed_account(call)
    return _answer(call, coordinator, "contracts", coordinator.own.contracts.values())


@callback
def _followed_account(call: ServiceCall) -> MarketCoordinator:
    """Return the market that was asked for.

    Raises ServiceValidationError where it is an area, or is followed without an account.
    """
    coordinator, part = async_find_part(call.hass, call.data[ATTR_DEVICE_ID])
    if part.area is not None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_a_whole_market",
            translation_placeholders={"area": part.device["name"] or ""},
        )
    if StreamName.TRADE not in coordinator.streams:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_account",
            translation_placeholders={"market": coordinator.entry.title},
        )
    return coordinator


@callback
def _answer(
    call: ServiceCall,
    coordinator: MarketCoordinator,
    name: str,
    records: Iterable[OwnRecord],
) -> JsonObjectType:
    """Return those that were asked for; `records` have the newest word last."""
    start, end = period_of(call)
    statuses: list[str] | None = call.data.get(ATTR_STATUSES)
    limit: int = call.data[ATTR_LIMIT]
    # On the event loop, as records change: the most that may be shown take some milliseconds.
    found = [
        record
        for record in records
        if (statuses is None or record.update.status in statuses)
        and delivers_in(_delivered(record.update), start, end)
    ]
    shown: list[JsonValueType] = [
        _record(record) for record in found[: -limit - 1 : -1]
    ]
    return {
        name: shown,
        "total": len(found),
        "cut": len(found) > limit,
        "connected": coordinator.streams[StreamName.TRADE].connected,
    }


def _delivered(update: OrderUpdate | ContractUpdate) -> Delivered:
    return update.order if isinstance(update, OrderUpdate) else update.contract


def _record(record: OwnRecord) -> JsonObjectType:
    """Return what is known of an order or a contract, and from when to when it had which status."""
    told = sorted((time, status) for status, time in record.statuses.items())
    ends: list[datetime | None] = [time for time, _ in told[1:]]
    return {
        **message_fields(record.update, local_text),
        "statuses": [
            element(start, end, status)
            for (start, status), end in zip(told, [*ends, None], strict=True)
        ],
    }


FIELDS = {
    vol.Optional(ATTR_STATUSES): vol.All(cv.ensure_list, [cv.string]),
    **PERIOD_FIELDS,
    **LIMIT_FIELD,
}
GET_ORDERS = Action(name="get_orders", fields=FIELDS, handler=_async_get_orders)
GET_CONTRACTS = Action(
    name="get_contracts", fields=FIELDS, handler=_async_get_contracts
)
