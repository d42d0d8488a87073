"""Sending orders to the simulated market."""

from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.glocalflex.simulator import Simulator

from .conftest import ORDER, QUIET, Client


async def test_order_is_taken(client: Client) -> None:
    """The answer names the order that the trade stream then tells of, as it was sent."""
    async with client.stream("trade") as trade:
        answer = await client.order()
        assert answer.status == 200
        order_id = (await answer.json())["order_id"]
        document = await trade.next()
        assert (document["type"], document["name"]) == (
            "order_status_update",
            "accepted",
        )
        assert document["created_at"] == "2026-06-01T12:00:00Z"
        assert document["data"] == {"order_id": order_id, **ORDER}
        assert await trade.names(1) == ["matching_active"]


async def test_waits_for_baseline(client: Client) -> None:
    """A sell order that brings no baseline waits."""
    async with client.stream("trade") as trade:
        assert (await client.order({**ORDER, "baseline": None})).status == 200
        assert await trade.names(1) == ["awaiting_baseline_data"]
        await client.simulator.control.advance(120)
        assert await trade.names(2) == ["accepted", "matching_active"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "give"),
        ("side", []),
        ("power", 0),
        ("power", -5),
        ("power", "1500"),
        ("power", 1e12),
        ("power", True),
        ("price", None),
        ("price", "cheap"),
        ("delivery_start", "2026-06-01T12:00:00Z"),
        ("delivery_start", "tomorrow"),
        ("delivery_start", "2026-06-01T13:00:00"),
        ("delivery_start", 5),
        ("delivery_end", "2026-06-01T13:00:00Z"),
        ("delivery_end", "2028-06-01T13:00:00Z"),
        ("delivery_end", "9999-12-31T23:59:59-10:00"),
        ("expiry_time", "2026-06-01T11:00:00Z"),
        ("location", None),
        ("location", {"location_id": "loc1"}),
        ("location", {"location_id": [5]}),
        ("location", {"country_code": "US"}),
        ("location", {"country_code": None}),
        ("baseline", 5),
    ],
)
async def test_says_what_is_wrong(client: Client, field: str, value: object) -> None:
    """A wrong field is 422 and named."""
    answer = await client.order({**ORDER, field: value})
    assert answer.status == 422
    [problem] = (await answer.json())["detail"]
    assert problem["loc"] == ["body", field]
    assert problem["msg"].startswith("must ")


async def test_says_all_that_is_wrong(client: Client) -> None:
    """Missing fields are named at once; what is no object is refused."""
    answer = await client.order({"side": "buy"})
    assert [problem["loc"][1] for problem in (await answer.json())["detail"]] == [
        "power",
        "price",
        "delivery_start",
        "delivery_end",
        "expiry_time",
        "location",
    ]
    assert (await client.order([1])).status == 422
    url = f"http://{client.simulator.host}/api/v1/order"
    headers = {"Authorization": "Bearer fixed-token"}
    assert (await client.session.post(url, data=b"{", headers=headers)).status == 422


@pytest.mark.parametrize("field", ["price", "location"])
async def test_takes_what_is_unusual(client: Client, field: str) -> None:
    """Negative prices, unknown fields, an offset, and no place at all."""
    unusual = {
        **ORDER,
        "price": -0.5,
        "delivery_start": "2026-06-01T15:00:00+02:00",
        "location": {"location_id": ["b", None, "a"], "country_code": "", "zone": 1},
        "side": "buy",
        "baseline": None,
    }
    assert (await client.order(unusual)).status == 200
    async with client.stream("orderbook") as book:
        [(key, [order])] = (await book.next())["data"]["bids"].items()
    assert key == "-0.5"
    assert (
        order[field]
        == {
            "price": -0.5,
            "location": {"location_id": ["a", "b"], "country_code": ""},
        }[field]
    )


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_needs_a_token(client: Client, token: str | None) -> None:
    """Without a valid token nothing is taken."""
    assert (await client.order(token=token)).status == 401


async def test_too_many_orders(session: ClientSession) -> None:
    """Beyond the limit the answer is 429."""
    async with Simulator(replace(QUIET, orders_limit=2)) as simulator:
        client = Client(simulator, session)
        assert [(await client.order()).status for _ in range(3)] == [200, 200, 429]
    async with Simulator(replace(QUIET, orders_limit=0)) as simulator:
        client = Client(simulator, session)
        assert [(await client.order()).status for _ in range(3)] == [200, 200, 200]
