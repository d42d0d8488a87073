"""Who the client is to the market: nobody, the bearer of a token, or an account."""

import asyncio
from collections.abc import Callable
import logging
from math import inf
import re
from typing import Annotated, Protocol, override

import aiohttp
import msgspec
from msgspec import Meta, Struct

from .endpoint import Endpoint
from .exceptions import CredentialsRefused, MarketError, NotAMarket, TooManyRequests
from .transport import TIMEOUT, error_for_status, translated_errors

LOGGER = logging.getLogger(__name__)

# The public client of the market's example clients.
CLIENT_ID = "glocalflexmarket_public_api"
TOKEN_PATH = "/auth/oauth/v2/token"

# A token is renewed when this part of its life is over.
RENEW_AT = 0.8

# A market that names no life for a token is taken to mean this, in seconds. [guess]
DEFAULT_LIFE = 300.0

# Renewals that fail are tried again after so many seconds.
RETRY_RENEWAL = 10.0

# So long a request that failed answers for those that ask after it, in seconds:
# three streams that ask at once cost one request, also when it fails.
FAILURE_LASTS = 0.2

# What a header can carry.
TOKEN_PATTERN = r"^[!-~]+$"


class Authorization(Protocol):
    """What a stream asks before it connects."""

    async def token(self) -> str | None:
        """Return a token that is not past its end, None where there is no account.

        Raises MarketError; CredentialsRefused where only the user can help.
        """

    def refused(self, token: str) -> None:
        """Learn that the market does not take this token any more."""

    async def keep_renewed(self) -> None:
        """Renew the token before each end, for as long as this runs."""


class NoAccount(Authorization):
    """Market data only."""

    @override
    async def token(self) -> None:
        return None

    @override
    def refused(self, token: str) -> None:
        pass

    @override
    async def keep_renewed(self) -> None:
        pass


class FixedToken(Authorization):
    """A token made elsewhere: once refused, it stays so."""

    def __init__(self, token: str) -> None:
        """Take the token; one that no header can carry is refused from the start."""
        token = token.strip()
        self._token = token if re.match(TOKEN_PATTERN, token) else None

    @override
    async def token(self) -> str:
        if self._token is None:
            raise CredentialsRefused("the access token is refused")
        return self._token

    @override
    def refused(self, token: str) -> None:
        self._token = None

    @override
    async def keep_renewed(self) -> None:
        pass


class _TokenAnswer(Struct):
    """The token endpoint's answer to either grant."""

    access_token: Annotated[str, Meta(pattern=TOKEN_PATTERN)]
    refresh_token: str | None = None
    expires_in: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class Account(Authorization):
    """A user name and a password, for tokens that are renewed before they end."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        username: str,
        password: str,
        *,
        refresh_token: str | None = None,
        on_refresh_token: Callable[[str | None], None] | None = None,
    ) -> None:
        """Start from a stored refresh token, if there is one.

        `on_refresh_token` is told each new one at once: it takes the place of
        the one before, which the market then refuses.
        """
        self._session = session
        self._url = endpoint.http(TOKEN_PATH)
        self._username = username
        self._password = password
        self._refresh_token = refresh_token
        self._on_refresh_token = on_refresh_token
        self._token: str | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._failure: MarketError | None = None
        self._failure_ends_at = 0.0
        self._lock = asyncio.Lock()

    @override
    async def token(self) -> str:
        async with self._lock:
            if self._token is None or _now() >= self._renew_at:
                try:
                    await self._renew()
                except CredentialsRefused:
                    raise
                except MarketError:
                    # Renewal is early so that a market that is away for a
                    # moment costs nothing: the token is still good.
                    if self._token is None or _now() >= self._ends_at:
                        raise
            assert self._token is not None
            return self._token

    @override
    def refused(self, token: str) -> None:
        if token == self._token:
            self._token = None

    @override
    async def keep_renewed(self) -> None:
        while True:
            try:
                await self.token()
            except CredentialsRefused:
                return
            except MarketError as error:
                LOGGER.debug("Token not renewed yet: %s", error)
            wait = self._renew_at - _now()
            await asyncio.sleep(wait if wait > 0 else RETRY_RENEWAL)

    async def _renew(self) -> None:
        """Get a new token, unless that has failed too shortly before."""
        if self._failure is not None and _now() < self._failure_ends_at:
            raise self._failure.with_traceback(None)
        self._failure = None
        try:
            self._take(await self._new_tokens())
        except MarketError as error:
            self._failure = error
            match error:
                case CredentialsRefused():
                    # Trying a refused password again can only lock the account.
                    lasts = inf
                    self._token = None
                case TooManyRequests(retry_after=float(wait)):
                    lasts = max(wait, FAILURE_LASTS)
                case _:
                    lasts = FAILURE_LASTS
            self._failure_ends_at = _now() + lasts
            raise

    async def _new_tokens(self) -> _TokenAnswer:
        """Ask for tokens by the refresh token, or else by the password."""
        if self._refresh_token is not None:
            try:
                return await self._grant(
                    grant_type="refresh_token", refresh_token=self._refresh_token
                )
            except CredentialsRefused, NotAMarket:
                self._refresh_token = None
        return await self._grant(
            grant_type="password", username=self._username, password=self._password
        )

    def _take(self, answer: _TokenAnswer) -> None:
        """Keep an answer's tokens and the times to renew by."""
        life = answer.expires_in or DEFAULT_LIFE
        self._token = answer.access_token
        self._renew_at = _now() + life * RENEW_AT
        self._ends_at = _now() + life
        self._refresh_token = answer.refresh_token
        if self._on_refresh_token is not None:
            self._on_refresh_token(answer.refresh_token)

    async def _grant(self, **fields: str) -> _TokenAnswer:
        """Ask the token endpoint."""
        async with (
            translated_errors(),
            self._session.post(
                self._url,
                data={"client_id": CLIENT_ID, **fields},
                # Credentials go to the host that the user named, nowhere else.
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            ) as response,
        ):
            # OAuth 2.0 (RFC 6749, 5.2) has 400 for a grant that is refused.
            status = 401 if response.status == 400 else response.status
            if status != 200:
                raise error_for_status(status, response.headers.get("Retry-After"))
            body = await response.read()
        try:
            return msgspec.json.decode(body, type=_TokenAnswer, strict=False)
        except msgspec.DecodeError:
            # The answer may hold a token, so it goes into no message.
            raise NotAMarket("the token endpoint's answer is not a token") from None


def _now() -> float:
    """Return the loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
