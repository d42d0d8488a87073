"""What each hour came to, in Home Assistant's long-term statistics: a year to look at."""

import asyncio
from collections.abc import Iterable

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN, PRICE_UNIT
from .market_part import MarketPart
from .state import Period

TRADED_PRICE = "traded_price"
TRADED_ENERGY = "traded_energy"
EXPIRED_ENERGY = "expired_energy"


def statistic_id(identifier: str, kind: str) -> str:
    """Return the id of a statistic of a part of the market."""
    return f"{DOMAIN}:{identifier.lower()}_{kind}"


@callback
def async_clear_statistics(hass: HomeAssistant, identifiers: Iterable[str]) -> None:
    """Delete the statistics of parts of the market that are no more."""
    if "recorder" in hass.config.components:
        get_instance(hass).async_clear_statistics(
            [
                statistic_id(identifier, kind)
                for identifier in identifiers
                for kind in (TRADED_PRICE, TRADED_ENERGY, EXPIRED_ENERGY)
            ]
        )


class HourlyStatistics:
    """Writes hours that are over. The sums go on from what the database holds."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing of the database yet."""
        self._hass = hass
        self._sums: dict[str, tuple[float, float]] = {}
        """The last hour's beginning, as a timestamp, and its sum in kWh."""
        self._writing = asyncio.Lock()

    async def async_write(self, hours: Iterable[tuple[MarketPart, Period]]) -> None:
        """Write hours in order; one that was written before stays as it is."""
        if "recorder" not in self._hass.config.components:
            return
        async with self._writing:
            for part, hour in hours:
                self._write_price(part, hour)
                await self._async_write_energy(part, TRADED_ENERGY, hour, hour.energy)
                await self._async_write_energy(
                    part, EXPIRED_ENERGY, hour, hour.expired_energy
                )

    def _write_price(self, part: MarketPart, hour: Period) -> None:
        """Write an hour's traded price, its mean weighted by energy."""
        if hour.lowest_price is None or hour.highest_price is None:
            return
        data = StatisticData(
            start=hour.start, min=hour.lowest_price, max=hour.highest_price
        )
        if hour.average_price is not None:
            data["mean"] = hour.average_price
        self._add(part, TRADED_PRICE, data)

    async def _async_write_energy(
        self, part: MarketPart, kind: str, hour: Period, energy: float
    ) -> None:
        """Write an hour's energy, on top of all that came before."""
        start, total = await self._async_last(statistic_id(part.identifier, kind))
        if start < hour.start.timestamp():
            total += energy
            self._sums[statistic_id(part.identifier, kind)] = (
                hour.start.timestamp(),
                total,
            )
            self._add(
                part, kind, StatisticData(start=hour.start, state=energy, sum=total)
            )

    async def _async_last(self, identifier: str) -> tuple[float, float]:
        """Return when the last hour written began, and its sum."""
        if (known := self._sums.get(identifier)) is None:
            found = await get_instance(self._hass).async_add_executor_job(
                get_last_statistics, self._hass, 1, identifier, False, {"sum"}
            )
            known = (0.0, 0.0)
            for row in found.get(identifier, ()):
                known = (row["start"], row["sum"] or 0.0)
            self._sums[identifier] = known
        return known

    def _add(self, part: MarketPart, kind: str, data: StatisticData) -> None:
        """Hand an hour to the recorder."""
        is_price = kind == TRADED_PRICE
        mean = StatisticMeanType.ARITHMETIC if is_price else StatisticMeanType.NONE
        async_add_external_statistics(
            self._hass,
            StatisticMetaData(
                source=DOMAIN,
                statistic_id=statistic_id(part.identifier, kind),
                name=f"{part.device['name']} {kind.replace('_', ' ')}",
                mean_type=mean,
                has_sum=not is_price,
                unit_class=None if is_price else EnergyConverter.UNIT_CLASS,
                unit_of_measurement=PRICE_UNIT
                if is_price
                else UnitOfEnergy.KILO_WATT_HOUR,
            ),
            [data],
        )
