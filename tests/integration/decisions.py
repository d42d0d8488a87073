"""What automations must decide, reckoned from what the market told.

Written from the blueprints' documentation alone: it shares no code with them or with the
integration. A reckoner hears what happens, and judges after each happening what the load is then.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import fsum
from typing import NamedTuple

from .reckoning import QUARTER, Document, Order, Part, moment, quarter_of

MINUTE = timedelta(minutes=1)

GRACE = 2 * MINUTE
"""What is due by the clock is done on the minute, and sometimes a minute later."""

CATCH_UP = 2 * MINUTE
"""What a car is to charge beyond whole quarters of an hour is made up for at once."""


class Due(NamedTuple):
    """A decision that must be taken."""

    at: datetime
    by_clock: bool
    """By a message otherwise: what that asks for is done at once."""


class Since:
    """Since when something is so."""

    def __init__(self) -> None:
        """Begin with what is not so."""
        self.time: datetime | None = None

    def note(self, now: datetime, so: bool) -> None:
        """Note whether it is so."""
        self.time = (self.time or now) if so else None


class Reckoner:
    """What the load of an automation must be."""

    names: tuple[str, str]
    """What is told when it is set, and when it is put back."""

    def __init__(self) -> None:
        """Begin with a load that is as it was found."""
        self.is_set = False
        self.changed_at: datetime | None = None
        self.notices: list[str] = []
        """What must have been told so far."""

        self._may_change = False

    def due(self, now: datetime) -> Due | None:
        """Return the change that is next, as far as is known."""
        raise NotImplementedError

    def note(self, now: datetime) -> None:
        """Note that something happened. What comes and goes at once may be seen, or not."""
        if (due := self.due(now)) is not None and due.at <= now:
            self._may_change = True

    def judge(self, now: datetime, is_set: bool) -> None:
        """Fail if the load is not what it must be after all that has happened."""
        self.note(now)
        due = self.due(now)
        if is_set != self.is_set:
            assert self._may_change, f"{now}: {self.names[not is_set]}, but due: {due}"
            self.notices.append(self.told(now))
            self.changed(now)
            self.is_set, self.changed_at = is_set, now
        elif due is not None:
            until = due.at + GRACE if due.by_clock else due.at
            assert now < until, f"{now}: still {self.names[not is_set]}, but due: {due}"
        self._may_change = False

    def told(self, now: datetime) -> str:
        """Return what is told of a change."""
        return self.names[self.is_set]

    def changed(self, now: datetime) -> None:
        """Note that it is to be the other way from now on."""


class ByPrice(Reckoner):
    """A load that is set and put back by the last price."""

    def __init__(
        self,
        names: tuple[str, str],
        *,
        begins: Callable[[float], bool],
        ends: Callable[[float], bool],
        least_set: timedelta,
        least_back: timedelta,
        patience: timedelta,
        longest: timedelta | None = None,
    ) -> None:
        """Know the automation's inputs."""
        super().__init__()
        self.names = names
        self._begins, self._ends = begins, ends
        self._least = {True: least_set, False: least_back}
        self._patience, self._longest = patience, longest
        self._begun, self._ended, self._unknown = Since(), Since(), Since()
        self._is_spent = False

    def hear(self, now: datetime, price: float | None) -> None:
        """Take the last price; None is unknown."""
        self._unknown.note(now, price is None)
        self._begun.note(now, price is not None and self._begins(price))
        self._ended.note(now, price is not None and self._ends(price))
        if self._ended.time:
            self._is_spent = False
        self.note(now)

    def due(self, now: datetime) -> Due | None:
        """Return what the prices ask for, no sooner than the least time is over."""
        asked: list[Due] = []
        if not self.is_set:
            if self._begun.time and not self._is_spent:
                asked.append(Due(self._begun.time, by_clock=False))
        else:
            if self._ended.time:
                asked.append(Due(self._ended.time, by_clock=False))
            if self._unknown.time:
                asked.append(Due(self._unknown.time + self._patience, by_clock=True))
            if self.changed_at and self._longest is not None:
                asked.append(Due(self.changed_at + self._longest, by_clock=True))
        if not asked:
            return None
        due = min(asked)
        if self.changed_at is None:
            return due
        return max(due, Due(self.changed_at + self._least[self.is_set], by_clock=True))

    def changed(self, now: datetime) -> None:
        """After the longest time it is not set again before the price has once been right."""
        self._is_spent = (
            self.is_set
            and self._longest is not None
            and now >= self.changed_at + self._longest
            and not self._ended.time
            and not self._unknown.time
        )


