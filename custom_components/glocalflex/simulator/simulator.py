"""A simulated market, started and stopped."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from aiohttp import web
import orjson

from .accounts import Accounts
from .book import BookPublisher
from .clock import Clock
from .control import Control
from .documents import Document
from .faults import Faults
from .load import Load
from .market import Market
from .pace import Pace
from .server import Server
from .settings import Settings
from .streams import Streams
from .tls import Identity, make_identity
from .traders import Traders
from .wire import Entry, Stream


class Simulator:
    """A market of one's own: the interface of the real one on a socket of this machine.

    It keeps its state over a stop and a new start, during which its clock stands still.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare a market; nothing happens before it is started."""
        self._settings = settings
        self._port = settings.port
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server
        self._identity: Identity | None = None
        self._journal: deque[Entry] = deque(maxlen=settings.journal_limit)
        self._told = 0
        self._warm = False

        start = settings.start or datetime.now(UTC)
        self._market = Market(start - settings.warm_up, self._tell)
        self._accounts = Accounts(settings, _monotonic)
        self._streams = Streams()
        self._book = BookPublisher(self._market, self._streams, settings.book_interval)
        clock = Clock(start - settings.warm_up, settings.speed, _monotonic)
        self._pace = Pace(self._market, clock, self._book, self._streams)
        self._traders = Traders(self._market, f"{settings.seed} traders")
        self._faults = Faults()
        self.control = Control(
            self._pace,
            self._accounts,
            self._streams,
            self._faults,
            self._market,
            self._traders,
        )
        """Moves the market and provokes faults."""

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @property
    def port(self) -> int:
        """Tell the port it listens on, or will again."""
        return self._port

    @property
    def host(self) -> str:
        """Tell its address, with the port."""
        return f"{self._settings.host}:{self._port}"

    @property
    def ca_certificate(self) -> str:
        """Tell the certificate authority to trust, as PEM; empty without TLS."""
        return self._identity.ca_certificate if self._identity else ""

    @property
    def journal(self) -> Sequence[Entry]:
        """Everything the market told since its first start, in order."""
        return self._journal

    async def start(self) -> None:
        """Warm up at the first start, and listen.

        Raises OSError where the port is taken.
        """
        if self._runner is not None:
            return
        if not self._warm:
            await self._warm_up()
        if self._settings.tls and self._identity is None:
            self._identity = await asyncio.to_thread(make_identity, self._settings.host)
        server = Server(
            self._settings,
            self._accounts,
            self._streams,
            self._book,
            self._faults,
            self._pace,
        )
        runner = web.AppRunner(
            server.application(), access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        assert runner.server is not None
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                runner.server,
                self._settings.host,
                self._port,
                ssl=self._identity.context if self._identity else None,
            )
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = self._listener.sockets[0].getsockname()[1]
        self._tasks = [
            asyncio.create_task(self._pace.run()),
            asyncio.create_task(self._book.run()),
        ]

    async def stop(self) -> None:
        """Stop listening and close the streams."""
        if (runner := self._runner) is None:
            return
        self._runner = None
        await self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._streams.close_all()
        await runner.cleanup()

    async def _stop_listening(self) -> None:
        """Take nobody else in: who is put out would come straight back.

        A connection that asyncio has just accepted gets its turn before the listener
        closes, or it would be left open with nobody to close it.
        """
        loop = asyncio.get_running_loop()
        for listening in self._listener.sockets:
            loop.remove_reader(listening)
        for _ in range(3):
            await asyncio.sleep(0)
        self._listener.close()

    async def _warm_up(self) -> None:
        settings = self._settings
        self._traders.start(settings.orders_per_minute)
        for user in dict.fromkeys((*settings.users, *settings.access_tokens.values())):
            own = Traders(self._market, f"{settings.seed} {user}", user)
            own.start(settings.own_orders_per_minute)
        load = Load(self._market, f"{settings.seed} load")
        if settings.book_orders:
            load.fill_book(settings.book_orders)
        if settings.trades_per_second:
            load.trade_every(
                timedelta(seconds=(settings.speed or 1) / settings.trades_per_second)
            )
        await self._pace.advance_to(self._market.now + settings.warm_up)
        self._warm = True

    def _tell(self, stream: Stream, user: str | None, document: Document) -> None:
        if not self._warm:
            return
        self._told += 1
        self._journal.append(Entry(self._told, stream, user, document))
        frame: str | None = None
        for connection in self._streams.of(stream, user):
            frame = frame or orjson.dumps(document).decode()
            connection.put(frame)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
