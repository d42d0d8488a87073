"""Tokens: got, renewed before they end, and no more often than need be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.glocalflex.market import (
    Account,
    CredentialsRefused,
    FixedToken,
    MarketError,
    MarketUnavailable,
    NoAccount,
    NotAMarket,
    TooManyRequests,
    auth,
    transport,
)
from custom_components.glocalflex.simulator import Simulator

from .conftest import PASSWORD, TOKEN, USER, account, endpoint_of, serving, told, until

LIFE = 300.0


class Clock:
    """What the client takes for the loop's clock."""

    def __init__(self) -> None:
        """Start some time after the loop."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Move the client's clock by hand."""
    clock = Clock()
    monkeypatch.setattr(auth, "_now", clock)
    return clock


@pytest.fixture
async def ada(session: aiohttp.ClientSession, market: Simulator) -> Account:
    """Return an account that has not signed in yet."""
    return account(session, market)


class TokenEndpoint:
    """A token endpoint that answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        """Answer with a token."""
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answer: object = {"access_token": "token-1", "expires_in": LIFE}
        self.text: str | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(dict(await request.post()))
        # Others that ask meanwhile must have the time to do so.
        await asyncio.sleep(0.01)
        if self.text is not None:
            return web.Response(
                text=self.text, status=self.status, headers=self.headers
            )
        return web.json_response(self.answer, status=self.status, headers=self.headers)


async def test_no_account() -> None:
    """Market data needs no token."""
    nobody = NoAccount()
    await nobody.keep_renewed()
    nobody.refused("x")
    assert await nobody.token() is None  # type: ignore[func-returns-value]


async def test_fixed_token() -> None:
    """A token made elsewhere serves until it is refused."""
    fixed = FixedToken(f" {TOKEN}\n")
    await fixed.keep_renewed()
    assert await fixed.token() == TOKEN
    fixed.refused(TOKEN)
    with pytest.raises(CredentialsRefused):
        await fixed.token()


@pytest.mark.parametrize("token", ["", " ", "two words", "line\r\nBreak: 1", "tökén"])
async def test_unusable_token(token: str) -> None:
    """A token that no header can carry is refused without asking the market."""
    with pytest.raises(CredentialsRefused):
        await FixedToken(token).token()


async def test_sign_in(market: Simulator, ada: Account) -> None:
    """The password is sent once; the token serves from then on."""
    token = await ada.token()
    assert await ada.token() == token
    assert (market.control.sign_ins, market.control.renewals) == (1, 0)


async def test_requests(session: aiohttp.ClientSession) -> None:
    """Each grant is sent as the market's example client sends it."""
    tokens = TokenEndpoint()
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD, refresh_token="old")
        tokens.status = 401
        with pytest.raises(CredentialsRefused):
            await ada.token()
    assert tokens.asked == [
        {
            "client_id": "glocalflexmarket_public_api",
            "grant_type": "refresh_token",
            "refresh_token": "old",
        },
        {
            "client_id": "glocalflexmarket_public_api",
            "grant_type": "password",
            "username": USER,
            "password": PASSWORD,
        },
    ]


async def test_renewal_at_80_percent(
    clock: Clock, market: Simulator, ada: Account
) -> None:
    """A token is renewed when four fifths of its life are over, and not before."""
    token = await ada.token()
    clock.now += LIFE * 0.8 - 1
    assert await ada.token() == token
    clock.now += 1
    renewed = await ada.token()
    assert renewed != token
    assert (market.control.sign_ins, market.control.renewals) == (1, 1)
    clock.now += LIFE * 0.8
    assert await ada.token() != renewed
    assert (market.control.sign_ins, market.control.renewals) == (1, 2)


async def test_refresh_tokens_are_handed_on(
    clock: Clock, session: aiohttp.ClientSession, market: Simulator
) -> None:
    """Each new refresh token is told at once, and the newest serves the next run."""
    handed_on: list[str | None] = []

    def sign_in(refresh_token: str | None) -> Account:
        return Account(
            session,
            endpoint_of(market),
            USER,
            "not needed",
            refresh_token=refresh_token,
            on_refresh_token=handed_on.append,
        )

    first = Account(
        session,
        endpoint_of(market),
        USER,
        PASSWORD,
        on_refresh_token=handed_on.append,
    )
    await first.token()
    assert len(handed_on) == 1
    clock.now += LIFE
    await first.token()
    assert len(set(handed_on)) == 2
    await sign_in(handed_on[-1]).token()
    assert len(set(handed_on)) == 3
    assert (market.control.sign_ins, market.control.renewals) == (1, 2)


async def test_refused_refresh_token(
    clock: Clock, market: Simulator, ada: Account
) -> None:
    """Where a renewal is refused the password gets a new token."""
    token = await ada.token()
    market.control.revoke_refresh_tokens()
    clock.now += LIFE * 0.8
    assert await ada.token() != token
    assert (market.control.sign_ins, market.control.renewals) == (2, 0)


