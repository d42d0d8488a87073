"""Setting up, changing and signing in again, as a user does it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
import re
import socket
import ssl
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
import msgspec
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

import custom_components.glocalflex
from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    FlowType,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .conftest import ACCESS_TOKEN, PASSWORD, USERNAME, SetUp, eventually

type Answers = dict[str, Any]

TEXTS = msgspec.json.decode(
    Path(custom_components.glocalflex.__path__[0], "translations/en.json").read_bytes()
)
CREDENTIALS: Mapping[str, Answers] = {
    "account": {"username": USERNAME, "password": PASSWORD},
    "token": {"token": ACCESS_TOKEN},
    "public": {},
}
NAMES = {"account": " alice", "token": "/token", "public": ""}
KINDS = list(CREDENTIALS)


def plain_form(host: str, kind: str, /, **changes: str) -> Answers:
    """Fill in a form for a market without TLS."""
    return {
        "host": host,
        **CREDENTIALS[kind],
        "connection": {"plain": True},
        **changes,
    }


def tls_form(host: str, kind: str) -> Answers:
    """Fill in a form for a market with TLS."""
    return {**plain_form(host, kind), "connection": {"plain": False}}


async def choose(hass: HomeAssistant, choice: str) -> ConfigFlowResult:
    """Open the menu and choose from it."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["account", "token", "public", "practice"]
    return await answer(hass, result, {"next_step_id": choice})


async def answer(
    hass: HomeAssistant, result: ConfigFlowResult, answers: Answers
) -> ConfigFlowResult:
    """Submit a form, and see that the next one explains itself."""
    result = await hass.config_entries.flow.async_configure(result["flow_id"], answers)
    assert_explained(result)
    for secret in (PASSWORD, ACCESS_TOKEN, *answers_to_hide(answers)):
        assert secret not in str(result.get("description_placeholders"))
        assert secret not in suggested_values(result)
    return result


def answers_to_hide(answers: Answers) -> list[str]:
    """Return what was answered and must not be shown."""
    return [
        value
        for key in ("password", "token")
        if isinstance(value := answers.get(key), str) and value
    ]


def suggested_values(result: ConfigFlowResult) -> str:
    """Return all that a form is filled in with."""
    schema = result.get("data_schema")
    markers = schema.schema if schema else {}
    return str([(marker.description, marker.default) for marker in markers])


def assert_explained(result: ConfigFlowResult) -> None:
    """See that a form has a title, and each field and error its text with all that it names."""
    if result["type"] is FlowResultType.ABORT:
        assert TEXTS["config"]["abort"][result["reason"]]
    if result["type"] is not FlowResultType.FORM:
        return
    step = TEXTS["config"]["step"][result["step_id"]]
    texts = [step["title"], step["description"]]
    for marker, field in result["data_schema"].schema.items():
        if isinstance(field, section):
            inner = step["sections"][marker.schema]
            assert inner["name"]
            assert set(map(str, field.schema.schema)) == set(inner["data"])
            assert set(inner["data"]) == set(inner["data_description"])
        else:
            assert step["data"][marker.schema]
            assert step["data_description"][marker.schema]
    texts.extend(
        TEXTS["config"]["error"][key] for key in (result["errors"] or {}).values()
    )
    placeholders = result.get("description_placeholders") or {}
    for name in re.findall(r"\{(\w+)\}", " ".join(texts)):
        assert placeholders[name]


