"""The GLocalFlex integration: a flexibility market in Home Assistant."""

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_USERNAME,
    Platform,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.importlib import async_import_module

from .const import CONF_KIND, CONF_PLAIN, CONF_REFRESH_TOKEN, EntryKind
from .coordinator import GLocalFlexConfigEntry, MarketCoordinator
from .market import (
    Account,
    Authorization,
    Endpoint,
    FixedToken,
    MarketClient,
    NoAccount,
)
from .store import MarketStore

PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> bool:
    """Set up an entry, whether or not its market can be reached just now."""
    if entry.data[CONF_KIND] == EntryKind.PRACTICE:
        # Imported here, off the event loop: a home that does not practise pays nothing.
        await async_import_module(hass, f"{__package__}.practice")
        from .practice import async_start_practice  # noqa: PLC0415

        endpoint, authorization = await async_start_practice(hass, entry)
    else:
        endpoint = Endpoint(entry.data[CONF_HOST], entry.data[CONF_PLAIN])
        authorization = _authorization(hass, entry, endpoint)
    coordinator = MarketCoordinator(
        hass,
        entry,
        MarketClient(async_get_clientsession(hass), endpoint, authorization),
        _store(hass, entry),
    )
    await coordinator.async_load()
    if entry.data[CONF_KIND] == EntryKind.PRACTICE:
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
    """Delete what was stored for an entry."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: GLocalFlexConfigEntry) -> MarketStore:
    return MarketStore(hass, entry.entry_id, entry.unique_id or entry.entry_id)


def _authorization(
    hass: HomeAssistant, entry: GLocalFlexConfigEntry, endpoint: Endpoint
) -> Authorization:
    """Return who the entry is to its market."""

    @callback
    def store_refresh_token(token: str | None) -> None:
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_REFRESH_TOKEN: token}
        )

    match entry.data[CONF_KIND]:
        case EntryKind.ACCOUNT:
            return Account(
                async_get_clientsession(hass),
                endpoint,
                entry.data[CONF_USERNAME],
                entry.data[CONF_PASSWORD],
                refresh_token=entry.data.get(CONF_REFRESH_TOKEN),
                on_refresh_token=store_refresh_token,
            )
        case EntryKind.TOKEN:
            return FixedToken(entry.data[CONF_TOKEN])
        case _:
            return NoAccount()
