"""One websocket of a market, kept up for as long as it is wanted."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import logging
from math import inf
import random
from typing import NoReturn

import aiohttp

from .auth import Authorization
from .conflator import Conflator
from .endpoint import Endpoint
from .exceptions import (
    CredentialsRefused,
    MarketError,
    MarketUnavailable,
    NotAMarket,
    StreamRefused,
    TooManyRequests,
)
from .messages import Frame
from .transport import TIMEOUT, error_for_answer, translated_errors

LOGGER = logging.getLogger(__name__)

# A ping goes out after so many seconds without a byte; half as long without an
# answer, and the socket counts as dead.
HEARTBEAT = 10.0

# The first message confirms the connection; a market that never sends it is
# taken to be hanging. Seconds.
CONFIRMATION = 10.0

# A frame of 20 MB must pass; one without end must not fill a small machine's memory.
FRAME_LIMIT = 64 * 2**20

# Waits between attempts double from the first to the limit, in seconds. A
# connection that fails outright costs the market nothing, so its return is
# noticed soon; one that it answered and refused is left alone for longer.
FIRST_RETRY = 0.5
UNREACHABLE_RETRY_LIMIT = 4.0
REFUSED_RETRY_LIMIT = 60.0

# A connection that lasted so many seconds has the waits begin anew; one that is
# cut as soon as it stands does not.
STEADY = 10.0


class StreamName(StrEnum):
    """The market's three streams, by the last part of their paths."""

    TRADE = "trade"
    ORDER_BOOK = "orderbook"
    TICKER = "ticker"

    @property
    def needs_account(self) -> bool:
        """Whether the stream is for signed-in users only."""
        return self is StreamName.TRADE


@dataclass(frozen=True, kw_only=True)
class StreamStatus:
    """Whether a stream works, and why not."""

    connected: bool = False
    reconnects: int = 0
    """How often it came back after having worked before."""
    error: MarketError | None = None
    """What ended it last; None while it works."""


