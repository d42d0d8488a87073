"""Who an entry is to its market."""

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME

from .const import CONF_KIND, EntryKind
from .market import Account, Authorization, Endpoint, FixedToken, NoAccount


def authorization_from(
    data: Mapping[str, Any],
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    *,
    refresh_token: str | None,
    on_refresh_token: Callable[[str | None], None],
) -> Authorization:
    """Read it from an entry's data; without a refresh token an account proves its password."""
    match data[CONF_KIND]:
        case EntryKind.ACCOUNT:
            return Account(
                session,
                endpoint,
                data[CONF_USERNAME],
                data[CONF_PASSWORD],
                refresh_token=refresh_token,
                on_refresh_token=on_refresh_token,
            )
        case EntryKind.TOKEN:
            return FixedToken(data[CONF_TOKEN])
        case _:
            return NoAccount()
