"""Home Assistant as a browser drives it: onboarding, signing in, config flows."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any, Literal

import aiohttp
import msgspec

DOMAIN = "glocalflex"
DASHBOARD = "lovelace"
POLL_SECONDS = 0.5
START_SECONDS = 180


class Refused(Exception):
    """Home Assistant did not do what it was asked."""


class Onboarding(msgspec.Struct):
    """A step of the onboarding."""

    step: str
    done: bool


class Login(msgspec.Struct):
    """The result of a login flow: the code that is good for a token."""

    result: str


class Token(msgspec.Struct):
    """What a code is exchanged for."""

    access_token: str


class Entry(msgspec.Struct):
    """A config entry."""

    entry_id: str
    title: str
    state: str


class State(msgspec.Struct):
    """What an entity shows."""

    state: str


class Flow(msgspec.Struct):
    """A config flow's answer to a step."""

    type: Literal["form", "menu", "create_entry", "abort"]
    flow_id: str
    reason: str | None = None
    errors: dict[str, str] | None = None


class Configuration(msgspec.Struct):
    """The part of Home Assistant's configuration that tells whether it has started."""

    state: str


type Answers = dict[str, str | float | bool | list[str] | Mapping[str, float]]


class HomeAssistant:
    """The HTTP API of one Home Assistant, reached from the machine that it trusts."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Drive the Home Assistant at an address such as http://127.0.0.1:8123."""
        self._session = session
        self._url = url
        self._client = {"client_id": f"{url}/", "redirect_uri": f"{url}/"}
        self._headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Wait for the interface, make the first user where there is none, and sign in."""
        if any(
            step.step == "user" and not step.done for step in await self._onboarding()
        ):
            await self.post(
                "/api/onboarding/users",
                name="Developer",
                username="developer",
                # Nobody signs in with it: this machine is trusted.
                password=token_urlsafe(),
                language="en",
                client_id=self._client["client_id"],
            )
        login = msgspec.json.decode(
            await self.post(
                "/auth/login_flow", handler=["trusted_networks", None], **self._client
            ),
            type=Login,
        )
        code = {
            "grant_type": "authorization_code",
            "code": login.result,
            **self._client,
        }
        async with self._session.post(f"{self._url}/auth/token", data=code) as response:
            response.raise_for_status()
            token = msgspec.json.decode(await response.read(), type=Token)
        self._headers = {"Authorization": f"Bearer {token.access_token}"}

    async def finish_onboarding(self) -> None:
        """Leave nothing for the browser to ask, and make ours the dashboard it lands on."""
        for step in await self._onboarding():
            if not step.done:
                await self.post(f"/api/onboarding/{step.step}", **self._client)
        await self._command(
            type="frontend/set_system_data",
            key="core",
            value={"default_panel": DASHBOARD},
        )

    async def wait_until_started(self) -> None:
        """Wait until all integrations are set up."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                configuration = await self._get("/api/config")
                if (
                    msgspec.json.decode(configuration, type=Configuration).state
                    == "RUNNING"
                ):
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def entries(self) -> list[Entry]:
        """List the integration's config entries."""
        found = await self._get(f"/api/config/config_entries/entry?domain={DOMAIN}")
        return msgspec.json.decode(found, type=list[Entry])

    async def remove(self, entry: Entry) -> None:
        """Remove a config entry."""
        url = f"{self._url}/api/config/config_entries/entry/{entry.entry_id}"
        async with self._session.delete(url, headers=self._headers) as response:
            response.raise_for_status()

    async def set_up(self, menu_choice: str, answers: Answers) -> Entry:
        """Walk through the integration's config flow, as a person would in the browser."""
        known = {entry.entry_id for entry in await self.entries()}
        await self._walk("flow", DOMAIN, {"next_step_id": menu_choice}, answers)
        (made,) = (
            entry for entry in await self.entries() if entry.entry_id not in known
        )
        return made

    async def add(self, entry: Entry, subentry_type: str, answers: Answers) -> None:
        """Walk through the flow that adds an area, or a signal."""
        await self._walk("subentries/flow", [entry.entry_id, subentry_type], answers)

    async def state(self, entity_id: str) -> str:
        """Tell what an entity shows."""
        found = await self._get(f"/api/states/{entity_id}")
        return msgspec.json.decode(found, type=State).state

    async def perform(self, domain: str, action: str, **data: str) -> None:
        """Perform an action."""
        await self.post(f"/api/services/{domain}/{action}", **data)

    async def _walk(self, kind: str, handler: object, *steps: Answers) -> None:
        """Answer a flow's steps one after the other."""
        flow = f"/api/config/config_entries/{kind}"
        shown = msgspec.json.decode(await self.post(flow, handler=handler), type=Flow)
        for step in steps:
            answer = await self.post(f"{flow}/{shown.flow_id}", **step)
            shown = msgspec.json.decode(answer, type=Flow)
        if shown.type != "create_entry":
            raise Refused(f"the flow ends with {shown.reason or shown.errors}")

    async def _onboarding(self) -> list[Onboarding]:
        """Ask, until Home Assistant answers, what the onboarding still wants."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    async with self._session.get(
                        f"{self._url}/api/onboarding"
                    ) as response:
                        if response.status == HTTPStatus.NOT_FOUND:
                            return []  # Long done: the path is gone
                        response.raise_for_status()
                        return msgspec.json.decode(
                            await response.read(), type=list[Onboarding]
                        )
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(POLL_SECONDS)

    async def _get(self, path: str) -> bytes:
        async with self._session.get(
            self._url + path, headers=self._headers
        ) as response:
            response.raise_for_status()
            return await response.read()

    async def post(self, path: str, **body: Any) -> bytes:
        """Send JSON to the HTTP API; return what it answers."""
        async with self._session.post(
            self._url + path, headers=self._headers, json=body
        ) as response:
            answer = await response.read()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise Refused(
                    f"{path}: {response.status} {answer.decode(errors='replace')}"
                )
            return answer

    async def _command(self, **command: Any) -> None:
        """Send one command of the websocket API."""
        token = self._headers["Authorization"].removeprefix("Bearer ")
        async with self._session.ws_connect(f"{self._url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            await socket.send_json({"id": 1, **command})
            result = await socket.receive_json()
            if not result["success"]:
                raise Refused(f"{command['type']}: {result['error']['message']}")