async def finish(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigEntry:
    """Wait until the entry that a flow has made follows its market."""
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    await eventually(lambda: is_connected(entry))
    return entry


def is_connected(entry: ConfigEntry) -> bool:
    """Tell whether all streams of an entry work."""
    return entry.state is ConfigEntryState.LOADED and all(
        status.connected for status in entry.runtime_data.streams.values()
    )


def entity_ids(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return an entry's entities by their keys."""
    return {
        entity.unique_id.removeprefix(f"{entry.entry_id}_"): entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
    }


def market_entry(
    host: str, kind: str, /, *, title: str | None = None, **changes: str
) -> MockConfigEntry:
    """Return an entry as an earlier flow has made it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title or (f"{USERNAME} ({host})" if kind == "account" else host),
        unique_id=f"{host}{NAMES[kind]}",
        data={
            "kind": kind,
            "host": host,
            "plain": True,
            **CREDENTIALS[kind],
            **changes,
        },
    )


@pytest.fixture
async def tls_market() -> AsyncGenerator[Simulator]:
    """Run a market with a certificate of an authority of its own."""
    settings = Settings(
        speed=0,
        orders_per_minute=0,
        users={USERNAME: PASSWORD},
        access_tokens={ACCESS_TOKEN: USERNAME},
        tls=True,
    )
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def aborted_handshakes(hass: HomeAssistant) -> None:
    """Let the server's side of the loop put up with a client that hangs up."""
    handler = hass.loop.get_exception_handler()
    assert handler

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), ConnectionResetError):
            handler(loop, context)

    hass.loop.set_exception_handler(handle)


@contextmanager
def trusting(certificate: str) -> Generator[None]:
    """Let Home Assistant's connections trust one certificate authority."""
    context = ssl.create_default_context(cadata=certificate)
    with patch("homeassistant.util.ssl.client_context", return_value=context):
        yield


@pytest.fixture
async def stranger() -> AsyncGenerator[str]:
    """Run something on the web that is no market, and knows no page."""
    async with TestServer(web.Application(), host="127.0.0.1") as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