async def test_refused_token(market: Simulator, ada: Account) -> None:
    """A token that the market refuses before its end is replaced, another one is not."""
    token = await ada.token()
    ada.refused("another")
    assert await ada.token() == token
    ada.refused(token)
    assert await ada.token() != token
    assert market.control.renewals == 1


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_password(
    clock: Clock, session: aiohttp.ClientSession, status: int
) -> None:
    """A refused password is not tried again, which could lock the account."""
    tokens = TokenEndpoint()
    tokens.status = status
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD)
        for _ in range(3):
            with pytest.raises(CredentialsRefused) as caught:
                await ada.token()
            assert PASSWORD not in told(caught.value)
            clock.now += 10 * LIFE
    assert len(tokens.asked) == 1


async def test_password_refused_at_renewal(
    clock: Clock, session: aiohttp.ClientSession
) -> None:
    """A user who changed the password learns of it at the next renewal."""
    tokens = TokenEndpoint()
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD)
        await ada.token()
        tokens.status = 401
        clock.now += LIFE * 0.8
        for _ in range(2):
            with pytest.raises(CredentialsRefused):
                await ada.token()
    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, NotAMarket),
        (405, NotAMarket),
        (422, NotAMarket),
        (302, NotAMarket),
        (429, TooManyRequests),
        (500, MarketUnavailable),
        (503, MarketUnavailable),
    ],
)
async def test_status(
    session: aiohttp.ClientSession, status: int, expected: type[MarketError]
) -> None:
    """Each status has its meaning."""
    tokens = TokenEndpoint()
    tokens.status = status
    tokens.headers = {"Location": "/elsewhere"}
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        with pytest.raises(MarketError) as caught:
            await Account(session, endpoint, USER, PASSWORD).token()
    assert type(caught.value) is expected
    assert PASSWORD not in told(caught.value)


async def test_credentials_are_not_redirected(session: aiohttp.ClientSession) -> None:
    """The password goes to the host that the user named and to no other."""
    thief, tokens = TokenEndpoint(), TokenEndpoint()
    async with (
        serving((auth.TOKEN_PATH, thief.handle)) as elsewhere,
        serving((auth.TOKEN_PATH, tokens.handle)) as endpoint,
    ):
        tokens.status = 307
        tokens.headers = {"Location": str(elsewhere.http(auth.TOKEN_PATH))}
        with pytest.raises(NotAMarket):
            await Account(session, endpoint, USER, PASSWORD).token()
    assert tokens.asked
    assert not thief.asked


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (None, None),
        ("7", 7.0),
        ("-7", 0.0),
        ("999999", 3600.0),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
async def test_retry_after(
    session: aiohttp.ClientSession, retry_after: str | None, expected: float | None
) -> None:
    """The wait that the market asks for is read, within reason."""
    tokens = TokenEndpoint()
    tokens.status = 429
    if retry_after is not None:
        tokens.headers = {"Retry-After": retry_after}
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        with pytest.raises(TooManyRequests) as caught:
            await Account(session, endpoint, USER, PASSWORD).token()
    assert caught.value.retry_after == expected


async def test_too_many_requests(clock: Clock, session: aiohttp.ClientSession) -> None:
    """The market is not asked before the wait is over that it asked for."""
    tokens = TokenEndpoint()
    tokens.status = 429
    tokens.headers = {"Retry-After": "30"}
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD)
        for _ in range(3):
            with pytest.raises(TooManyRequests):
                await ada.token()
            clock.now += 14
        assert len(tokens.asked) == 1
        tokens.status = 200
        assert await ada.token() == "token-1"
    assert len(tokens.asked) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_renewal_is_early_enough_to_fail(
    clock: Clock, market: Simulator, ada: Account, status: int
) -> None:
    """A market that is away at the renewal costs nothing before the token's end."""
    token = await ada.token()
    market.control.refuse(status)
    clock.now += LIFE * 0.8
    assert await ada.token() == token
    clock.now += LIFE * 0.2 - 1
    assert await ada.token() == token
    clock.now += 1
    with pytest.raises(MarketError):
        await ada.token()
    market.control.refuse(None)
    clock.now += 1
    assert await ada.token() != token


