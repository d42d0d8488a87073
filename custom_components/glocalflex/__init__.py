"""The GLocalFlex integration: a flexibility market in Home Assistant."""

from functools import partial

from homeassistant.const import CONF_HOST, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.typing import ConfigType

from .authorization import authorization_from
from .const import CONF_KIND, CONF_PLAIN, CONF_REFRESH_TOKEN, DOMAIN, EntryKind
from .coordinator import GLocalFlexConfigEntry, MarketCoordinator
from .frontend import async_setup_frontend
from .market import Endpoint, MarketClient
from .services import async_setup_services
from .statistics import async_clear_statistics
from .store import MarketStore
from .websocket_api import async_setup_websocket_api

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SENSOR,
]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Set up what all entries share."""
    async_setup_services(hass)
    async_setup_websocket_api(hass)
    await async_setup_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> bool:
    """Set up an entry, whether or not its market can be reached just now."""
    if entry.data[CONF_KIND] == EntryKind.PRACTICE:
        # Imported here, off the event loop: a home that does not practise pays nothing.
        await async_import_module(hass, f"{__package__}.practice")
        from .practice import async_start_practice  # noqa: PLC0415

        practice = await async_start_practice(hass, entry)
        endpoint, authorization = practice.endpoint, practice.authorization
    else:
        practice = None
        endpoint = Endpoint(entry.data[CONF_HOST], entry.data[CONF_PLAIN])
        authorization = authorization_from(
            entry.data,
            async_get_clientsession(hass),
            endpoint,
            refresh_token=entry.data.get(CONF_REFRESH_TOKEN),
            on_refresh_token=partial(_store_refresh_token, hass, entry),
        )
    coordinator = MarketCoordinator(
        hass,
        entry,
        MarketClient(async_get_clientsession(hass), endpoint, authorization),
        _store(hass, entry),
    )
    await coordinator.async_load()
    if practice is not None:
        coordinator.practice = practice
        # It is another market each time, which knows nothing of the last one's orders.
        coordinator.own.orders.clear()
        coordinator.own.contracts.clear()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # Last, so that no event comes before the entity that reports it.
    coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> bool:
    """Unload an entry."""
    if unloaded := await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> None:
    """Delete what was stored for an entry, its statistics as well."""
    await _store(hass, entry).async_remove()
    async_clear_statistics(hass, [entry.entry_id, *entry.subentries])


def _store(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> MarketStore:
    return MarketStore(hass, entry.entry_id, entry.unique_id or entry.entry_id)


@callback
def _store_refresh_token(
    hass: HomeAssistant, entry: GLocalFlexConfigEntry, token: str | None
) -> None:
    """Keep the token for the next start: the market refuses the one before."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_REFRESH_TOKEN: token}
    )
