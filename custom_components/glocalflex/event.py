"""Event entities of the GLocalFlex integration."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import STATUS_OTHER, MessageKind
from .coordinator import GLocalFlexConfigEntry
from .entity import GLocalFlexEntity
from .market import CONTRACT_STATUSES, ORDER_STATUSES, StreamName
from .market_part import MarketPart

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MarketEventDescription(EventEntityDescription):
    """Describe what happens on a market."""

    stream: StreamName
    kind: MessageKind
    event_types: list[str]
    has_areas: bool = False
    """Whether an area has it too."""


DESCRIPTIONS: tuple[MarketEventDescription, ...] = (
    MarketEventDescription(
        key="trade",
        translation_key="trade",
        stream=StreamName.TICKER,
        kind=MessageKind.TRADE,
        event_types=["closed"],
        has_areas=True,
    ),
    MarketEventDescription(
        key="expired_order",
        translation_key="expired_order",
        stream=StreamName.TICKER,
        kind=MessageKind.ORDER_EXPIRED,
        event_types=["expired"],
        has_areas=True,
    ),
    MarketEventDescription(
        key="order_status",
        translation_key="order_status",
        stream=StreamName.TRADE,
        kind=MessageKind.ORDER_STATUS,
        event_types=[*ORDER_STATUSES, STATUS_OTHER],
    ),
    MarketEventDescription(
        key="contract_status",
        translation_key="contract_status",
        stream=StreamName.TRADE,
        kind=MessageKind.CONTRACT_STATUS,
        event_types=[*CONTRACT_STATUSES, STATUS_OTHER],
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GLocalFlexConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entities of an entry."""
    coordinator = entry.runtime_data

    @callback
    def add_entities(part: MarketPart) -> None:
        async_add_entities(
            [
                MarketEvent(coordinator, part, description.stream, description)
                for description in DESCRIPTIONS
                if description.stream in coordinator.streams
                and (part.area is None or description.has_areas)
            ],
            config_subentry_id=part.subentry_id,
        )

    coordinator.parts.async_for_each(add_entities)


class MarketEvent(GLocalFlexEntity, EventEntity):
    """Something that happens on a market: each time once, never from before."""

    entity_description: MarketEventDescription
    # Two alike within a millisecond are still two.
    _attr_force_update = True
    _shown_available = False

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the messages as well."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.part.async_add_event_listener(
                self.entity_description.kind, self._handle_event
            )
        )

    @callback
    def _handle_event(self, fields: dict[str, Any]) -> None:
        """Report one message."""
        types = self.entity_description.event_types
        # Only what has a status comes in more than one type.
        event_type = fields.get("status", types[0])
        self._trigger_event(event_type if event_type in types else STATUS_OTHER, fields)
        self.async_write_ha_state()

    @callback
    @override
    def _handle_change(self) -> None:
        """Show whether the stream works: what happens on it is shown as it comes."""
        if self.available is not self._shown_available:
            self._shown_available = self.available
            self.async_write_ha_state()
