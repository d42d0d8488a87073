"""The practice market: a simulated one inside Home Assistant, for an entry of its own.

It listens on loopback, and takes nobody but that entry.
"""

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import CONF_PACE, CONF_SEED, DOMAIN, Pace
from .coordinator import GLocalFlexConfigEntry
from .market import Account, Authorization, Endpoint
from .simulator import Settings, Simulator

USERNAME = "practice"

# The market was there before it is looked at. Its user's deliveries end within an
# hour and a half of their orders, and are settled within another hour: by then
# contracts of every status are about.
WARM_UP = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """How much happens, a minute."""

    orders: float
    own_orders: float


ACTIVITIES = {
    Pace.CALM: Activity(orders=6, own_orders=0.1),
    Pace.NORMAL: Activity(orders=30, own_orders=0.5),
    Pace.BUSY: Activity(orders=120, own_orders=2),
}


async def async_start_practice(
    hass: HomeAssistant, entry: GLocalFlexConfigEntry
) -> tuple[Endpoint, Authorization]:
    """Start an entry's market, which ends with it; returns how to reach it.

    Raises ConfigEntryNotReady where it cannot listen.
    """
    activity = ACTIVITIES[Pace(entry.data[CONF_PACE])]
    password = token_urlsafe()
    simulator = Simulator(
        Settings(
            seed=entry.data[CONF_SEED],
            orders_per_minute=activity.orders,
            own_orders_per_minute=activity.own_orders,
            warm_up=WARM_UP,
            users={USERNAME: password},
            private=True,
            journal_limit=0,
        )
    )
    try:
        await simulator.start()
    except OSError as error:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="practice_market_not_started",
            translation_placeholders={"error": str(error)},
        ) from error
    entry.async_on_unload(simulator.stop)

    async def stop(_event: Event) -> None:
        await simulator.stop()

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, stop))
    endpoint = Endpoint(simulator.host, plain=True)
    return endpoint, Account(
        async_get_clientsession(hass), endpoint, USERNAME, password
    )
