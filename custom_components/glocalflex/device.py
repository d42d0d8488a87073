"""From a device that the user picked to the part of the market that it stands for."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import MarketCoordinator
from .market_part import MarketPart


@callback
def async_find_part(
    hass: HomeAssistant, device_id: str
) -> tuple[MarketCoordinator, MarketPart]:
    """Return a device's part of the market, and whose it is.

    Raises ServiceValidationError where it is no device of ours, or is not set up now.
    """
    device = dr.async_get(hass).async_get(device_id)
    identifiers = {
        identifier
        for domain, identifier in (device.identifiers if device else ())
        if domain == DOMAIN
    }
    if device is None or not identifiers:
        raise _not_a_market(device_id)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        coordinator: MarketCoordinator = entry.runtime_data
        for part in coordinator.parts:
            if part.identifier in identifiers:
                return coordinator, part
        if not identifiers.isdisjoint(coordinator.signals.by_identifier):
            raise _not_a_market(device_id)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="market_not_loaded",
        translation_placeholders={"device": device.name_by_user or device.name or ""},
    )


def _not_a_market(device_id: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_market",
        translation_placeholders={"device": device_id},
    )
