"""A simulated market that speaks the real one's interface.

It needs nothing of Home Assistant and shares no code with the client, so that neither flatters the other.
"""

from .control import Control
from .order_request import OrderRefused
from .settings import Settings
from .simulator import Simulator
from .wire import Entry

__all__ = ["Control", "Entry", "OrderRefused", "Settings", "Simulator"]