class Stream:
    """Follows one websocket: connects, keeps alive, notices silence, comes back.

    `on_frame` is called with each frame, in order. It returns whether the
    frame was one of a market's, which is what makes a connection count as
    working, and may raise StreamRefused. With a `conflator` a snapshot that
    waits to be handled is replaced by the next one.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        name: StreamName,
        authorization: Authorization,
        *,
        on_frame: Callable[[Frame], bool],
        on_status: Callable[[StreamStatus], None],
        conflator: Conflator | None = None,
    ) -> None:
        """Prepare the stream; run() connects it."""
        self._session = session
        self._endpoint = endpoint
        self._name = name
        self._authorization = authorization
        self._on_frame = on_frame
        self._on_status = on_status
        self._conflator = conflator
        # The example clients' paths end with a slash, the documentation's do not.
        self._path = f"/api/v1/ws/{name}/"
        self._attempts = 0
        self._steady_at = inf
        self._has_worked = False
        self.status = StreamStatus()

    async def run(self) -> NoReturn:
        """Keep the stream up until cancelled.

        Raises CredentialsRefused when there is no way on without the user.
        """
        while True:
            error = await self._follow_until_error()
            LOGGER.debug("Stream %s of %s: %s", self._name, self._endpoint.host, error)
            self._set_status(connected=False, error=error)
            if isinstance(error, CredentialsRefused):
                raise error
            await asyncio.sleep(self._wait_after(error))

    async def confirm(self) -> None:
        """Connect once, wait for the first message, and close. Raises MarketError."""
        async with translated_errors(), await self._connect() as websocket:
            await self._receive_first(websocket)

    async def _follow_until_error(self) -> MarketError:
        """Connect and hand frames on until that ends, and say what ended it."""
        self._steady_at = inf
        try:
            async with translated_errors(), await self._connect() as websocket:
                await self._receive_first(websocket)
                await self._receive(websocket)
        except MarketError as error:
            return error
        except Exception as error:
            # Whatever else fails, the stream itself must not end for it.
            LOGGER.exception("Stream %s of %s failed", self._name, self._endpoint.host)
            return MarketError(f"failed with {type(error).__name__}")
        finally:
            if self._conflator is not None:
                self._conflator.clear()

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket, with a token where there is one."""
        # A token may be refused before its end: one new one is tried.
        for _ in range(2):
            if (token := await self._token()) is None:
                break
            try:
                return await self._open(token)
            except CredentialsRefused:
                self._authorization.refused(token)
        else:
            if self._name.needs_account:
                raise StreamRefused("the market refuses a new token")
        try:
            return await self._open(None)
        except CredentialsRefused as error:
            raise StreamRefused("the market wants an account here") from error

    async def _token(self) -> str | None:
        """Return a token; market data goes on without one when it is refused."""
        try:
            return await self._authorization.token()
        except CredentialsRefused:
            if self._name.needs_account:
                raise
            return None

    async def _open(self, token: str | None) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket on the path that this market answers on."""
        try:
            return await self._handshake(token)
        except NotAMarket:
            self._path = (
                self._path.removesuffix("/")
                if self._path.endswith("/")
                else f"{self._path}/"
            )
            return await self._handshake(token)

    async def _handshake(self, token: str | None) -> aiohttp.ClientWebSocketResponse:
        async with translated_errors(), asyncio.timeout(TIMEOUT):
            try:
                return await self._session.ws_connect(
                    self._endpoint.websocket(self._path),
                    headers={"Authorization": f"Bearer {token}"} if token else None,
                    heartbeat=HEARTBEAT,
                    # A close frame is sent, its answer not waited for: the answer
                    # would hold up the end of a stream and, arriving, start
                    # aiohttp's heartbeat again on a websocket that is closed.
                    timeout=aiohttp.ClientWSTimeout(ws_close=0),
                    max_msg_size=FRAME_LIMIT,
                )
            except aiohttp.ClientResponseError as error:
                refusal = error_for_answer(error)
            # Raised out here, because the error holds the request's headers and so
            # the token: it must not live on as cause or context.
            raise refusal

    async def _receive_first(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        """Wait for the message that confirms the connection."""
        try:
            async with asyncio.timeout(CONFIRMATION):
                message = await websocket.receive()
        except TimeoutError:
            raise MarketUnavailable(
                "the market does not confirm the connection"
            ) from None
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise MarketUnavailable("closed by the market before the first message")
        if not self._on_frame(message.data):
            raise NotAMarket("the first message is not a GLocalFlex market's")
        self._steady_at = asyncio.get_running_loop().time() + STEADY
        self._set_status(
            connected=True,
            reconnects=self.status.reconnects + self._has_worked,
        )
        self._has_worked = True

    async def _receive(self, websocket: aiohttp.ClientWebSocketResponse) -> NoReturn:
        """Hand on every frame until the websocket ends."""
        hand_on = self._on_frame if self._conflator is None else self._conflator.put
        async for message in websocket:
            if message.type is aiohttp.WSMsgType.ERROR:
                raise MarketUnavailable(f"the connection failed: {message.data}")
            hand_on(message.data)
        raise MarketUnavailable(f"closed by the market, code {websocket.close_code}")

    def _wait_after(self, error: MarketError) -> float:
        """Return the seconds to wait, spread so that homes do not come back as one."""
        if asyncio.get_running_loop().time() >= self._steady_at:
            self._attempts = 0
        limit = (
            UNREACHABLE_RETRY_LIMIT
            if isinstance(error, MarketUnavailable)
            else REFUSED_RETRY_LIMIT
        )
        wait = min(FIRST_RETRY * 2.0 ** min(self._attempts, 16), limit)
        wait *= random.uniform(0.5, 1.0)
        self._attempts += 1
        if isinstance(error, TooManyRequests) and error.retry_after is not None:
            wait += error.retry_after
        return wait

    def _set_status(
        self,
        *,
        connected: bool,
        reconnects: int | None = None,
        error: MarketError | None = None,
    ) -> None:
        """Tell how the stream is now."""
        self.status = StreamStatus(
            connected=connected,
            reconnects=self.status.reconnects if reconnects is None else reconnects,
            error=error,
        )
        self._on_status(self.status)
