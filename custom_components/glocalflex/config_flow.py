"""Config flow of the GLocalFlex integration."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlowWithReload,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .area_flow import EXAMPLE_AREAS, AreaFlow
from .authorization import authorization_from
from .const import (
    CONF_CONNECTION,
    CONF_EXAMPLES,
    CONF_KIND,
    CONF_PLAIN,
    CONF_REFRESH_TOKEN,
    DOMAIN,
    LOGGER,
    SUBENTRY_AREA,
    SUBENTRY_SIGNAL,
    EntryKind,
)
from .forms import (
    CREDENTIALS_FIELDS,
    NEW_PRACTICE_SCHEMA,
    OPTIONS_SCHEMA,
    PASSWORD_FIELD,
    PRACTICE_SCHEMA,
    market_schema,
)
from .market import (
    CertificateNotTrusted,
    CredentialsRefused,
    Endpoint,
    HostNotFound,
    MarketClient,
    MarketError,
    MarketUnavailable,
    NotAMarket,
    StreamRefused,
    TooManyRequests,
)
from .signal_flow import SignalFlow

SECRETS = (CONF_PASSWORD, CONF_TOKEN)

# The first that fits names what the user is told.
ERRORS: tuple[tuple[type[MarketError], str], ...] = (
    (CredentialsRefused, "invalid_auth"),
    (HostNotFound, "host_not_found"),
    (MarketUnavailable, "cannot_connect"),
    (CertificateNotTrusted, "certificate_not_trusted"),
    (NotAMarket, "not_a_market"),
    (TooManyRequests, "too_many_requests"),
    (StreamRefused, "stream_refused"),
)


class GLocalFlexConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a market, with an account or without."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self._errors: dict[str, str] = {}
        self._error_text = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> GLocalFlexOptionsFlow:
        """Return the flow for the options."""
        return GLocalFlexOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows for parts of the market and for price signals."""
        return {SUBENTRY_AREA: AreaFlow, SUBENTRY_SIGNAL: SignalFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to reach a market."""
        return self.async_show_menu(step_id="user", menu_options=list(EntryKind))

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a market with an account."""
        return await self._async_step_market(EntryKind.ACCOUNT, user_input)

    async def async_step_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a market with an access token."""
        return await self._async_step_market(EntryKind.TOKEN, user_input)

    async def async_step_public(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a market without an account."""
        return await self._async_step_market(EntryKind.PUBLIC, user_input)

    async def async_step_practice(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up the practice market."""
        await self._async_abort_if_configured(EntryKind.PRACTICE)
        if user_input is None:
            return self.async_show_form(
                step_id="practice", data_schema=NEW_PRACTICE_SCHEMA
            )
        data = {CONF_KIND: EntryKind.PRACTICE.value, **user_input}
        has_examples = data.pop(CONF_EXAMPLES)
        return self.async_create_entry(
            title="Practice market",
            data=data,
            subentries=EXAMPLE_AREAS if has_examples else None,
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the form for an area, in releases of Home Assistant that ask for it."""
        entry = result["result"]
        if not entry.subentries and entry.state is ConfigEntryState.LOADED:
            form = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_AREA),
                context=SubentryFlowContext(source=SOURCE_USER),
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, form["flow_id"])
        return result

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask anew for what the market refuses."""
        if entry_data[CONF_KIND] == EntryKind.TOKEN:
            return await self.async_step_reauth_token()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the password."""
        return await self._async_step_reauth(
            "reauth_confirm", PASSWORD_FIELD, user_input
        )

    async def async_step_reauth_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for an access token."""
        return await self._async_step_reauth(
            "reauth_token", CREDENTIALS_FIELDS[EntryKind.TOKEN], user_input
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change an entry's market, or what it shows itself with."""
        entry = self._get_reconfigure_entry()
        kind = EntryKind(entry.data[CONF_KIND])
        if kind is EntryKind.PRACTICE:
            return await self.async_step_reconfigure_practice()
        if user_input is not None:
            data = await self._async_market_data(kind, user_input)
            if data is not None:
                return await self._async_change_market(entry, data)
        shown = {**entry.data, CONF_CONNECTION: {CONF_PLAIN: entry.data[CONF_PLAIN]}}
        return self._show_market_form("reconfigure", kind, user_input or shown)

    async def async_step_reconfigure_practice(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Start a practice market of another kind."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            return self.async_update_reload_and_abort(entry, data_updates=user_input)
        return self.async_show_form(
            step_id="reconfigure_practice",
            data_schema=self.add_suggested_values_to_schema(
                PRACTICE_SCHEMA, entry.data
            ),
        )

    async def _async_step_market(
        self, kind: EntryKind, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a market, prove it, and make the entry."""
        if user_input is not None:
            data = await self._async_market_data(kind, user_input)
            if data is not None:
                await self._async_abort_if_configured(_unique_id(data))
                return self.async_create_entry(title=_title(data), data=data)
        return self._show_market_form(kind, kind, user_input)

    async def _async_step_reauth(
        self,
        step_id: str,
        fields: dict[vol.Marker, Any],
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        """Ask for what the market refuses, prove it, and go on with it."""
        entry = self._get_reauth_entry()
        if user_input is not None:
            data = {**entry.data, **user_input}
            if await self._async_check(data):
                return self.async_update_reload_and_abort(entry, data=data)
        return self._show_form(step_id, vol.Schema(fields))

    async def _async_change_market(
        self, entry: ConfigEntry, data: dict[str, Any]
    ) -> ConfigFlowResult:
        """Let an entry have another market, or another way to it, for the same account."""
        username = data.get(CONF_USERNAME, "")
        if username.lower() != entry.data.get(CONF_USERNAME, "").lower():
            return self.async_abort(reason="wrong_account")
        unique_id = _unique_id(data)
        if unique_id != entry.unique_id:
            await self._async_abort_if_configured(unique_id)
        # A name that the user gave stays.
        renamed = entry.title != _title(entry.data)
        return self.async_update_reload_and_abort(
            entry,
            unique_id=unique_id,
            title=entry.title if renamed else _title(data),
            data=data,
        )

    async def _async_abort_if_configured(self, unique_id: str) -> None:
        """End the flow where there is an entry of this kind.

        Another flow may be under way: a browser that was closed leaves one behind.
        """
        await self.async_set_unique_id(unique_id, raise_on_progress=False)
        self._abort_if_unique_id_configured()

    async def _async_market_data(
        self, kind: EntryKind, user_input: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return an entry's data for a form that proves itself, else None."""
        self._errors = {}
        plain = user_input[CONF_CONNECTION][CONF_PLAIN]
        try:
            endpoint = Endpoint.parse(user_input[CONF_HOST], plain=plain)
        except ValueError:
            self._errors = {CONF_HOST: "invalid_host"}
            return None
        if plain and not endpoint.is_local:
            self._errors = {"base": "plain_not_local"}
            return None
        data = {
            **user_input,
            CONF_KIND: kind.value,
            CONF_HOST: endpoint.host,
            CONF_PLAIN: plain,
        }
        del data[CONF_CONNECTION]
        if CONF_USERNAME in data:
            data[CONF_USERNAME] = data[CONF_USERNAME].strip()
        return data if await self._async_check(data) else None

    async def _async_check(self, data: dict[str, Any]) -> bool:
        """Prove a market, keep the refresh token, and note what is wrong."""
        self._errors = {}
        session = async_get_clientsession(self.hass)
        endpoint = Endpoint(data[CONF_HOST], data[CONF_PLAIN])

        @callback
        def keep_refresh_token(token: str | None) -> None:
            data[CONF_REFRESH_TOKEN] = token

        authorization = authorization_from(
            data,
            session,
            endpoint,
            # What is proven is what was typed, not a token from before.
            refresh_token=None,
            on_refresh_token=keep_refresh_token,
        )
        try:
            await MarketClient(session, endpoint, authorization).check()
        except MarketError as error:
            LOGGER.debug("%s did not prove itself: %s", endpoint.host, error)
            self._error_text = str(error)
            key = next(key for kind, key in ERRORS if isinstance(error, kind))
            if key == "invalid_auth" and data[CONF_KIND] == EntryKind.TOKEN:
                key = "invalid_token"
            self._errors = {"base": key}
            return False
        return True

    def _show_market_form(
        self, step_id: str, kind: EntryKind, shown: Mapping[str, Any] | None
    ) -> ConfigFlowResult:
        """Show the form for a market, filled in but for what is secret."""
        if shown is not None:
            shown = {key: shown[key] for key in shown if key not in SECRETS}
        return self._show_form(
            step_id, self.add_suggested_values_to_schema(market_schema(kind), shown)
        )

    def _show_form(self, step_id: str, schema: vol.Schema) -> ConfigFlowResult:
        """Show a form with what was wrong with its last answer."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=self._errors,
            description_placeholders={"error": self._error_text},
        )


class GLocalFlexOptionsFlow(OptionsFlowWithReload):
    """Changes what an entry reckons."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA, self.config_entry.options
            ),
        )


def _unique_id(data: Mapping[str, Any]) -> str:
    """Return what tells an entry apart: the host and the account's name.

    Nobody but the market knows whose an access token is, so a host has one
    entry with a token at most.
    """
    match data[CONF_KIND]:
        case EntryKind.ACCOUNT:
            return f"{data[CONF_HOST]} {data[CONF_USERNAME].lower()}"
        case EntryKind.TOKEN:
            return f"{data[CONF_HOST]}/{EntryKind.TOKEN}"
        case _:
            return str(data[CONF_HOST])


def _title(data: Mapping[str, Any]) -> str:
    """Return an entry's name in the list."""
    host = data[CONF_HOST]
    return f"{data[CONF_USERNAME]} ({host})" if CONF_USERNAME in data else host
