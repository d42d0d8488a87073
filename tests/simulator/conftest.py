"""A simulated market and a client for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, WSMsgType
import pytest

from custom_components.glocalflex.simulator import Settings, Simulator

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

QUIET = Settings(
    speed=0,
    start=NOON,
    orders_per_minute=0,
    book_interval=0,
    users={"anna": "secret", "bert": "hidden"},
    access_tokens={"fixed-token": "anna"},
)
"""A market in which nothing happens by itself."""

ORDER: dict[str, Any] = {
    "side": "sell",
    "power": 1500,
    "price": 0.42,
    "delivery_start": "2026-06-01T13:00:00Z",
    "delivery_end": "2026-06-01T14:00:00Z",
    "expiry_time": "2026-06-01T12:10:00Z",
    "location": {"location_id": [None], "country_code": "FI"},
    "baseline": {"meter": "x"},
}


@dataclass
class Client:
    """A plain client of one market."""

    simulator: Simulator
    session: ClientSession
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, **form: str) -> ClientResponse:
        """Post to the token endpoint."""
        body = {"client_id": "glocalflexmarket_public_api", **form}
        return await self.session.post(
            f"http://{self.simulator.host}/auth/oauth/v2/token", data=body
        )

    async def sign_in(
        self, name: str = "anna", password: str = "secret"
    ) -> dict[str, Any]:
        """Sign in."""
        answer = await self.token(
            grant_type="password", username=name, password=password
        )
        assert answer.status == 200
        document: dict[str, Any] = await answer.json()
        return document

    async def order(
        self, body: object = None, token: str | None = "fixed-token"
    ) -> ClientResponse:
        """Send an order."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://{self.simulator.host}/api/v1/order/"
        return await self.session.post(url, json=body or ORDER, headers=headers)

    @asynccontextmanager
    async def stream(
        self, stream: str, token: str | None = "fixed-token", slash: str = "/"
    ) -> AsyncIterator[Stream]:
        """Open a stream, past its control message."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"ws://{self.simulator.host}/api/v1/ws/{stream}{slash}"
        async with self.session.ws_connect(
            url, headers=headers, max_msg_size=0, autoping=False
        ) as socket:
            opened = Stream(socket)
            assert await opened.next() == {
                "type": "control",
                "status": "success",
                "data": {"message": "Connected to the WebSocket API"},
            }
            yield opened


@dataclass
class Stream:
    """An open stream."""

    socket: ClientWebSocketResponse

    async def next(self) -> dict[str, Any]:
        """Return the next document."""
        message = await self.socket.receive(timeout=10)
        assert message.type is WSMsgType.TEXT, message
        document: dict[str, Any] = message.json()
        return document

    async def names(self, count: int) -> list[str]:
        """Return the statuses of the next documents."""
        return [(await self.next())["name"] for _ in range(count)]

    @property
    def transport(self) -> asyncio.Transport:
        """Return what the client reads from."""
        transport = self.socket._writer.transport  # noqa: SLF001
        assert transport is not None
        return transport

    async def closed(self) -> int | None:
        """Read to the end; return the code."""
        async for _ in self.socket:
            pass
        return self.socket.close_code


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Return a quiet market that has started."""
    async with Simulator(QUIET) as simulator:
        yield simulator


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a client's session."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
def client(simulator: Simulator, session: ClientSession) -> Client:
    """Return a client of the quiet market."""
    return Client(simulator, session)
