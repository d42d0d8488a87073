"""From what the user picked in an automation to parts of the market, as they come and go."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import voluptuous as vol

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .const import DOMAIN, SUBENTRY_SIGNAL
from .coordinator import MarketCoordinator
from .device import async_find_part
from .market_part import MarketPart

type Target = dict[str, Any]


class Watch(Protocol):
    """Something that listens to one part of the market."""

    def async_start(self) -> None:
        """Listen."""

    def async_stop(self) -> None:
        """Listen no more."""


type MakeWatch = Callable[[str, MarketCoordinator, MarketPart], Watch]


@callback
def async_validate_target(
    hass: HomeAssistant, target: Target, *, has_areas: bool
) -> None:
    """Refuse what never can be meant; what is not there yet may come.

    Raises vol.Invalid.
    """
    selection = TargetSelection(target)
    if not selection.has_any_target:
        raise vol.Invalid("choose the device of a market or of an area")
    devices = dr.async_get(hass)
    entities = er.async_get(hass)
    signals = {
        subentry.subentry_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_SIGNAL
    }
    named = set(selection.device_ids)
    for entity_id in selection.entity_ids:
        if (entity := entities.async_get(entity_id)) is None:
            continue
        if entity.platform != DOMAIN or entity.device_id is None:
            raise vol.Invalid(f"{entity_id} is no entity of a GLocalFlex market")
        named.add(entity.device_id)
    for device_id in named:
        if (device := devices.async_get(device_id)) is None:
            continue
        name = device.name_by_user or device.name or device_id
        if (identifier := _identifier(device.identifiers)) is None:
            raise vol.Invalid(
                f"{name} is neither a GLocalFlex market nor an area of one"
            )
        if identifier in signals:
            raise vol.Invalid(
                f"{name} is a price signal: choose its market or area, or go by the"
                " state of its binary sensor"
            )
        if not has_areas and hass.config_entries.async_get_entry(identifier) is None:
            raise vol.Invalid(
                f"{name} is an area: orders and contracts of your own are known of"
                " the whole market only"
            )


@callback
def async_target_devices(hass: HomeAssistant, target: Target) -> set[str]:
    """Return the devices that are named, and ours among those meant by other words."""
    selection = TargetSelection(target)
    meant = async_extract_referenced_entity_ids(hass, selection, expand_group=False)
    devices = dr.async_get(hass)
    entities = er.async_get(hass)
    candidates = set(meant.referenced_devices)
    for entity_id in meant.referenced | meant.indirectly_referenced:
        if (entity := entities.async_get(entity_id)) and entity.device_id:
            candidates.add(entity.device_id)
    return selection.device_ids | {
        device_id
        for device_id in candidates
        if (device := devices.async_get(device_id)) and _identifier(device.identifiers)
    }


def _identifier(identifiers: set[tuple[str, str]]) -> str | None:
    """Return the part of the market that a device of ours is for, None of another's."""
    return next(
        (identifier for domain, identifier in identifiers if domain == DOMAIN), None
    )


class TargetFollower:
    """Keeps a watch on each part of the market that a target means.

    A part comes with its market's set-up, goes when that is unloaded or the
    area is removed, and may come back as another object.
    """

    def __init__(
        self, hass: HomeAssistant, target: Target, make_watch: MakeWatch
    ) -> None:
        """Prepare to watch; a watch is made for a device's id, its market and its part."""
        self._hass = hass
        self._target = target
        self._make_watch = make_watch
        self._watches: dict[str, Watch] = {}

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Watch what is there, and go on; returns the way out."""
        ends = [
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._on_entry_changed
            ),
            self._hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._on_registry_updated
            ),
            self._hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._on_registry_updated
            ),
        ]
        self._sync()

        @callback
        def stop() -> None:
            for end in ends:
                end()
            for watch in self._watches.values():
                watch.async_stop()

        return stop

    @callback
    def _on_entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            self._sync()

    @callback
    def _on_registry_updated(self, _event: Event[Any]) -> None:
        """Follow labels, places and removals: an area's device goes after the area."""
        self._sync()

    @callback
    def _sync(self) -> None:
        """Watch what has come, and no more what has gone."""
        found: dict[str, tuple[MarketCoordinator, MarketPart]] = {}
        for device_id in async_target_devices(self._hass, self._target):
            with suppress(ServiceValidationError):
                found[device_id] = async_find_part(self._hass, device_id)
        # Also what is set up anew: it was found gone in between.
        for device_id in self._watches.keys() - found.keys():
            self._watches.pop(device_id).async_stop()
        for device_id, (coordinator, part) in found.items():
            if device_id not in self._watches:
                watch = self._make_watch(device_id, coordinator, part)
                # First, as what it sets off may come back here.
                self._watches[device_id] = watch
                watch.async_start()