async def test_slow_answer(
    monkeypatch: pytest.MonkeyPatch, market: Simulator, ada: Account
) -> None:
    """An answer is not waited for without end."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.05)
    monkeypatch.setattr(auth, "TIMEOUT", 0.05)
    market.control.delay(0.2)
    with pytest.raises(MarketUnavailable, match="in time"):
        await ada.token()
    market.control.delay(0)


async def test_no_server(session: aiohttp.ClientSession, market: Simulator) -> None:
    """A refused connection means that the market is away."""
    await market.stop()
    with pytest.raises(MarketUnavailable) as caught:
        await account(session, market).token()
    assert PASSWORD not in told(caught.value)


async def test_single_flight(market: Simulator, ada: Account) -> None:
    """Three streams that ask at once cost one request."""
    tokens = await asyncio.gather(*(ada.token() for _ in range(3)))
    assert len(set(tokens)) == 1
    assert market.control.sign_ins == 1
    for _ in range(3):
        ada.refused(tokens[0])
    tokens = await asyncio.gather(*(ada.token() for _ in range(3)))
    assert len(set(tokens)) == 1
    assert market.control.renewals == 1


async def test_single_flight_of_a_failure(
    clock: Clock, session: aiohttp.ClientSession
) -> None:
    """Three streams that ask at once cost one request also when it fails."""
    tokens = TokenEndpoint()
    tokens.status = 503
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD)
        results = await asyncio.gather(
            *(ada.token() for _ in range(3)), return_exceptions=True
        )
        assert [type(result) for result in results] == [MarketUnavailable] * 3
        assert len(tokens.asked) == 1
        clock.now += 1
        tokens.status = 200
        await ada.token()
    assert len(tokens.asked) == 2


async def test_one_that_gives_up_does_not_spoil_it(
    market: Simulator, ada: Account
) -> None:
    """A stream that ends while it asks leaves the others to ask for themselves."""
    market.control.delay(0.03)
    first = asyncio.create_task(ada.token())
    second = asyncio.create_task(ada.token())
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second
    assert first.cancelled()
    market.control.delay(0)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "token-1",
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "two words"},
        {"access_token": "token-1\r\nBreak: 1"},
        {"access_token": "token-1", "expires_in": -1},
        {"access_token": "token-1", "expires_in": "nan"},
        {"access_token": "token-1", "expires_in": "soon"},
        {"access_token": "token-1", "refresh_token": 7},
    ],
)
async def test_no_token(session: aiohttp.ClientSession, answer: object) -> None:
    """An answer that holds no token is not a market's, and is not repeated."""
    tokens = TokenEndpoint()
    tokens.answer = answer
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        with pytest.raises(NotAMarket) as caught:
            await Account(session, endpoint, USER, PASSWORD).token()
    assert "token-1" not in told(caught.value)


async def test_html(session: aiohttp.ClientSession) -> None:
    """A page is no token."""
    tokens = TokenEndpoint()
    tokens.text = "<html>Welcome</html>"
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        with pytest.raises(NotAMarket):
            await Account(session, endpoint, USER, PASSWORD).token()


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        ({}, auth.DEFAULT_LIFE),
        ({"expires_in": None}, auth.DEFAULT_LIFE),
        ({"expires_in": 0}, auth.DEFAULT_LIFE),
        ({"expires_in": "100"}, 100.0),
        ({"expires_in": 100.5, "scope": "all"}, 100.5),
    ],
)
async def test_life(
    clock: Clock, session: aiohttp.ClientSession, answer: dict[str, object], life: float
) -> None:
    """A token's life may be missing or text; one without refresh token takes the password."""
    tokens = TokenEndpoint()
    tokens.answer = {"access_token": "token-1", **answer}
    async with serving((auth.TOKEN_PATH, tokens.handle)) as endpoint:
        ada = Account(session, endpoint, USER, PASSWORD)
        await ada.token()
        clock.now += life * 0.8 - 0.1
        await ada.token()
        assert len(tokens.asked) == 1
        clock.now += 0.2
        await ada.token()
    assert [asked["grant_type"] for asked in tokens.asked] == ["password"] * 2


async def test_kept_renewed(
    session: aiohttp.ClientSession,
    start_market: Callable[..., Awaitable[Simulator]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The token is renewed by itself, through an outage, until the password is refused."""
    monkeypatch.setattr(auth, "RENEW_AT", 0.02)
    monkeypatch.setattr(auth, "RETRY_RENEWAL", 0.02)
    monkeypatch.setattr(auth, "FAILURE_LASTS", 0.01)
    market = await start_market(token_lifetime=timedelta(seconds=1))
    ada = account(session, market)
    market.control.refuse(503)
    task = asyncio.create_task(ada.keep_renewed())
    try:
        await asyncio.sleep(0.03)
        assert market.control.sign_ins == 0
        market.control.refuse(None)
        await until(lambda: market.control.renewals >= 3)
        assert market.control.sign_ins == 1
        market.control.refuse(401)
        await asyncio.wait_for(task, 5)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_no_secret_in_representations(ada: Account) -> None:
    """No credential is in a representation."""
    token = await ada.token()
    seen = f"{ada!r} {ada} {FixedToken(TOKEN)!r}"
    assert not [secret for secret in (token, PASSWORD, TOKEN) if secret in seen]
