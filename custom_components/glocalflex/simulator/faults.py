"""Faults that the control interface provokes in the server's answers."""

from dataclasses import dataclass, field
from typing import Literal

type Endpoint = Literal["token", "stream", "order"]

ENDPOINTS: tuple[Endpoint, ...] = ("token", "stream", "order")


@dataclass(slots=True)
class Faults:
    """What goes wrong at present."""

    refused: dict[Endpoint, int] = field(default_factory=dict)
    """The HTTP status with which an endpoint refuses everything."""

    delay: float = 0.0
    """Real seconds before every answer."""
