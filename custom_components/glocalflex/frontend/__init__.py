"""Cards for Home Assistant's dashboards."""

from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from ..const import DOMAIN

CARDS = ("forward-curve-card.js",)


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Let every dashboard have the cards, where there is a frontend."""
    if "frontend" not in hass.config.components:
        return
    version = (await async_get_integration(hass, DOMAIN)).version
    folder = Path(__file__).parent
    await hass.http.async_register_static_paths(
        [
            StaticPathConfig(
                f"/{DOMAIN}/{card}", str(folder / card), cache_headers=True
            )
            for card in CARDS
        ]
    )
    for card in CARDS:
        # A new version has another address, as browsers keep the old one.
        add_extra_js_url(hass, f"/{DOMAIN}/{card}?v={version}")
