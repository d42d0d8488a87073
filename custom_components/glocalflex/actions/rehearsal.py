"""Making something happen on a practice market, to see what the house does."""

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN, Rehearsed
from ..device import async_find_part
from .fields import ATTR_POWER, WATTS, Action

ATTR_EVENT = "event"
ATTR_PRICE = "price"


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


REHEARSE = Action(
    name="rehearse",
    fields={
        vol.Required(ATTR_EVENT): vol.Coerce(Rehearsed),
        vol.Optional(ATTR_PRICE, default=0.5): vol.All(
            vol.Coerce(float), vol.Range(-1e6, 1e6)
        ),
        vol.Optional(ATTR_POWER, default=1000.0): WATTS,
    },
    handler=_async_rehearse,
    answers=False,
)
