"""The market's HTTP and websocket interface."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import cast

from aiohttp import web
import orjson

from . import wire
from .accounts import Accounts, Tokens
from .book import BookPublisher
from .documents import Document, Json
from .faults import Endpoint, Faults
from .order_request import OrderRefused, parse
from .pace import Pace
from .settings import Settings
from .streams import CLOSING, Connection, Streams
from .wire import Stream

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLIENT_ID = "glocalflexmarket_public_api"


def answer(status: int, document: Document) -> web.Response:
    """Answer with JSON."""
    return web.Response(
        status=status, body=orjson.dumps(document), content_type="application/json"
    )


def refuse(status: int, reason: str) -> web.Response:
    """Answer with a refusal; the shape of its body is a guess."""
    return answer(status, {"detail": reason})


def refuse_fields(problems: Mapping[str, str]) -> web.Response:
    """Say what is wrong with a body, by field."""
    detail: list[Json] = [
        {"loc": ["body", field], "msg": problem} for field, problem in problems.items()
    ]
    return answer(422, {"detail": detail})


class Server:
    """Answers requests."""

    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        streams: Streams,
        book: BookPublisher,
        faults: Faults,
        pace: Pace,
    ) -> None:
        """Know what the server serves."""
        self._private = settings.private
        self._accounts = accounts
        self._streams = streams
        self._book = book
        self._faults = faults
        self._pace = pace

    def application(self) -> web.Application:
        """Lay out the routes, each with and without a slash at its end."""
        application = web.Application()
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "/auth/oauth/v2/token", self._guard("token", self._token)),
            ("POST", "/api/v1/order", self._guard("order", self._order)),
            (
                "GET",
                "/api/v1/ws/{stream:ticker|orderbook|trade}",
                self._guard("stream", self._stream),
            ),
        ]
        for method, path, handler in routes:
            application.router.add_route(method, path, handler)
            application.router.add_route(method, f"{path}/", handler)
        return application

    def _guard(self, endpoint: Endpoint, handler: Handler) -> Handler:
        """Apply the faults of the moment."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._faults.delay:
                await asyncio.sleep(self._faults.delay)
            if (status := self._faults.refused.get(endpoint)) is not None:
                return refuse(status, "Refused by the control interface")
            return await handler(request)

        return guarded

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()

        def text(name: str) -> str | None:
            return value if isinstance(value := form.get(name), str) else None

        client_id, grant = text("client_id"), text("grant_type")
        needed = {
            "password": ("username", "password"),
            "refresh_token": ("refresh_token",),
        }
        problems = {
            name: "is missing"
            for name in ("client_id", "grant_type", *needed.get(grant or "", ()))
            if text(name) is None
        }
        if grant is not None and grant not in needed:
            problems["grant_type"] = "must be password or refresh_token"
        if problems:
            return refuse_fields(problems)
        if client_id != CLIENT_ID:
            return refuse(401, "Unknown client")
        tokens: Tokens | None
        if grant == "password":
            tokens = self._accounts.sign_in(
                text("username") or "", text("password") or ""
            )
        else:
            tokens = self._accounts.renew(text("refresh_token") or "")
        if tokens is None:
            return refuse(401, "The credentials or the token are refused")
        return answer(200, {**asdict(tokens), "token_type": "bearer"})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        user, _ = self._bearer(request)
        if user is None:
            return refuse(401, "A valid access token is needed")
        if not self._accounts.may_order(user):
            return refuse(429, "Too many orders")
        try:
            body = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return refuse_fields({"body": "must be JSON"})
        try:
            order_id = self._pace.place(parse(body, self._pace.catch_up()), user)
        except OrderRefused as err:
            return refuse_fields(err.problems)
        return answer(200, {wire.ORDER_ID: order_id})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        stream = cast("Stream", request.match_info["stream"])
        user, token = self._bearer(request)
        if user is None and (token is not None or stream == "trade" or self._private):
            return refuse(401, "A valid access token is needed")
        socket = web.WebSocketResponse(
            timeout=CLOSING, autoclose=False, autoping=False, compress=False
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        flowing = self._streams.flowing(stream)
        connection = Connection(
            stream, socket, transport, flowing, user=user, token=token
        )
        connection.put(orjson.dumps(wire.connected()).decode())
        self._streams.add(connection)
        try:
            if stream == "orderbook":
                await self._book.greet(connection)
            await connection.run()
        finally:
            self._streams.discard(connection)
        return socket

    def _bearer(self, request: web.Request) -> tuple[str | None, str | None]:
        """Tell the user that a request's token belongs to, and the token; None where there is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None, None
        return (
            self._accounts.user_of(token) if scheme.lower() == "bearer" else None
        ), token
