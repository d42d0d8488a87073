"""The action that makes something happen on a practice market, to see what the house does."""

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .const import DOMAIN, Rehearsed
from .device import async_find_part

SERVICE_REHEARSE = "rehearse"

ATTR_EVENT = "event"
ATTR_PRICE = "price"
ATTR_POWER = "power"

SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_EVENT): vol.Coerce(Rehearsed),
        vol.Optional(ATTR_PRICE, default=0.5): vol.All(
            vol.Coerce(float), vol.Range(-1e6, 1e6)
        ),
        vol.Optional(ATTR_POWER, default=1000.0): vol.All(
            vol.Coerce(float), vol.Range(1, 1e9)
        ),
    }
)


@callback
def async_setup_rehearsal(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(DOMAIN, SERVICE_REHEARSE, _async_rehearse, SCHEMA)


async def _async_rehearse(call: ServiceCall) -> None:
    """Let something happen on the market; it comes back over the market's socket like all else."""
    coordinator, part = async_find_part(call.hass, call.data[ATTR_DEVICE_ID])
    if coordinator.practice is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_a_practice_market"
        )
    await coordinator.practice.rehearse(
        call.data[ATTR_EVENT],
        price=call.data[ATTR_PRICE],
        power=call.data[ATTR_POWER],
        area=part.area,
    )
