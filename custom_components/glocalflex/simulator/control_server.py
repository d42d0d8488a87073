"""The control interface over HTTP, for people and scripts beside the market's own process."""

from collections.abc import Callable
import inspect
from typing import cast

from aiohttp import web
import orjson

from .control import Control
from .documents import Document, Json
from .faults import ENDPOINTS
from .order_request import parse_time
from .server import answer
from .wire import STREAMS, timestamp

METHODS = (
    "place_order",
    "trade",
    "advance",
    "run_trades",
    "cut",
    "freeze",
    "thaw",
    "send",
    "expire_tokens",
    "revoke_refresh_tokens",
    "refuse",
    "delay",
    "drained",
)


def _one_of(*choices: str) -> Callable[[Json], Json]:
    def check(value: Json) -> Json:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return check


def _a(kind: type | tuple[type, ...], words: str) -> Callable[[Json], Json]:
    def check(value: Json) -> Json:
        if isinstance(value, bool) or not isinstance(value, kind):
            raise ValueError(f"must be {words}")  # noqa: TRY004 - told to the caller
        return value

    return check


NUMBER = _a((int, float), "a number")
WHOLE = _a(int, "a whole number")
TEXT = _a(str, "text")
OBJECT = _a(dict, "an object")

ARGUMENTS: dict[str, Callable[[Json], object]] = {
    "baseline": OBJECT,
    "code": WHOLE,
    "count": WHOLE,
    "delivery_end": parse_time,
    "delivery_start": parse_time,
    "expiry_time": parse_time,
    "frame": _a((str, dict), "text or an object"),
    "location": OBJECT,
    "power": NUMBER,
    "price": NUMBER,
    "seconds": NUMBER,
    "side": _one_of("buy", "sell"),
    "status": WHOLE,
    "stream": _one_of(*STREAMS),
    "user": TEXT,
    "what": _one_of(*ENDPOINTS),
}
"""How each argument is read; null stays null."""


def control_application(control: Control) -> web.Application:
    """Answer `POST /METHOD`, whose body is a JSON object of the method's arguments, and `GET /`."""

    async def call(request: web.Request) -> web.StreamResponse:
        # A web page elsewhere can not send this content type without being allowed to.
        if request.content_type != "application/json":
            return answer(
                415, {"error": "Send JSON with Content-Type: application/json"}
            )
        method = getattr(control, request.match_info["method"])
        try:
            arguments = _arguments(await request.read())
            bound = inspect.signature(method).bind(**arguments)
        except (ValueError, TypeError) as err:
            return answer(422, {"error": str(err)})
        try:
            result = method(*bound.args, **bound.kwargs)
            if inspect.isawaitable(result):
                result = await result
        except ValueError as err:
            return answer(422, {"error": str(err)})
        return answer(200, {"result": cast("Json", result)})

    async def state(_: web.Request) -> web.StreamResponse:
        connections: Document = {**control.connections}
        return answer(
            200,
            {
                "now": timestamp(control.now),
                "trades": control.trades,
                "sign_ins": control.sign_ins,
                "renewals": control.renewals,
                "connections": connections,
                "methods": [*METHODS],
            },
        )

    application = web.Application()
    application.router.add_post(f"/{{method:{'|'.join(METHODS)}}}", call)
    application.router.add_get("/", state)
    return application


def _arguments(body: bytes) -> dict[str, object]:
    try:
        arguments = cast("Json", orjson.loads(body or b"{}"))
    except orjson.JSONDecodeError:
        raise ValueError("The body must be a JSON object") from None
    if not isinstance(arguments, dict):
        raise ValueError("The body must be a JSON object")  # noqa: TRY004 - told to the caller
    read: dict[str, object] = {}
    for name, value in arguments.items():
        if name not in ARGUMENTS:
            raise ValueError(f"There is no argument {name}")
        try:
            read[name] = None if value is None else ARGUMENTS[name](value)
        except ValueError as err:
            raise ValueError(f"{name} {err}") from None
    return read
