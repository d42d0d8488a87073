"""The simulated market as clients see it that we did not write, over TLS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
import json
from pathlib import Path
import socket
import ssl

import pytest
import requests
import websocket

from custom_components.glocalflex.simulator import Simulator

from .conftest import ORDER, QUIET
from .test_streams import wait_for

CREDENTIALS = {
    "client_id": "glocalflexmarket_public_api",
    "grant_type": "password",
    "username": "anna",
    "password": "secret",
}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Return a quiet market that serves TLS."""
    async with Simulator(replace(QUIET, tls=True)) as simulator:
        yield simulator


@pytest.fixture
def authority(simulator: Simulator, tmp_path: Path) -> str:
    """Return the path of the certificate authority to trust."""
    path = tmp_path / "authority.pem"
    path.write_text(simulator.ca_certificate)
    return str(path)


def sign_in(host: str, authority: str, **changes: str) -> requests.Response:
    """Post to the token endpoint, as the market's example client does, but verifying."""
    url = f"https://{host}/auth/oauth/v2/token"
    return requests.post(url, data=CREDENTIALS | changes, verify=authority, timeout=10)


def listen(host: str, stream: str, authority: str, token: str) -> websocket.WebSocket:
    """Open a stream."""
    return websocket.create_connection(
        f"wss://{host}/api/v1/ws/{stream}/",
        header={"Authorization": f"Bearer {token}"},
        sslopt={"ca_certs": authority},
        timeout=10,
    )


async def test_a_day_of_a_stranger(simulator: Simulator, authority: str) -> None:
    """Sign in, renew, listen to all three streams, order, trade, and be told of it."""
    host = simulator.host

    def connect() -> tuple[str, dict[str, websocket.WebSocket]]:
        first = sign_in(host, authority).json()
        renewed = sign_in(
            host,
            authority,
            grant_type="refresh_token",
            refresh_token=first["refresh_token"],
        )
        assert renewed.status_code == 200
        token = renewed.json()["access_token"]
        streams = ("ticker", "orderbook", "trade")
        return token, {
            stream: listen(host, stream, authority, token) for stream in streams
        }

    def trade(token: str, streams: dict[str, websocket.WebSocket]) -> None:
        for stream in streams.values():
            assert json.loads(stream.recv())["status"] == "success"
        assert json.loads(streams["orderbook"].recv())["data"] == {
            "bids": {},
            "asks": {},
        }
        url = f"https://{host}/api/v1/order/"
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(
            url, json=ORDER, headers=headers, verify=authority, timeout=10
        )
        assert answer.status_code == 200
        assert list(json.loads(streams["orderbook"].recv())["data"]["asks"]) == ["0.42"]
        buy = {**ORDER, "side": "buy", "price": 0.5, "baseline": None}
        requests.post(url, json=buy, headers=headers, verify=authority, timeout=10)
        assert json.loads(streams["orderbook"].recv())["data"]["asks"] == {}
        update = json.loads(streams["ticker"].recv())
        assert update["data"]["price"] == 0.42
        assert (
            datetime.fromisoformat(update["data"]["closed_at"]).utcoffset() is not None
        )
        names = [json.loads(streams["trade"].recv())["name"] for _ in range(6)]
        assert names == [*["accepted", "matching_active"] * 2, "filled", "filled"]
        streams["ticker"].ping("x")
        opcode, data = streams["ticker"].recv_data(control_frame=True)
        assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"x")
        for stream in streams.values():
            stream.close()
            assert not stream.connected

    await asyncio.to_thread(trade, *await asyncio.to_thread(connect))
    await wait_for(lambda: not any(simulator.control.connections.values()))


async def test_refusals(simulator: Simulator, authority: str) -> None:
    """A stranger's client sees the refusals as HTTP statuses."""
    host = simulator.host

    def refused() -> None:
        assert sign_in(host, authority, password="wrong").status_code == 401
        assert sign_in(host, authority, grant_type="magic").status_code == 422
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            listen(host, "trade", authority, "wrong")
        assert refusal.value.status_code == 401

    await asyncio.to_thread(refused)


async def test_certificate_is_verified(simulator: Simulator, authority: str) -> None:
    """The certificate holds for localhost and 127.0.0.1, for who trusts its authority and nobody else."""

    def verify(name: str, trusted: str | None) -> str:
        context = ssl.create_default_context(cafile=trusted)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with (
            closing(
                context.wrap_socket(socket.socket(), server_hostname=name)
            ) as connection,
        ):
            connection.settimeout(10)
            connection.connect(("127.0.0.1", simulator.port))
            return connection.version() or ""

    for name in ("localhost", "127.0.0.1"):
        assert (await asyncio.to_thread(verify, name, authority)).startswith("TLSv1.")
    with pytest.raises(
        ssl.SSLCertVerificationError, match="unable to get local issuer"
    ):
        await asyncio.to_thread(verify, "localhost", None)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await asyncio.to_thread(verify, "glocalflexmarket.com", authority)


async def test_authority_stays_over_a_restart(
    simulator: Simulator, authority: str
) -> None:
    """Who trusted the market trusts it still when it has been away."""
    await simulator.stop()
    await simulator.start()
    assert (
        await asyncio.to_thread(sign_in, simulator.host, authority)
    ).status_code == 200


async def test_named_host() -> None:
    """A host by name is in the certificate too; a plain market has none."""
    async with Simulator(replace(QUIET, host="localhost", tls=True)) as simulator:
        assert "BEGIN CERTIFICATE" in simulator.ca_certificate
        assert simulator.host.startswith("localhost:")
    assert Simulator(QUIET).ca_certificate == ""
