"""Tests of the hourly long-term statistics at the edges: restarts, crashes, gaps, removal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.glocalflex.simulator import Simulator
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .conftest import NOON, Clock, SetUp, eventually
from .messages import Absent, expired_order, trade
from .test_area import stored, with_areas

HOUR = timedelta(hours=1)
HALF_PAST = NOON + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def recorder(clock: Clock, recorder_mock: Recorder) -> Recorder:
    """Have a database. The clock is stopped first."""
    return recorder_mock


async def rows(
    hass: HomeAssistant, identifier: str, kind: str
) -> list[tuple[float | None, ...]]:
    """Return what a part of the market's statistic holds, by hours since noon."""
    await async_wait_recording_done(hass)
    statistic = f"glocalflex:{identifier.lower()}_{kind}"
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass,
            datetime(2026, 1, 1, tzinfo=UTC),
            None,
            {statistic},
            "hour",
            None,
            {"mean", "min", "max", "sum"},
        )
    )
    return [
        (
            (row["start"] - NOON.timestamp()) / 3600,
            *(
                row[name]  # type: ignore[literal-required]
                for name in ("min", "mean", "max", "sum")
                if row.get(name) is not None
            ),
        )
        for row in found.get(statistic, ())
    ]


async def names(hass: HomeAssistant) -> dict[str, str]:
    """Return the ids of all statistics of ours, with their names."""
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    return {
        row["statistic_id"]: row["name"]
        for row in found
        if row["statistic_id"].startswith("glocalflex:")
    }


def counted(entry: ConfigEntry[Any]) -> Callable[[int], Callable[[], bool]]:
    """Return whether so many trades and expired orders have come today."""

    def has(count: int) -> Callable[[], bool]:
        def condition() -> bool:
            day = entry.runtime_data.parts.whole.figures.day
            return bool(day.trades + day.expired_orders == count)

        return condition

    return has


async def test_hours(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An hour is written when it is over, whatever was restarted in it; an empty one is not."""
    await set_up(entry := account_entry)
    has = counted(entry)
    clock.set(HALF_PAST)
    await market.control.send("ticker", trade(price=0.4, energy=3000, power=3000))
    await market.control.send("ticker", trade(price=-0.1, energy=1000, power=1000))
    await market.control.send("ticker", expired_order(energy=2000, power=2000))
    await eventually(has(3))
    assert await rows(hass, entry.entry_id, "traded_price") == []

    await hass.config_entries.async_reload(entry.entry_id)
    await eventually(
        lambda: all(stream.connected for stream in entry.runtime_data.streams.values())
    )
    await market.control.send("ticker", trade(price=0.9, energy=1000, power=1000))
    await eventually(has(4))
    await clock.move(hass, NOON + HOUR)
    price = [pytest.approx((0, -0.1, 0.4, 0.9))]
    assert await rows(hass, entry.entry_id, "traded_price") == price
    assert await rows(hass, entry.entry_id, "traded_energy") == [(0, 5.0)]
    assert await rows(hass, entry.entry_id, "expired_energy") == [(0, 2.0)]

    # Two hours in which nothing happens, then one that ends while Home Assistant is away.
    await clock.move(hass, NOON + 3 * HOUR + timedelta(minutes=59))
    await market.control.send("ticker", trade(price=0.3, energy=500, power=500))
    await eventually(has(5))
    await hass.config_entries.async_unload(entry.entry_id)
    clock.set(NOON + 8 * HOUR)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    price.append(pytest.approx((3, 0.3, 0.3, 0.3)))
    assert await rows(hass, entry.entry_id, "traded_price") == price
    assert await rows(hass, entry.entry_id, "traded_energy") == [(0, 5.0), (3, 5.5)]
    assert await rows(hass, entry.entry_id, "expired_energy") == [(0, 2.0), (3, 2.0)]


async def test_what_the_database_missed(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """After a crash the last hour is written if it is missing, and not counted twice if it is not."""
    await set_up(entry := account_entry)
    await market.control.send("ticker", trade(price=0.4, energy=1500))
    await eventually(counted(entry)(1))
    await clock.move(hass, NOON + HOUR)
    for cleared in (False, True):
        if cleared:
            get_instance(hass).async_clear_statistics([*await names(hass)])
            assert await names(hass) == {}
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert await rows(hass, entry.entry_id, "traded_energy") == [(0, 1.5)]
        assert await rows(hass, entry.entry_id, "traded_price") == [
            pytest.approx((0, 0.4, 0.4, 0.4))
        ]


async def test_energy_unknown(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Trades that name no energy have a lowest and a highest price, and nothing to weigh."""
    await set_up(entry := account_entry)
    nothing = {"energy": Absent, "power": Absent}
    await market.control.send("ticker", trade(price=0.4, **nothing))
    await market.control.send("ticker", trade(price=0.6, **nothing))
    await market.control.send("ticker", expired_order(**nothing))
    await eventually(counted(entry)(3))
    await clock.move(hass, NOON + HOUR)
    assert await rows(hass, entry.entry_id, "traded_price") == [(0, 0.4, 0.6)]
    assert await rows(hass, entry.entry_id, "traded_energy") == [(0, 0.0)]
    assert await rows(hass, entry.entry_id, "expired_energy") == [(0, 0.0)]


@pytest.mark.parametrize(
    "first",
    [
        # The hour that a spring night skips, and the one that an autumn night has twice.
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ],
)
async def test_nights_when_clocks_change(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    first: datetime,
) -> None:
    """Each hour that passes is one, whatever the clock on the wall shows."""
    await hass.config.async_set_time_zone("Europe/Zurich")
    clock.set(first)
    await set_up(entry := account_entry)
    for count in (1, 2, 3):
        await market.control.send("ticker", trade(energy=1000, power=1000))
        await eventually(counted(entry)(count))
        await clock.move(hass, first + count * HOUR)
    begins = (first - timedelta(minutes=30) - NOON) / HOUR
    assert await rows(hass, entry.entry_id, "traded_energy") == [
        (begins, 1.0),
        (begins + 1, 2.0),
        (begins + 2, 3.0),
    ]


async def test_removal(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Statistics are named after their part of the market, and go with it."""
    await set_up(entry := with_areas(account_entry, stored()))
    (area,) = entry.subentries
    await market.control.send("ticker", trade())
    await eventually(counted(entry)(1))
    await clock.move(hass, NOON + HOUR)
    expected = {
        f"glocalflex:{identifier.lower()}_{kind}": f"{name} {kind.replace('_', ' ')}"
        for identifier, name in ((entry.entry_id, "GLocalFlex"), (area, "Finland"))
        for kind in ("traded_price", "traded_energy", "expired_energy")
    }
    assert await names(hass) == expected
    hass.config_entries.async_remove_subentry(entry, area)
    await hass.async_block_till_done()
    assert await names(hass) == {
        statistic: name for statistic, name in expected.items() if "Finland" not in name
    }
    await hass.config_entries.async_remove(entry.entry_id)
    assert await names(hass) == {}