async def speaker() -> AsyncGenerator[Callable[[str], str]]:
    """Run something that opens websockets and says the one thing that a test lets it say."""
    said = ""

    async def speak(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(said)
        await socket.close()
        return socket

    application = web.Application()
    application.router.add_get("/{path:.*}", speak)
    async with TestServer(application, host="127.0.0.1") as server:

        def say(what: str) -> str:
            nonlocal said
            said = what
            return f"127.0.0.1:{server.port}"

        yield say


def unused_host() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("kind", KINDS)
async def test_plain_market(hass: HomeAssistant, market: Simulator, kind: str) -> None:
    """Each way to a market ends in an entry that follows it."""
    result = await choose(hass, kind)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {}

    result = await answer(hass, result, plain_form(market.host.upper(), kind))
    entry = await finish(hass, result)

    assert entry.unique_id == f"{market.host}{NAMES[kind]}"
    assert entry.title == (
        f"{USERNAME} ({market.host})" if kind == "account" else market.host
    )
    # A refresh token comes and goes with each renewal.
    data = {key: entry.data[key] for key in entry.data if key != "refresh_token"}
    assert data == {
        "kind": kind,
        "host": market.host,
        "plain": True,
        **CREDENTIALS[kind],
    }
    assert ("refresh_token" in entry.data) is (kind == "account")
    assert dict(market.control.connections) == {
        "ticker": 1,
        "orderbook": 1,
        "trade": int(kind != "public"),
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_tls_market(
    hass: HomeAssistant, tls_market: Simulator, kind: str
) -> None:
    """A certificate that is trusted is all that an encrypted market needs."""
    with trusting(tls_market.ca_certificate):
        result = await choose(hass, kind)
        result = await answer(hass, result, tls_form(tls_market.host, kind))
        entry = await finish(hass, result)
    assert entry.data["plain"] is False


async def test_refresh_token_is_kept(hass: HomeAssistant, market: Simulator) -> None:
    """The entry goes on with the flow's sign-in instead of another one."""
    result = await choose(hass, "account")
    await finish(hass, await answer(hass, result, plain_form(market.host, "account")))
    assert market.control.sign_ins == 1
    assert market.control.renewals == 1


@pytest.mark.parametrize(
    ("kind", "changes", "errors"),
    [
        ("account", {"password": "open barley"}, {"base": "invalid_auth"}),
        ("account", {"username": "Bob"}, {"base": "invalid_auth"}),
        ("token", {"token": "a-token-of-nobody"}, {"base": "invalid_token"}),
        ("token", {"token": "two\nlines"}, {"base": "invalid_token"}),
        ("public", {"host": ""}, {"host": "invalid_host"}),
        ("public", {"host": "two words"}, {"host": "invalid_host"}),
        ("account", {"host": "alice:secret@market"}, {"host": "invalid_host"}),
        ("account", {"host": "glocalflexmarket.com"}, {"base": "plain_not_local"}),
        ("account", {"host": "8.8.8.8"}, {"base": "plain_not_local"}),
    ],
)
async def test_wrong_answer(
    hass: HomeAssistant,
    market: Simulator,
    kind: str,
    changes: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What is wrong is told, and can be mended in the same form."""
    result = await choose(hass, kind)
    result = await answer(hass, result, plain_form(market.host, kind, **changes))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == kind
    assert result["errors"] == errors

    result = await answer(hass, result, plain_form(market.host, kind))
    await finish(hass, result)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_such_host(hass: HomeAssistant, market: Simulator, kind: str) -> None:
    """A name without an address is told from a market that is away."""
    result = await choose(hass, kind)
    with patch("aiohttp.resolver.AsyncResolver.resolve", side_effect=OSError):
        result = await answer(hass, result, tls_form("market.invalid", kind))
    assert result["errors"] == {"base": "host_not_found"}
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


@pytest.mark.parametrize("form", [plain_form, tls_form])
@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_there(
    hass: HomeAssistant,
    market: Simulator,
    kind: str,
    form: Callable[[str, str], Answers],
) -> None:
    """A market that is away can be tried again."""
    result = await choose(hass, kind)
    result = await answer(hass, result, form(unused_host(), kind))
    assert result["errors"] == {"base": "cannot_connect"}
    assert result["description_placeholders"]["error"]
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


@pytest.mark.usefixtures("aborted_handshakes")
@pytest.mark.parametrize("kind", KINDS)
async def test_certificate_not_trusted(
    hass: HomeAssistant, market: Simulator, tls_market: Simulator, kind: str
) -> None:
    """A market that cannot prove itself gets no credentials."""
    result = await choose(hass, kind)
    result = await answer(hass, result, tls_form(tls_market.host, kind))
    assert result["errors"] == {"base": "certificate_not_trusted"}
    assert tls_market.control.sign_ins == 0
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


@pytest.mark.parametrize("kind", KINDS)
async def test_not_a_market(
    hass: HomeAssistant, market: Simulator, stranger: str, kind: str
) -> None:
    """Another server is not taken for a market, nor a plain one for an encrypted."""
    result = await choose(hass, kind)
    for form in (
        plain_form(stranger, kind),
        tls_form(market.host, kind),
    ):
        result = await answer(hass, result, form)
        assert result["errors"] == {"base": "not_a_market"}
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


async def test_websocket_of_another_kind(
    hass: HomeAssistant, market: Simulator, speaker: Callable[[str], str]
) -> None:
    """A websocket that says something else is no market's."""
    result = await choose(hass, "public")
    for said in ("hello", '{"type": "welcome"}'):
        result = await answer(hass, result, plain_form(speaker(said), "public"))
        assert result["errors"] == {"base": "not_a_market"}
    await finish(hass, await answer(hass, result, plain_form(market.host, "public")))


@pytest.mark.parametrize("kind", ["token", "public"])
async def test_stream_refused(
    hass: HomeAssistant,
    market: Simulator,
    speaker: Callable[[str], str],
    kind: str,
) -> None:
    """The user reads why a market turns a stream away."""
    result = await choose(hass, kind)
    refusal = {
        "type": "control",
        "status": "error",
        "data": {"message": "No subscription"},
    }
    host = speaker(msgspec.json.encode(refusal).decode())
    result = await answer(hass, result, plain_form(host, kind))
    assert result["errors"] == {"base": "stream_refused"}
    assert result["description_placeholders"]["error"] == "No subscription"
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


@pytest.mark.parametrize(
    ("kind", "endpoint"), [("account", "token"), ("token", "stream")]
)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "cannot_connect"),
    ],
)
async def test_market_declines(
    hass: HomeAssistant,
    market: Simulator,
    kind: str,
    endpoint: str,
    status: HTTPStatus,
    error: str,
) -> None:
    """What a market answers in its hard hours is told apart."""
    result = await choose(hass, kind)
    market.control.refuse(status, what=endpoint)  # type: ignore[arg-type]
    result = await answer(hass, result, plain_form(market.host, kind))
    assert result["errors"] == {"base": error}
    market.control.refuse(None)
    await finish(hass, await answer(hass, result, plain_form(market.host, kind)))


