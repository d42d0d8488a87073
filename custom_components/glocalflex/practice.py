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

from .const import CONF_PACE, CONF_SEED, DOMAIN, Pace, Rehearsed
from .coordinator import GLocalFlexConfigEntry
from .market import Account, Area, Authorization, Endpoint
from .simulator import Control, Settings, Simulator
from .simulator.documents import Json
from .simulator.traders import BASELINE
from .simulator.wire import COUNTRIES

USERNAME = "practice"

# The market was there before it is looked at. Its user's deliveries end within an
# hour and a half of their orders, and are settled within another hour: by then
# contracts of every status are about.
WARM_UP = timedelta(hours=3)


# A delivery that is rehearsed begins soon, and is over before patience is.
DELIVERY_BEGINS_AFTER = timedelta(minutes=1)
DELIVERY_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class PracticeMarket:
    """A practice market that runs, and how its entry reaches it."""

    endpoint: Endpoint
    authorization: Authorization
    control: Control

    async def rehearse(
        self, event: Rehearsed, *, price: float, power: float, area: Area | None
    ) -> None:
        """Let something happen: a trade in an area, or with its user as the seller.

        Price in EUR/kWh, power in W. The entry is told by the market, as of all else.
        """
        start = self.control.now + DELIVERY_BEGINS_AFTER
        is_soon = event is Rehearsed.DELIVERY
        await self.control.trade(
            price,
            power,
            location=_place_in(area),
            user=None if event is Rehearsed.TRADE else USERNAME,
            # An order that has to wait for it goes through one status more.
            baseline=None if event is Rehearsed.ORDER else BASELINE,
            delivery_start=start if is_soon else None,
            delivery_end=start + DELIVERY_LASTS if is_soon else None,
        )


def _place_in(area: Area | None) -> dict[str, Json]:
    """Return a location in an area; of several countries and names the first will do."""
    countries = sorted(area.country_codes & COUNTRIES.keys()) if area else []
    names = sorted(area.location_ids) if area else []
    return {
        "country_code": countries[0] if countries else "",
        "location_id": [*names[:1]],
    }


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
) -> PracticeMarket:
    """Start an entry's market, which ends with it.

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
    session = async_get_clientsession(hass)
    return PracticeMarket(
        endpoint=endpoint,
        authorization=Account(session, endpoint, USERNAME, password),
        control=simulator.control,
    )
