"""Open streams: who listens, and what has yet to be written to them."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
import logging

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType, web

from .wire import STREAMS, Stream

_LOGGER = logging.getLogger(__name__)

STALLED = 30.0
"""Real seconds without progress in writing to a client, after which it is dropped."""

CLOSING = 1.0
"""Real seconds that a client has to answer a close frame."""

type Frame = str | bytes | WSCloseCode
"""A text frame, a binary one, or the end."""


class Connection:
    """One client on one stream. Events are queued, of the book only the newest snapshot is kept."""

    def __init__(
        self,
        stream: Stream,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        flowing: asyncio.Event,
        *,
        user: str | None = None,
        token: str | None = None,
    ) -> None:
        """Take an open socket; nothing goes in or out unless the stream is flowing."""
        self.stream = stream
        self.user = user
        self.token = token
        self._socket = socket
        self._transport = transport
        self._flowing = flowing
        self._queue: deque[Frame] = deque()
        self._book = b""
        self._book_revision = -1
        self._ready = asyncio.Event()
        self._writing = False
        self._leave = asyncio.Event()
        self.forgotten = asyncio.Event()
        """Set once the connection is out of all lists."""

    @property
    def drained(self) -> bool:
        """Tell whether all is written, or will not be for now."""
        return not self._flowing.is_set() or not (
            self._queue
            or self._book
            or self._writing
            or self._transport.get_write_buffer_size()
        )

    def put(self, frame: Frame) -> None:
        """Queue an event."""
        self._queue.append(frame)
        self._ready.set()

    def put_book(self, revision: int, book: bytes) -> None:
        """Show a snapshot in place of one that is older."""
        if revision > self._book_revision:
            self._book, self._book_revision = book, revision
            self._ready.set()

    async def run(self) -> None:
        """Serve the client until one of the two leaves."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._read(), self._write(), self._leave.wait())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def close(self, code: int) -> None:
        """Close with a code; 1006 drops the connection without a word, and what is unwritten."""
        if code == WSCloseCode.ABNORMAL_CLOSURE:
            self._transport.abort()
        else:
            try:
                async with asyncio.timeout(CLOSING):
                    await self._socket.close(code=code)
            except TimeoutError:
                self._transport.abort()
        self._leave.set()
        await self.forgotten.wait()

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return
            await self._flowing.wait()
            if message.type is WSMsgType.CLOSE:
                await self._socket.close()
                return
            if message.type is WSMsgType.PING:
                with suppress(ClientConnectionResetError):
                    await self._socket.pong(message.data)

    async def _write(self) -> None:
        try:
            while True:
                await self._ready.wait()
                await self._flowing.wait()
                await self._write_next()
        except TimeoutError:
            _LOGGER.warning(
                "A client of the %s stream reads nothing: dropped", self.stream
            )
            self._transport.abort()
        except ClientConnectionResetError:
            self._transport.abort()

    async def _write_next(self) -> None:
        frame: Frame
        kind = WSMsgType.TEXT
        if self._queue:
            frame = self._queue.popleft()
            if isinstance(frame, bytes):
                kind = WSMsgType.BINARY
        elif self._book:
            frame, self._book = self._book, b""
        else:
            self._ready.clear()
            return
        self._writing = True
        try:
            async with asyncio.timeout(STALLED):
                if isinstance(frame, WSCloseCode):
                    await self._socket.close(code=frame)
                else:
                    payload = frame.encode() if isinstance(frame, str) else frame
                    await self._socket.send_frame(payload, kind)
        finally:
            self._writing = False


class Streams:
    """The connections of all streams."""

    def __init__(self) -> None:
        """Start with nobody connected."""
        self._open: dict[Stream, dict[Connection, None]] = {
            stream: {} for stream in STREAMS
        }
        self._flowing = {stream: asyncio.Event() for stream in STREAMS}
        for flowing in self._flowing.values():
            flowing.set()

    def __iter__(self) -> Iterator[Connection]:
        """Iterate over the connections."""
        for connections in self._open.values():
            yield from tuple(connections)

    @property
    def counts(self) -> Mapping[str, int]:
        """Count the open connections."""
        return {stream: len(connections) for stream, connections in self._open.items()}

    def of(self, stream: Stream, user: str | None = None) -> Iterator[Connection]:
        """Iterate over the connections of a stream, and of one user."""
        for connection in tuple(self._open[stream]):
            if user is None or connection.user == user:
                yield connection

    def flowing(self, stream: Stream) -> asyncio.Event:
        """Return what is set unless the stream is frozen."""
        return self._flowing[stream]

    def add(self, connection: Connection) -> None:
        """Let a connection take part."""
        self._open[connection.stream][connection] = None

    def discard(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open[connection.stream].pop(connection, None)
        connection.forgotten.set()

    async def close_all(self) -> None:
        """Close every connection: the server leaves."""
        frozen = [c for c in self if not self._flowing[c.stream].is_set()]
        await self.close(frozen, WSCloseCode.ABNORMAL_CLOSURE)
        await self.close([*self], WSCloseCode.GOING_AWAY)

    async def close(self, connections: list[Connection], code: int) -> None:
        """Close some connections at once."""
        await asyncio.gather(*(connection.close(code) for connection in connections))

    async def drained(self) -> None:
        """Wait until all that is queued is written to the sockets, except where frozen."""
        while not all(connection.drained for connection in self):
            await asyncio.sleep(0)
