"""One market: its three streams and who the client is to it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import logging

import aiohttp

from .auth import Authorization, NoAccount
from .conflator import Conflator
from .endpoint import Endpoint
from .exceptions import CredentialsRefused, StreamRefused, UndecodableFrame
from .messages import Frame, Message, decode, is_order_book
from .model import Control, UnknownMessage
from .stream import Stream, StreamName, StreamStatus

LOGGER = logging.getLogger(__name__)

# At most one book is read in so many seconds.
BOOK_INTERVAL = 1.0


class MarketClient:
    """Follows a market and hands each message on, once and in order."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        authorization: Authorization,
    ) -> None:
        """Prepare the client; run() connects it."""
        self._session = session
        self._endpoint = endpoint
        self._authorization = authorization

    @property
    def stream_names(self) -> tuple[StreamName, ...]:
        """The streams that are open to this client."""
        has_account = not isinstance(self._authorization, NoAccount)
        return tuple(
            name for name in StreamName if has_account or not name.needs_account
        )

    async def check(self) -> None:
        """Prove that a market answers and takes the client for who it is.

        Raises MarketError.
        """
        await self._authorization.token()
        for name in self.stream_names:
            await self._stream(name, _ignore, _ignore, _ignore).confirm()

    async def run(
        self,
        *,
        on_message: Callable[[StreamName, Message], None],
        on_undecodable: Callable[[StreamName, UndecodableFrame], None],
        on_status: Callable[[StreamName, StreamStatus], None],
        on_credentials_refused: Callable[[CredentialsRefused], None],
    ) -> None:
        """Follow every stream until cancelled.

        When credentials are refused, market data goes on without them. What is
        called that raises costs its own news, never a stream.
        """
        on_message = _guarded(on_message)
        on_undecodable = _guarded(on_undecodable)
        on_status = _guarded(on_status)
        on_credentials_refused = _guarded(on_credentials_refused)

        async def follow(name: StreamName) -> None:
            try:
                await self._stream(name, on_message, on_status, on_undecodable).run()
            except CredentialsRefused as error:
                on_credentials_refused(error)

        async with asyncio.TaskGroup() as tasks:
            for name in self.stream_names:
                tasks.create_task(follow(name))
            tasks.create_task(self._authorization.keep_renewed())

    def _stream(
        self,
        name: StreamName,
        on_message: Callable[[StreamName, Message], None],
        on_status: Callable[[StreamName, StreamStatus], None],
        on_undecodable: Callable[[StreamName, UndecodableFrame], None],
    ) -> Stream:
        """Return a stream whose frames are decoded."""

        def handle(frame: Frame) -> bool:
            try:
                message = decode(frame, datetime.now(UTC))
            except UndecodableFrame as error:
                on_undecodable(name, error)
                return False
            if isinstance(message, Control) and not message.success:
                raise StreamRefused(
                    message.message or message.status or "refused without saying why"
                )
            on_message(name, message)
            return not isinstance(message, UnknownMessage)

        return Stream(
            self._session,
            self._endpoint,
            name,
            self._authorization,
            on_frame=handle,
            on_status=lambda status: on_status(name, status),
            conflator=(
                Conflator(handle, BOOK_INTERVAL, is_order_book)
                if name is StreamName.ORDER_BOOK
                else None
            ),
        )


def _guarded[**P](callback: Callable[P, None]) -> Callable[P, None]:
    """Return a callback whose failures are logged, with a traceback the first time."""
    has_failed = False

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal has_failed
        try:
            callback(*args, **kwargs)
        except Exception as error:
            if has_failed:
                LOGGER.debug("Failed again to take the market's news: %r", error)
            else:
                LOGGER.exception("Failed to take the market's news")
            has_failed = True

    return call


def _ignore(*_: object) -> None:
    """Take no notice."""