@pytest.mark.parametrize("kind", KINDS)
async def test_already_configured(
    hass: HomeAssistant, market: Simulator, kind: str
) -> None:
    """One entry an account and host, however they are written."""
    market_entry(market.host, kind).add_to_hass(hass)
    result = await choose(hass, kind)
    changes = {"username": f" {USERNAME} "} if kind == "account" else {}
    result = await answer(
        hass, result, plain_form(f"HTTP://{market.host}/", kind, **changes)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_another_account(hass: HomeAssistant, market: Simulator) -> None:
    """A host may have an entry for each account, and one without."""
    other = market_entry(market.host, "account", username="Bob")
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, unique_id=f"{market.host} bob")
    for kind in KINDS:
        result = await choose(hass, kind)
        result = await answer(hass, result, plain_form(market.host, kind))
        await finish(hass, result)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1 + len(KINDS)


async def test_practice(hass: HomeAssistant) -> None:
    """The practice market is set up once, with nothing to fill in."""
    # A browser that was closed on the form must not stand in the way.
    await choose(hass, "practice")
    result = await choose(hass, "practice")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "practice"
    result = await answer(hass, result, {})
    entry = await finish(hass, result)
    assert entry.title == "Practice market"
    assert entry.data == {"kind": "practice", "seed": 1, "pace": "normal"}
    assert "next_flow" not in result

    # There are two areas to look at.
    def shows_orders(area: str) -> bool:
        state = hass.states.get(f"sensor.{area}_ask_orders")
        return state is not None and state.state.isdigit()

    await eventually(lambda: shows_orders("finland"))
    await eventually(lambda: shows_orders("germany_next_hour"))

    result = await choose(hass, "practice")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.skipif(
    not hasattr(ConfigFlow, "async_on_create_entry"),
    reason="This release of Home Assistant goes on with nothing after an entry is made",
)
@pytest.mark.parametrize("choice", ["public", "practice"])
async def test_area_offered(
    hass: HomeAssistant, market: Simulator, choice: str
) -> None:
    """Whoever has set up a market can go on with a part of it."""
    form = {
        "public": plain_form(market.host, "public"),
        "practice": {"examples": False},
    }
    result = await answer(hass, await choose(hass, choice), form[choice])
    entry = await finish(hass, result)
    assert not entry.subentries
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    offered = await hass.config_entries.subentries.async_configure(
        flow_id,
        {
            "name": "Finland",
            "country_codes": ["FI"],
            "location_ids": [],
            "least_power": 0,
            "size": 1000,
            "includes_unlocated": False,
        },
    )
    assert offered["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.states.get("sensor.finland_ask_orders") is not None


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
async def test_browser(
    hass: HomeAssistant, market: Simulator, hass_client: ClientSessionGenerator
) -> None:
    """What goes to the browser after an error holds the answers but for the secret ones."""
    await async_setup_component(hass, "config", {})
    client = await hass_client()
    flows = "/api/config/config_entries/flow"
    for kind, secret in (
        ("account", {"password": "s3cret!"}),
        ("token", {"token": "s3cret!"}),
    ):
        response = await client.post(flows, json={"handler": DOMAIN})
        flow = f"{flows}/{(await response.json())['flow_id']}"
        await client.post(flow, json={"next_step_id": kind})
        form = plain_form(market.host, kind, **secret)
        response = await client.post(flow, json=form)
        shown = await response.text()
        assert market.host in shown
        assert "s3cret!" not in shown
        errors = (await response.json())["errors"]
        assert list(errors) == ["base"]


REAUTH = {
    "account": ("reauth_confirm", "password", PASSWORD, "invalid_auth"),
    "token": ("reauth_token", "token", ACCESS_TOKEN, "invalid_token"),
}


@pytest.mark.parametrize("kind", REAUTH)
async def test_sign_in_again(hass: HomeAssistant, market: Simulator, kind: str) -> None:
    """An entry whose credentials are refused asks for new ones; prices go on meanwhile."""
    step_id, field, right, error = REAUTH[kind]
    entry = market_entry(market.host, kind, **{field: "of-yesterday"})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: bool(hass.config_entries.flow.async_progress()))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["step_id"] == step_id

    await eventually(lambda: market.control.connections["ticker"] == 1)
    await market.control.trade(0.42)
    entities = entity_ids(hass, entry)
    await eventually(
        lambda: hass.states.get(entities["last_price"]).state == "0.42"  # type: ignore[union-attr]
    )
    for key in ("last_order_status", "orders_active", "order_status"):
        assert (state := hass.states.get(entities[key]))
        assert state.state == STATE_UNAVAILABLE

    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert result["description_placeholders"]["name"] == entry.title
    result = await answer(hass, result, {field: "of-tomorrow"})
    assert result["errors"] == {"base": error}
    result = await answer(hass, result, {field: right})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await eventually(lambda: is_connected(entry))
    assert entry.data[field] == right
    assert not hass.config_entries.flow.async_progress()
    assert (state := hass.states.get(entities["orders_active"]))
    assert state.state == "0"


