"""The blueprint that tells of the user's orders and contracts: what must be told, once, and what must not."""

import asyncio

import pytest

from homeassistant.core import ServiceCall

from .conftest import eventually
from .home import MEMORY, Home, home
from .messages import at, contract_status, order_status

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

NOTICE = {
    "action": "test.notice",
    "data": {"event": "{{ title }}", "message": "{{ message }}"},
}
TOLD = "2026-05-05T09:00:{:02}Z"


async def start(home: Home, **inputs: object) -> None:
    """Tell of filled orders and settled contracts."""
    await home.start("notify_own", **{"notice": [NOTICE], **inputs})


async def say(home: Home, *messages: dict) -> None:
    """Have the market say something."""
    for message in messages:
        await home.say(message)


async def test_filled_and_settled(home: Home) -> None:
    """A life of an order and its contract makes two notices, with what the market said."""
    await start(home)
    await say(
        home,
        order_status("accepted"),
        order_status("matching_active"),
        order_status("filled"),
        contract_status("verification_initiated"),
        contract_status("verification_completed_success"),
        contract_status("settlement_initiated"),
        contract_status("settlement_completed_success"),
    )
    assert home.notices == ["Order filled", "Contract settled"]
    assert (
        home.messages == ["Sold: 2000 W at 0.3 EUR/kWh, 2026-05-05 13:00 to 14:00."] * 2
    )


async def test_each_is_told(home: Home) -> None:
    """Many at once are told one after the other; none is left out."""
    slow = {"action": "test.slow"}
    await start(home, notice=[slow, NOTICE])
    gate = asyncio.Event()

    async def wait(_call: ServiceCall) -> None:
        await gate.wait()

    home.hass.services.async_register("test", "slow", wait)
    for number in range(30):
        await home.market.control.send(
            "trade", order_status("filled", f"order-{number}", power=number)
        )
    traffic = home.entry.runtime_data.traffic["trade"]
    await eventually(lambda: traffic.messages >= 30)
    gate.set()
    await eventually(lambda: len(home.notices) == 30)
    assert [text.split()[1] for text in home.messages] == [str(n) for n in range(30)]


async def test_what_the_market_repeats(home: Home) -> None:
    """The same message is told once, also after a restart and a stream that broke."""
    await start(home)
    filled = order_status("filled")
    await say(home, filled, filled)
    await home.market.control.cut("trade")
    await eventually(lambda: home.entry.runtime_data.streams["trade"].reconnects == 1)
    await home.connected()
    await say(home, filled)
    await home.wait(1)
    await home.restart()
    await say(home, filled)
    assert home.notices == ["Order filled"]


async def test_what_the_market_says_anew(home: Home) -> None:
    """With a memory, an order that is filled again in a new message is not told again."""
    await start(home, memory=MEMORY)
    orders = [f"order-{number}" for number in range(15)]
    for order in orders:
        await say(home, at(order_status("filled", order), TOLD.format(0)))
    assert len(home.notices) == 15
    assert len(home.state(MEMORY)) <= 100
    await home.restart(crash=True)
    for order in orders[-10:]:
        await say(home, at(order_status("filled", order), TOLD.format(10)))
    assert len(home.notices) == 15
    await say(home, contract_status("settlement_completed_success", orders[-1]))
    assert len(home.notices) == 16


async def test_without_a_memory_it_is_told_again(home: Home) -> None:
    """A new message is news where nothing says otherwise, as the docs have it."""
    await start(home)
    await say(home, at(order_status("filled"), TOLD.format(0)))
    await say(home, at(order_status("filled"), TOLD.format(10)))
    assert len(home.notices) == 2


async def test_what_is_left_out(home: Home) -> None:
    """A message that says next to nothing makes a notice all the same."""
    await start(home)
    nothing = dict.fromkeys(
        ("side", "power", "price", "delivery_start", "delivery_end")
    )
    await say(home, order_status("filled", **nothing))
    assert (home.notices, home.messages) == (["Order filled"], ["Power."])


async def test_chosen(home: Home) -> None:
    """Only what was chosen is told."""
    await start(
        home, statuses=["verification_completed_success", "settlement_initiated"]
    )
    await say(
        home,
        order_status("filled"),
        contract_status("verification_completed_success"),
        contract_status("settlement_initiated"),
        contract_status("settlement_completed_success"),
    )
    assert home.notices == ["Contract verified", "Settlement begins"]


@pytest.mark.parametrize("ours", [True, False])
async def test_one_market(home: Home, ours: bool) -> None:
    """Where a market was chosen, another one's orders are not told."""
    await start(home, market="a-market")
    nothing = dict.fromkeys(
        ("side", "power", "price", "delivery_start", "delivery_end")
    )
    home.hass.bus.async_fire(
        "glocalflex_order_status",
        {
            "status": "filled",
            "order_id": "1",
            "device_id": "a-market" if ours else "another",
            **nothing,
        },
    )
    await home.hass.async_block_till_done()
    assert len(home.notices) == int(ours)


async def test_a_notice_that_fails(home: Home) -> None:
    """It does not keep the next one from being told."""
    await start(home, notice=[{"action": "test.unknown"}, NOTICE])
    await say(home, order_status("filled", "order-1"))
    assert home.notices == []
    home.hass.services.async_register("test", "unknown", lambda _call: None)
    await say(home, order_status("filled", "order-2"))
    assert home.notices == ["Order filled"]
