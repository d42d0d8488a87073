"""Certificates are verified, always."""

from collections.abc import AsyncGenerator, Awaitable, Callable
import socket
import ssl
from typing import override

import aiohttp
import pytest

from custom_components.glocalflex.market import (
    Account,
    Authorization,
    CertificateNotTrusted,
    Endpoint,
    FixedToken,
    MarketError,
    NotAMarket,
    StreamName,
)
from custom_components.glocalflex.simulator import Simulator

from .conftest import (
    PASSWORD,
    TOKEN,
    USER,
    account,
    client_of,
    endpoint_of,
    running,
    told,
    until,
)


@pytest.fixture
async def secure_market(
    start_market: Callable[..., Awaitable[Simulator]],
) -> Simulator:
    """Return a simulated market behind TLS."""
    return await start_market(tls=True)


@pytest.fixture
async def trusting_session(
    secure_market: Simulator,
) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session that trusts the market's certificate authority and no other."""
    context = ssl.create_default_context(cadata=secure_market.ca_certificate)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context)
    ) as session:
        yield session


async def test_trusted(
    trusting_session: aiohttp.ClientSession, secure_market: Simulator
) -> None:
    """A market whose certificate is trusted works like any other."""
    endpoint = endpoint_of(secure_market)
    assert not endpoint.plain
    client = client_of(
        trusting_session, endpoint, account(trusting_session, secure_market)
    )
    await client.check()
    async with running(client) as heard:
        await until(lambda: heard.connected() == set(StreamName))
        await secure_market.control.cut("ticker")
        await until(lambda: heard.status(StreamName.TICKER).reconnects == 1)


async def test_not_trusted(
    session: aiohttp.ClientSession, secure_market: Simulator
) -> None:
    """A certificate that nobody vouches for is refused, before any credential is sent."""
    endpoint = endpoint_of(secure_market)
    for authorization in (FixedToken(TOKEN), account(session, secure_market)):
        with pytest.raises(CertificateNotTrusted) as caught:
            await client_of(session, endpoint, authorization).check()
        assert TOKEN not in told(caught.value)
        assert PASSWORD not in told(caught.value)
    assert secure_market.control.sign_ins == 0
    async with running(client_of(session, endpoint)) as heard:
        await until(lambda: len(heard.statuses) > 4)
    assert {type(status.error) for _, status in heard.statuses} == {
        CertificateNotTrusted
    }


async def test_another_name(
    secure_market: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate for another host is refused, though its authority is trusted."""

    class Resolver(aiohttp.abc.AbstractResolver):
        """Finds every name on this machine."""

        @override
        async def resolve(
            self,
            host: str,
            port: int = 0,
            family: socket.AddressFamily = socket.AF_INET,
        ) -> list[aiohttp.abc.ResolveResult]:
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": port,
                    "family": family,
                    "proto": 0,
                    "flags": 0,
                }
            ]

        @override
        async def close(self) -> None:
            """Have nothing to close."""

    context = ssl.create_default_context(cadata=secure_market.ca_certificate)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, resolver=Resolver())
    ) as session:
        endpoint = Endpoint(f"market.example:{secure_market.port}")
        with pytest.raises(CertificateNotTrusted, match=r"market\.example"):
            await client_of(session, endpoint).check()


async def test_plain_server(session: aiohttp.ClientSession, market: Simulator) -> None:
    """A server that does not speak TLS is told so."""
    endpoint = Endpoint(market.host)
    authorizations: list[Authorization] = [
        FixedToken(TOKEN),
        Account(session, endpoint, USER, PASSWORD),
    ]
    for authorization in authorizations:
        with pytest.raises(NotAMarket, match="does not speak TLS") as caught:
            await client_of(session, endpoint, authorization).check()
        assert TOKEN not in told(caught.value)
    assert market.control.sign_ins == 0


async def test_tls_server_addressed_plainly(
    session: aiohttp.ClientSession, secure_market: Simulator
) -> None:
    """A server that speaks nothing but TLS is no market without it."""
    endpoint = Endpoint(secure_market.host, plain=True)
    with pytest.raises(MarketError):
        await client_of(session, endpoint).check()
