"""Actions of the GLocalFlex integration: questions to a market, and rehearsals."""

import voluptuous as vol

from homeassistant.core import HomeAssistant, SupportsResponse, callback

from .actions.curve import GET_FORWARD_CURVE, GET_RUN_COSTS
from .actions.fields import MARKET_FIELD
from .actions.order_book import GET_ORDER_BOOK
from .actions.own import GET_CONTRACTS, GET_ORDERS
from .actions.quote import GET_QUOTE
from .actions.rehearsal import REHEARSE
from .actions.trades import GET_RECENT_TRADES
from .const import DOMAIN

ACTIONS = (
    GET_FORWARD_CURVE,
    GET_RUN_COSTS,
    GET_ORDER_BOOK,
    GET_QUOTE,
    GET_ORDERS,
    GET_CONTRACTS,
    GET_RECENT_TRADES,
    REHEARSE,
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for action in ACTIONS:
        hass.services.async_register(
            DOMAIN,
            action.name,
            action.handler,
            schema=vol.Schema({**MARKET_FIELD, **action.fields}),
            supports_response=(
                SupportsResponse.ONLY if action.answers else SupportsResponse.NONE
            ),
        )
