"""The flow that adds and changes a price signal: the one sensor that says green."""

from collections.abc import Mapping
from datetime import timedelta
from math import isnan
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, UnitOfPower
from homeassistant.helpers.selector import (
    DurationSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .const import (
    CONF_DIRECTION,
    CONF_HYSTERESIS,
    CONF_LEAST_OFF,
    CONF_LEAST_ON,
    CONF_LEAST_POWER,
    CONF_LIMIT,
    CONF_PART,
    CONF_PRICE,
    CONF_VERSION,
    HIGHEST_PRICE,
    PRICE_UNIT,
    SIGNAL_VERSION,
    WHOLE_MARKET,
)
from .market_parts import MarketParts
from .signal_state import Direction, SignalPrice

LONGEST_LEAST_TIME = timedelta(days=7)
NO_TIME = {"hours": 0, "minutes": 0, "seconds": 0}


def _number(least: float, highest: float, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=least,
            max=highest,
            step="any",
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


def _names(parts: MarketParts) -> dict[str, str]:
    """Return what can be watched, by what a signal stores of it."""
    areas = {
        part.subentry_id: part.device["name"] or ""
        for part in parts
        if part.subentry_id is not None
    }
    whole = parts.whole.device["name"] or ""
    return {WHOLE_MARKET: whole, **dict(sorted(areas.items(), key=lambda a: a[1]))}


def _schema(names: Mapping[str, str]) -> vol.Schema:
    """Return the form."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PART, default=WHOLE_MARKET): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=part, label=name)
                        for part, name in names.items()
                    ],
                    # For the whole market; areas go by their own names.
                    translation_key="part",
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
            vol.Required(
                CONF_PRICE, default=SignalPrice.BEST_ASK.value
            ): SelectSelector(
                SelectSelectorConfig(
                    options=[price.value for price in SignalPrice],
                    translation_key="signal_price",
                )
            ),
            vol.Required(CONF_DIRECTION, default=Direction.BELOW.value): SelectSelector(
                SelectSelectorConfig(
                    options=[direction.value for direction in Direction],
                    translation_key="direction",
                )
            ),
            # Without a default the editor shows the least number there is.
            vol.Required(CONF_LIMIT, default=0.0): _number(
                -HIGHEST_PRICE, HIGHEST_PRICE, PRICE_UNIT
            ),
            vol.Required(CONF_HYSTERESIS, default=0.0): _number(
                0, HIGHEST_PRICE, PRICE_UNIT
            ),
            vol.Required(CONF_LEAST_ON, default=NO_TIME): DurationSelector(),
            vol.Required(CONF_LEAST_OFF, default=NO_TIME): DurationSelector(),
            vol.Required(CONF_LEAST_POWER, default=0.0): _number(
                0, 1e9, UnitOfPower.WATT
            ),
        }
    )


class SignalFlow(ConfigSubentryFlow):
    """Adds a price signal, or changes one."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add a signal."""
        return self._step("user", user_input, {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a signal."""
        subentry = self._get_reconfigure_subentry()
        if subentry.data[CONF_VERSION] > SIGNAL_VERSION:
            return self.async_abort(reason="newer_version")
        return self._step(
            "reconfigure", user_input, {CONF_NAME: subentry.title, **subentry.data}
        )

    def _step(
        self, step_id: str, user_input: dict[str, Any] | None, shown: dict[str, Any]
    ) -> SubentryFlowResult:
        """Ask for a signal, and refuse what makes none."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        names = _names(entry.runtime_data.parts)
        if user_input is not None:
            shown = {**user_input, CONF_NAME: user_input[CONF_NAME].strip()}
            errors = _errors(shown)
            if not errors:
                return self._save(shown)
        else:
            errors = {}
        if shown.get(CONF_PART, WHOLE_MARKET) not in names:
            del shown[CONF_PART]
            errors[CONF_PART] = "area_removed"
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(_schema(names), shown),
            errors=errors,
        )

    def _save(self, signal: dict[str, Any]) -> SubentryFlowResult:
        """Make the signal, or change it."""
        data = {CONF_VERSION: SIGNAL_VERSION, **signal}
        title = data.pop(CONF_NAME)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=title,
                data=data,
            )
        return self.async_create_entry(title=title, data=data)


def _errors(signal: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with what was typed."""
    errors = {}
    if not signal[CONF_NAME]:
        errors[CONF_NAME] = "name_missing"
    for number in (CONF_LIMIT, CONF_HYSTERESIS, CONF_LEAST_POWER):
        # What is compared with this is never above and never below it.
        if isnan(signal[number]):
            errors[number] = "not_a_number"
    for least_time in (CONF_LEAST_ON, CONF_LEAST_OFF):
        if timedelta(**signal[least_time]) > LONGEST_LEAST_TIME:
            errors[least_time] = "too_long"
    return errors