class ByDelivery(Reckoner):
    """A load that is shed while anything that was sold is delivered."""

    names = ("shed", "restored")

    def __init__(self) -> None:
        """Know of no delivery."""
        super().__init__()
        self._windows: dict[str, tuple[datetime, datetime]] = {}

    def hear(self, now: datetime, document: Document) -> None:
        """Take what the market tells of an own order."""
        data = document["data"]
        if data["side"] == "sell" and document["name"] in (
            "filled",
            "partially_filled",
        ):
            window = moment(data["delivery_start"]), moment(data["delivery_end"])
            self._windows[data["order_id"]] = window
            self.note(now)

    def due(self, now: datetime) -> Due | None:
        """Return now, at the first or last moment of a window."""
        is_delivered = any(start <= now < end for start, end in self._windows.values())
        return None if is_delivered == self.is_set else Due(now, by_clock=False)


class Planned(Reckoner):
    """A load that is asked for, and planned by what the market offers until it has run."""

    replanned: timedelta
    """How old a plan may be."""

    def __init__(self, *, duration: timedelta, power: float) -> None:
        """Know the automation's inputs."""
        super().__init__()
        self._duration, self._power = duration, power
        self._ready_by: datetime | None = None
        self._planned_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Return whether it can be asked for."""
        return self._ready_by is None

    def ask(self, ready_by: datetime) -> None:
        """Have it asked for."""
        self._ready_by = ready_by
        self._planned_at = None
        self.notices.append("planned")

    def find(self, now: datetime) -> None:
        """Have the market within reach again: the plan is made anew soon."""
        self._planned_at = now

    def plan(self, now: datetime, frame: Document) -> None:
        """Take the book that is there when the automation asks what runs cost."""
        assert not self.is_idle, f"{now}: why ask what runs cost?"
        self._planned_at = now
        self._plan(now, Part(None).book(frame).asks)

    def _plan(self, now: datetime, asks: Sequence[Order]) -> None:
        raise NotImplementedError

    def judge_plan(self, now: datetime) -> None:
        """Fail if the plan is old."""
        assert self._planned_at, f"{now}: not planned"
        assert now - self._planned_at < self.replanned, f"{now}: planned long ago"


class Once(Planned):
    """A load that runs once, at the time that costs least."""

    names = ("running", "finished")
    replanned = 10 * MINUTE + GRACE

    def ask(self, ready_by: datetime) -> None:
        """Have it run as late as it can, as long as nothing is known."""
        super().ask(ready_by)
        self._start = ready_by - self._duration

    def _plan(self, now: datetime, asks: Sequence[Order]) -> None:
        starts: list[tuple[float, datetime]] = []
        start = quarter_of(now) + QUARTER
        while start + self._duration <= self._ready_by:
            cost = run_cost(asks, start, self._duration, self._power)
            if cost is not None:
                starts.append((cost, start))
            start += QUARTER
        if starts:
            self._start = min(starts)[1]

    def judge_plan(self, now: datetime) -> None:
        """Fail if the plan is old; a load that runs needs none."""
        if not self.is_set:
            super().judge_plan(now)

    def due(self, now: datetime) -> Due | None:
        """Return the planned start, or the end of the run."""
        if self.is_set and self.changed_at:
            return Due(self.changed_at + self._duration, by_clock=True)
        return None if self.is_idle else Due(self._start, by_clock=True)

    def changed(self, now: datetime) -> None:
        """After the run it is not asked for any more."""
        if self.is_set:
            self._ready_by = None


class ByQuarters(Planned):
    """A load that runs for so long in all, in the quarters of an hour that cost least."""

    names = ("charging", "paused")
    replanned = 5 * MINUTE + GRACE

    def ask(self, ready_by: datetime) -> None:
        """Have it run as late as it can, as long as nothing is known."""
        super().ask(ready_by)
        self._left = self._duration
        self._chosen: set[datetime] = set()
        self._wrong = Since()

    def _remaining(self, now: datetime) -> timedelta:
        return self._left - (now - self.changed_at if self.is_set else timedelta())

    def _plan(self, now: datetime, asks: Sequence[Order]) -> None:
        ahead: list[datetime] = []
        quarter = quarter_of(now) + QUARTER
        while quarter < self._ready_by:
            ahead.append(quarter)
            quarter += QUARTER
        offered = [
            (round(price, 9), quarter)
            for quarter in ahead
            if (price := quarter_price(asks, quarter, self._power)) is not None
        ]
        # What is not offered comes last, and of that the latest first.
        best_first = [quarter for _, quarter in sorted(offered)]
        best_first += [
            quarter for quarter in reversed(ahead) if quarter not in best_first
        ]
        # Nothing is offered any more for the present one: it stays as it is.
        chosen = self._chosen & {quarter_of(now)}
        rest = self._remaining(now)
        for quarter in chosen:
            rest -= quarter + QUARTER - now
        for quarter in best_first:
            if rest > CATCH_UP:
                chosen.add(quarter)
                rest -= QUARTER
        self._chosen = chosen

    def judge_plan(self, now: datetime) -> None:
        """Fail if the plan is old; in the last quarter of an hour there is nothing to plan."""
        if quarter_of(now) + QUARTER < self._ready_by:
            super().judge_plan(now)

    def due(self, now: datetime) -> Due | None:
        """Return since when it is not as planned."""
        if self.is_idle:
            return None
        remaining = self._remaining(now)
        wants = remaining > timedelta() and (
            quarter_of(now) in self._chosen
            or now + remaining >= self._ready_by
            or (self.is_set and remaining <= CATCH_UP)
        )
        self._wrong.note(now, wants != self.is_set)
        return Due(self._wrong.time, by_clock=True) if self._wrong.time else None

    def told(self, now: datetime) -> str:
        """Return what is told of a change."""
        is_over = self.is_set and self._remaining(now) <= timedelta()
        return "finished" if is_over else super().told(now)

    def changed(self, now: datetime) -> None:
        """Count the time it was on; after the last of it is not asked for any more."""
        self._left = self._remaining(now)
        self._wrong = Since()
        if self.is_set and self._left <= timedelta():
            self._ready_by = None


def quarter_price(
    asks: Sequence[Order], quarter: datetime, power: float
) -> float | None:
    """Return the average price of a power for a quarter of an hour, None where too little is offered."""
    left, cost = power, 0.0
    for order in sorted(asks):
        if order.start <= quarter and quarter + QUARTER <= order.end:
            taken = min(order.power, left)
            cost += taken * order.price
            left -= taken
    return cost / power if left <= 0 else None


def run_cost(
    asks: Sequence[Order], start: datetime, duration: timedelta, power: float
) -> float | None:
    """Return what a run of whole quarters costs, in EUR; None where too little is offered."""
    prices = [
        quarter_price(asks, start + number * QUARTER, power)
        for number in range(duration // QUARTER)
    ]
    known = [price for price in prices if price is not None]
    # Rounded, so that what costs the same in another order of adding does so here.
    return round(fsum(known) * power / 4000, 9) if len(known) == len(prices) else None
