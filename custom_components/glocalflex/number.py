"""Numbers of the GLocalFlex integration: what a dashboard can set."""

from math import isnan
from typing import override

from homeassistant.components.number import (
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_LIMIT, DOMAIN, HIGHEST_PRICE, PRICE_UNIT
from .coordinator import GLocalFlexConfigEntry
from .price_signal import PriceSignal
from .signal_entity import SignalEntity

# What is set is stored at once, and goes to nobody else.
PARALLEL_UPDATES = 0

LIMIT = NumberEntityDescription(
    key="limit",
    translation_key="limit",
    entity_category=EntityCategory.CONFIG,
    mode=NumberMode.BOX,
    native_min_value=-HIGHEST_PRICE,
    native_max_value=HIGHEST_PRICE,
    native_step=0.001,
    native_unit_of_measurement=PRICE_UNIT,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GLocalFlexConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers of an entry."""

    @callback
    def add_limit(signal: PriceSignal) -> None:
        async_add_entities(
            [SignalLimit(entry, signal)], config_subentry_id=signal.identifier
        )

    entry.runtime_data.signals.async_for_each(add_limit)


class SignalLimit(SignalEntity, NumberEntity):
    """The limit of a price signal: it can be set whether or not its price is known."""

    def __init__(self, entry: GLocalFlexConfigEntry, signal: PriceSignal) -> None:
        """Know the entry that keeps it."""
        super().__init__(signal, LIMIT)
        self._entry = entry

    @property
    @override
    def native_value(self) -> float:
        """Return the limit in EUR/kWh."""
        return self.signal.state.rule.limit

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Store a limit, by which the signal is reckoned at once."""
        if isnan(value):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="limit_not_a_number"
            )
        subentry = self._entry.subentries[self.signal.identifier]
        self.hass.config_entries.async_update_subentry(
            self._entry, subentry, data={**subentry.data, CONF_LIMIT: value}
        )
