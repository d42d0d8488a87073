"""Signing in to the simulated market."""

from dataclasses import replace
from datetime import timedelta

from aiohttp import ClientSession
import pytest

from custom_components.glocalflex.simulator import Simulator
from custom_components.glocalflex.simulator.accounts import Accounts

from .conftest import QUIET, Client


async def test_sign_in_and_renewal(client: Client) -> None:
    """Both grants bring a pair of tokens; a refresh token is good for once."""
    first = await client.sign_in()
    assert first["expires_in"] == 300
    renewed = await client.token(
        grant_type="refresh_token", refresh_token=first["refresh_token"]
    )
    assert renewed.status == 200
    second = await renewed.json()
    assert second["refresh_token"] != first["refresh_token"]
    for token in (first["access_token"], second["access_token"]):
        assert (await client.order(token=token)).status == 200
    spent = await client.token(
        grant_type="refresh_token", refresh_token=first["refresh_token"]
    )
    assert spent.status == 401
    again = await client.token(
        grant_type="refresh_token", refresh_token=second["refresh_token"]
    )
    assert again.status == 200
    control = client.simulator.control
    assert (control.sign_ins, control.renewals) == (1, 2)


@pytest.mark.parametrize(
    ("form", "status", "field"),
    [
        (
            {"grant_type": "password", "username": "anna", "password": "wrong"},
            401,
            None,
        ),
        (
            {"grant_type": "password", "username": "nobody", "password": "secret"},
            401,
            None,
        ),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, 401, None),
        (
            {
                "client_id": "another",
                "grant_type": "password",
                "username": "anna",
                "password": "secret",
            },
            401,
            None,
        ),
        ({"grant_type": "password", "username": "anna"}, 422, "password"),
        ({"grant_type": "refresh_token"}, 422, "refresh_token"),
        ({"grant_type": "magic"}, 422, "grant_type"),
        ({}, 422, "grant_type"),
    ],
)
async def test_refusals(
    client: Client, form: dict[str, str], status: int, field: str | None
) -> None:
    """Wrong credentials are 401, malformed bodies 422 with the field that is wrong."""
    answer = await client.token(**form)
    assert answer.status == status
    detail = (await answer.json())["detail"]
    if field:
        assert [problem["loc"][-1] for problem in detail] == [field]
    assert client.simulator.control.sign_ins == 0


async def test_json_is_no_form(client: Client) -> None:
    """The token endpoint reads forms alone."""
    url = f"http://{client.simulator.host}/auth/oauth/v2/token/"
    body = {
        "client_id": "x",
        "grant_type": "password",
        "username": "anna",
        "password": "secret",
    }
    assert (await client.session.post(url, json=body)).status == 422
    form = {"grant_type": ("file", b"password")}
    assert (await client.session.post(url, data=form)).status == 422


async def test_access_token_ends(session: ClientSession) -> None:
    """An access token ends by itself, a fixed one never."""
    async with Simulator(replace(QUIET, token_lifetime=timedelta())) as simulator:
        client = Client(simulator, session)
        tokens = await client.sign_in()
        assert tokens["expires_in"] == 0
        assert (await client.order(token=tokens["access_token"])).status == 401
        assert (await client.order(token="fixed-token")).status == 200


def test_lives_and_limits() -> None:
    """Tokens end, and orders are counted, by the clock."""
    now = [0.0]
    accounts = Accounts(replace(QUIET, orders_limit=2), lambda: now[0])
    tokens = accounts.sign_in("anna", "secret")
    assert tokens is not None
    now[0] = 299.9
    assert accounts.user_of(tokens.access_token) == "anna"
    now[0] = 300.0
    assert accounts.user_of(tokens.access_token) is None

    assert [accounts.may_order("anna") for _ in range(3)] == [True, True, False]
    assert accounts.may_order("bert")
    now[0] += 60
    assert accounts.may_order("anna")


async def test_control_ends_tokens(client: Client) -> None:
    """Access tokens end now, refresh tokens when told."""
    tokens = await client.sign_in()
    client.simulator.control.expire_tokens()
    assert (await client.order(token=tokens["access_token"])).status == 401
    assert (await client.order(token="fixed-token")).status == 200
    renewal = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = await (await client.token(**renewal)).json()
    client.simulator.control.revoke_refresh_tokens()
    renewal["refresh_token"] = renewed["refresh_token"]
    assert (await client.token(**renewal)).status == 401
