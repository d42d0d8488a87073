"""The flow that adds and changes an area: a part of the market to watch."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryData,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, UnitOfPower, UnitOfTime
from homeassistant.generated.countries import COUNTRIES
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .const import (
    AREA_VERSION,
    CONF_COUNTRY_CODES,
    CONF_HORIZON,
    CONF_INCLUDES_UNLOCATED,
    CONF_LEAST_POWER,
    CONF_LOCATION_IDS,
    CONF_SIZE,
    CONF_VERSION,
    DEFAULT_SIZE,
    SUBENTRY_AREA,
)
from .market_parts import Seen

# Where the market is at home; it may come to others.
PILOT_COUNTRIES = ("CH", "CZ", "DE", "ES", "FI", "FR")


def _example(
    title: str, country_code: str, horizon: float | None
) -> ConfigSubentryData:
    data = {
        CONF_VERSION: AREA_VERSION,
        CONF_COUNTRY_CODES: [country_code],
        CONF_LOCATION_IDS: [],
        CONF_LEAST_POWER: 0.0,
        CONF_SIZE: DEFAULT_SIZE,
        CONF_INCLUDES_UNLOCATED: False,
    }
    if horizon is not None:
        data[CONF_HORIZON] = horizon
    return ConfigSubentryData(
        title=title, data=data, subentry_type=SUBENTRY_AREA, unique_id=None
    )


# What a practice market has to show, if asked for.
EXAMPLE_AREAS = (
    _example("Finland", "FI", None),
    _example("Germany, next hour", "DE", 1.0),
)


def _several_of(options: list[str]) -> SelectSelector:
    """Return a choice of several, with others to be typed."""
    return SelectSelector(
        SelectSelectorConfig(
            options=options,
            multiple=True,
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _number(least: float, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=least,
            max=1e9,
            step="any",
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


def _schema(seen: Seen) -> vol.Schema:
    """Return the form, which suggests what was seen on the market."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_COUNTRY_CODES, default=list): _several_of(
                sorted({*PILOT_COUNTRIES, *seen.country_codes})
            ),
            vol.Optional(CONF_LOCATION_IDS, default=list): _several_of(
                sorted(seen.location_ids)
            ),
            vol.Required(CONF_LEAST_POWER, default=0.0): _number(0, UnitOfPower.WATT),
            vol.Optional(CONF_HORIZON): _number(0.25, UnitOfTime.HOURS),
            vol.Required(CONF_SIZE, default=DEFAULT_SIZE): _number(1, UnitOfPower.WATT),
            vol.Required(CONF_INCLUDES_UNLOCATED, default=False): BooleanSelector(),
        }
    )


class AreaFlow(ConfigSubentryFlow):
    """Adds an area, or changes one."""

    def __init__(self) -> None:
        """Start with nothing filled in."""
        self._input: dict[str, Any] = {}

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add an area."""
        return self._step("user", user_input, {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change an area."""
        subentry = self._get_reconfigure_subentry()
        if subentry.data[CONF_VERSION] > AREA_VERSION:
            return self.async_abort(reason="newer_version")
        return self._step(
            "reconfigure", user_input, {CONF_NAME: subentry.title, **subentry.data}
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Save an area though nothing on the market fits it yet."""
        return self._save()

    def _step(
        self, step_id: str, user_input: dict[str, Any] | None, shown: Mapping[str, Any]
    ) -> SubentryFlowResult:
        """Ask what belongs to the area, and refuse what never can."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        seen: Seen = entry.runtime_data.parts.seen()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._input = _tidied(user_input)
            if not self._input[CONF_NAME]:
                errors[CONF_NAME] = "name_missing"
            if not COUNTRIES.issuperset(self._input[CONF_COUNTRY_CODES]):
                errors[CONF_COUNTRY_CODES] = "no_such_country"
            if not errors:
                if unseen := _unseen(self._input, seen):
                    return self.async_show_form(
                        step_id="confirm",
                        data_schema=vol.Schema({}),
                        description_placeholders={"unseen": ", ".join(unseen)},
                    )
                return self._save()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                _schema(seen), user_input or shown
            ),
            errors=errors,
        )

    def _save(self) -> SubentryFlowResult:
        """Make the area, or change it."""
        data = {CONF_VERSION: AREA_VERSION, **self._input}
        title = data.pop(CONF_NAME)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=title,
                data=data,
            )
        return self.async_create_entry(title=title, data=data)


def _tidied(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed without stray spaces, countries in capitals."""
    return {
        **user_input,
        CONF_NAME: user_input[CONF_NAME].strip(),
        CONF_COUNTRY_CODES: sorted(
            {code.strip().upper() for code in user_input[CONF_COUNTRY_CODES]}
        ),
        CONF_LOCATION_IDS: sorted(
            {name.strip() for name in user_input[CONF_LOCATION_IDS]} - {""}
        ),
    }


def _unseen(area: Mapping[str, Any], seen: Seen) -> list[str]:
    """Return what is asked for and was never seen on the market, where some of it was."""
    unseen = sorted(
        set(area[CONF_COUNTRY_CODES]) - seen.country_codes - set(PILOT_COUNTRIES)
    )
    unseen += sorted(set(area[CONF_LOCATION_IDS]) - seen.location_ids)
    if area[CONF_LEAST_POWER] > seen.highest_power:
        unseen.append(f"{area[CONF_LEAST_POWER]:.15g} {UnitOfPower.WATT}")
    return unseen