async def test_refused_in_the_middle(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A password that is refused only later asks as well, once."""
    await set_up(account_entry)
    market.control.refuse(HTTPStatus.UNAUTHORIZED)
    market.control.expire_tokens()
    await eventually(lambda: bool(hass.config_entries.flow.async_progress()))

    streams = account_entry.runtime_data.streams
    await eventually(lambda: streams["ticker"].reconnects == 1)
    await market.control.trade(-0.005)
    entities = entity_ids(hass, account_entry)
    await eventually(
        lambda: hass.states.get(entities["last_price"]).state == "-0.005"  # type: ignore[union-attr]
    )
    assert (state := hass.states.get(entities["orders_active"]))
    assert state.state == STATE_UNAVAILABLE
    assert len(hass.config_entries.flow.async_progress()) == 1

    market.control.refuse(None)
    (flow,) = hass.config_entries.flow.async_progress()
    result = await answer(
        hass,
        await hass.config_entries.flow.async_configure(flow["flow_id"]),
        {"password": PASSWORD},
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await eventually(lambda: is_connected(account_entry))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", [None, "At home"])
async def test_move(
    hass: HomeAssistant,
    market: Simulator,
    set_up: SetUp,
    kind: str,
    title: str | None,
) -> None:
    """An entry moves to another host with its entities; a name of its own stays."""
    entry = market_entry(market.host, kind, title=title)
    await set_up(entry)
    before = entity_ids(hass, entry)
    settings = Settings(
        speed=0,
        orders_per_minute=0,
        users={USERNAME: PASSWORD},
        access_tokens={ACCESS_TOKEN: USERNAME},
    )
    async with Simulator(settings) as other:
        result = await entry.start_reconfigure_flow(hass)
        assert_explained(result)
        assert market.host in suggested_values(result)
        assert PASSWORD not in suggested_values(result)
        assert ACCESS_TOKEN not in suggested_values(result)
        changes = {"username": USERNAME.upper()} if kind == "account" else {}
        result = await answer(hass, result, plain_form(unused_host(), kind, **changes))
        assert result["errors"] == {"base": "cannot_connect"}
        assert entry.data["host"] == market.host

        settings.users[USERNAME.upper()] = PASSWORD  # type: ignore[index]
        result = await answer(hass, result, plain_form(other.host, kind, **changes))
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        await eventually(lambda: is_connected(entry))
        assert entry.unique_id == f"{other.host}{NAMES[kind]}"
        if title:
            assert entry.title == title
        else:
            assert other.host in entry.title
        assert entry.data["host"] == other.host
        assert other.control.connections["ticker"] == 1
        assert market.control.connections["ticker"] == 0
        assert entity_ids(hass, entry) == before
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_new_password(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An entry may be changed where it is."""
    await set_up(account_entry)
    unique_id = account_entry.unique_id
    result = await account_entry.start_reconfigure_flow(hass)
    result = await answer(hass, result, plain_form(market.host, "account"))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await eventually(lambda: is_connected(account_entry))
    assert account_entry.unique_id == unique_id
    assert account_entry.title == USERNAME


async def test_wrong_account(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """An entry stays with its account: its counters and contracts are that one's."""
    await set_up(account_entry)
    before = dict(account_entry.data)
    settings = Settings(speed=0, orders_per_minute=0, users={"Bob": "bobs"})
    async with Simulator(settings) as other:
        result = await account_entry.start_reconfigure_flow(hass)
        form = plain_form(other.host, "account", username="Bob", password="bobs")
        result = await answer(hass, result, form)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert account_entry.data == before


async def test_collision(hass: HomeAssistant, market: Simulator, set_up: SetUp) -> None:
    """An entry cannot move to where another one is."""
    entry = market_entry(market.host, "public")
    await set_up(entry)
    async with Simulator(Settings(speed=0, orders_per_minute=0)) as other:
        market_entry(other.host, "public").add_to_hass(hass)
        result = await entry.start_reconfigure_flow(hass)
        result = await answer(hass, result, plain_form(other.host, "public"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == market.host


async def test_another_practice_market(hass: HomeAssistant) -> None:
    """Seed and pace can be changed; the form shows what they are."""
    result = await choose(hass, "practice")
    entry = await finish(hass, await answer(hass, result, {"seed": 7, "pace": "calm"}))
    assert entry.data == {"kind": "practice", "seed": 7, "pace": "calm"}
    assert isinstance(entry.data["seed"], int)

    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert_explained(result)
    assert result["step_id"] == "reconfigure_practice"
    assert "7" in suggested_values(result)
    assert "calm" in suggested_values(result)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"seed": 8, "pace": "busy"}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await eventually(lambda: is_connected(entry))
    assert entry.data == {"kind": "practice", "seed": 8, "pace": "busy"}


@pytest.mark.usefixtures("all_enabled")
async def test_options(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Buy price and sell price are for the size that the options name."""
    for price, power in ((0.5, 1000.0), (0.7, 3000.0)):
        await market.control.place_order(None, side="sell", price=price, power=power)
    for price, power in ((0.3, 1000.0), (0.1, 3000.0)):
        await market.control.place_order(None, side="buy", price=price, power=power)
    await set_up(account_entry)
    entities = entity_ids(hass, account_entry)

    def prices() -> list[str]:
        states = [hass.states.get(entities[key]) for key in ("buy_price", "sell_price")]
        return [state.state for state in states if state]

    await eventually(lambda: prices() == ["0.5", "0.3"])

    result = await hass.config_entries.options.async_init(account_entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "init"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"size": 4000}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await eventually(lambda: prices() == ["0.65", "0.15"])

    result = await hass.config_entries.options.async_init(account_entry.entry_id)
    assert "4000" in suggested_values(result)
