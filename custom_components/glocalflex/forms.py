"""The forms of the config flow."""

from typing import Any

import voluptuous as vol

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_USERNAME,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .const import (
    CONF_CONNECTION,
    CONF_CURVE_HOURS,
    CONF_EXAMPLES,
    CONF_PACE,
    CONF_PLAIN,
    CONF_SEED,
    CONF_SIZE,
    DEFAULT_CURVE_HOURS,
    DEFAULT_SEED,
    DEFAULT_SIZE,
    EntryKind,
    Pace,
)
from .market import PRODUCTION_HOST, TEST_HOST

# Hours.
LONGEST_CURVE = 72

HOST_FIELDS: dict[vol.Marker, Any] = {
    vol.Required(CONF_HOST, default=PRODUCTION_HOST): SelectSelector(
        SelectSelectorConfig(
            options=[PRODUCTION_HOST, TEST_HOST],
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    ),
}
CONNECTION_FIELDS: dict[vol.Marker, Any] = {
    vol.Required(CONF_CONNECTION): section(
        vol.Schema({vol.Required(CONF_PLAIN, default=False): BooleanSelector()}),
        {"collapsed": True},
    ),
}
PASSWORD_FIELD: dict[vol.Marker, Any] = {
    vol.Required(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(
            type=TextSelectorType.PASSWORD, autocomplete="current-password"
        )
    ),
}
CREDENTIALS_FIELDS: dict[EntryKind, dict[vol.Marker, Any]] = {
    EntryKind.ACCOUNT: {
        vol.Required(CONF_USERNAME): TextSelector(
            TextSelectorConfig(autocomplete="username")
        ),
        **PASSWORD_FIELD,
    },
    EntryKind.TOKEN: {
        vol.Required(CONF_TOKEN): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD)
        ),
    },
    EntryKind.PUBLIC: {},
}
PRACTICE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_SEED, default=DEFAULT_SEED): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=0, max=2**31 - 1, step=1, mode=NumberSelectorMode.BOX
                )
            ),
            vol.Coerce(int),
        ),
        vol.Required(CONF_PACE, default=Pace.NORMAL.value): SelectSelector(
            SelectSelectorConfig(
                options=[pace.value for pace in Pace], translation_key=CONF_PACE
            )
        ),
    }
)
NEW_PRACTICE_SCHEMA = PRACTICE_SCHEMA.extend(
    {vol.Required(CONF_EXAMPLES, default=True): BooleanSelector()}
)
OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_SIZE, default=DEFAULT_SIZE): NumberSelector(
            NumberSelectorConfig(
                min=1,
                max=1e9,
                step="any",
                unit_of_measurement=UnitOfPower.WATT,
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Required(CONF_CURVE_HOURS, default=DEFAULT_CURVE_HOURS): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=1,
                    max=LONGEST_CURVE,
                    step=1,
                    unit_of_measurement=UnitOfTime.HOURS,
                    mode=NumberSelectorMode.BOX,
                )
            ),
            vol.Coerce(int),
        ),
    }
)


def market_schema(kind: EntryKind) -> vol.Schema:
    """Return the form for a market and who one is to it."""
    return vol.Schema({**HOST_FIELDS, **CREDENTIALS_FIELDS[kind], **CONNECTION_FIELDS})
