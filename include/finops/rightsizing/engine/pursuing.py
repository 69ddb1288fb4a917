"""Bring a resource to its goal: read the state, write down the next step, do it, write down what became of it, again.

Only the journal and the live state say what is left to do, so it does not matter where a process was killed. A step
whose effect does not show yet is not repeated before ``SETTLE`` has passed, and then under the same token.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.rightsizing.actions.model import (
    WAIT,
    Action,
    Busy,
    Denied,
    Live,
    NoCapacity,
    Rejected,
    ReplyLost,
)
from finops.rightsizing.engine import events
from finops.rightsizing.engine.tools import (
    Hold,
    change_as_json,
    change_of,
    live_as_json,
    live_from_json,
    target_of,
)
from finops.rightsizing.models import Change
from finops.stores.state import action_journal, actions

logger = logging.getLogger(__name__)

SETTLE = timedelta(seconds=60)
"""How long the effect of a step may take to show."""
RUN_LIMIT = timedelta(minutes=15)
"""So long one run works on an action; the next one goes on."""
MOST_STEPS = 20
MOST_RUNS = 3
"""After so many steps, or runs that came to no end, the way there is given up."""
_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0)

INTENT, OUTCOME, LEFT, BACKING_OUT = "intent", "outcome", "left", "backing_out"


class Unfinished(Unavailable):
    """An action is half way: the next run goes on."""


@dataclass(slots=True)
class _Sent:
    """The step that was sent last, as far as it may be done."""

    step: str
    at: datetime


@dataclass(slots=True)
class Pursuit:
    """One run's work on an action that has begun, and whose lease it holds."""

    hold: Hold
    action: actions.Action
    kind: Action
    before: Live
    change: Change = field(init=False)
    _way: Action = field(init=False)
    _sent: _Sent | None = None
    _is_changed: bool = False
    _is_open: bool = False
    _steps: int = 0
    _left: int = 0
    _waits: int = 0
    _until: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._until = self._now() + RUN_LIMIT
        self.change, self._way = change_of(self.action), self.kind
        with self.hold.tools.database.connect() as connection:
            for entry in action_journal.entries(connection, self.action.action_id):
                self._recall(entry)
        self._is_changed |= self._is_open
        if self.action.is_backing_out:
            back = self.kind.fallback(self.before, self.change)
            self._turn(self.change if back is None else back)

    def run(self) -> str:
        """Go on until the goal, or the state before, is reached; return the status.

        Raise Unfinished where this run leaves it half way.
        """
        try:
            while self._step():
                pass
        except FinopsError:
            raise
        except Exception as error:
            # It may never pass: so it counts, and is given up after some runs.
            logger.exception("action %s", self.action.action_id)
            self._leave(f"{type(error).__name__}: {FinopsError(str(error))}")
        return self.action.status

    def back_out(self, reason: str) -> bool:
        """Go back to the state before from here on; return whether there is anything more to do."""
        back = None if self.action.is_backing_out else self.kind.fallback(self.before, change_of(self.action))
        if back is None:
            return self._end(actions.FAILED, reason, is_as_before=not self._is_changed)
        content = {"reason": reason, "change": change_as_json(back)}
        self.hold.note(BACKING_OUT, content, is_backing_out=True, reason=reason)
        self.action = self._reread()
        self._turn(back)
        self._steps, self._left, self._waits = 0, 0, 0
        return True

    def _turn(self, change: Change) -> None:
        """Pursue another change, which may be another action: a machine that was stopped is started."""
        self.change, self._way = change, self.hold.tools.find(change.target.provider, change.action)

    def _step(self) -> bool:
        """Do at most one step; return whether there is more to do."""
        if self._steps >= MOST_STEPS or self._left >= MOST_RUNS:
            return self.back_out(f"the goal was not reached after {self._steps} steps and {self._left} runs")
        self._require_time()
        try:
            live = self._way.observe(self._client(), self.change)
        except (Busy, ReplyLost) as error:
            return self._wait(str(error))
        except (Denied, Rejected) as error:
            return self._unreadable(f"its state cannot be read: {error}")
        step = self._way.next_step(live, self.change)
        is_settling = self._sent is not None and self._now() < self._sent.at + SETTLE
        if step is None and not (self.action.is_backing_out and is_settling):
            return self._reached(live)
        if self._must_turn(step, live):
            return self.back_out(f"the tag {self.hold.tools.policy.protect_tag} was set meanwhile")
        # On the way back, the state before may show only because a step there has not taken effect yet.
        if step is None or step == WAIT:
            return self._wait(f"it is {live.state or 'at work'}")
        if is_settling and self._sent and self._sent.step == step:
            return self._wait(f"the effect of {step} does not show yet")
        return self._perform(step, live)

    def _must_turn(self, step: str | None, live: Live) -> bool:
        """Whether its owner has protected it meanwhile. What only has to be waited for, and cannot go back, goes on."""
        if self.action.is_backing_out or not self.hold.tools.policy.is_protected(dict(live.tags)):
            return False
        return step != WAIT or self.kind.fallback(self.before, self.change) is not None

    def _unreadable(self, reason: str) -> bool:
        if self._is_changed:
            self._leave(reason)
        return self._end(actions.FAILED, reason, is_as_before=True)

    def _perform(self, step: str, live: Live) -> bool:
        token = token_of(self.action.action_id, step, is_backing_out=self.action.is_backing_out)
        # Clients are made, and credentials read, before anything is said to be under way.
        client = self._client()
        self.hold.note(INTENT, {"step": step, "token": token, "state": live_as_json(live)})
        self._sent, self._steps = _Sent(step, self._now()), self._steps + 1
        try:
            self._way.perform(client, step, live, self.change, token)
        except Busy as error:
            self._sent, self._steps = None, self._steps - 1
            self._outcome(step, "busy", error)
            return self._wait(str(error))
        except ReplyLost as error:
            self._outcome(step, "unknown", error)
            return True
        except (NoCapacity, Denied, Rejected) as error:
            self._sent = None
            if self.action.is_backing_out and not isinstance(error, Rejected):
                # What ran must run again: there may be capacity, or the permission, a little later.
                self._steps -= 1
                self._outcome(step, "busy", error)
                return self._wait(str(error))
            self._outcome(step, "refused", error)
            return self.back_out(f"{step}: {error}")
        except Exception as error:
            # A fault of ours, or of the client: whether the step was done, the next run reads from the state.
            self._outcome(step, "unknown", error)
            raise
        self._outcome(step, "done")
        self._waits = 0
        return True

    def _reached(self, live: Live) -> bool:
        if self.action.is_backing_out:
            reason = self.action.reason
            status = actions.BACKED_OUT if self._is_changed else actions.FAILED
            return self._end(status, reason, is_as_before=True)
        facts = {**self.before.facts, "after": dict(live.facts)}
        before = Live(self.before.exists, self.before.state, self.before.tags, facts)
        inverse = self.kind.inverse(before, self.change)
        now = self._now()
        undo = None if inverse is None else change_as_json(inverse)
        since = self.action.effective_from or f"{now:%Y-%m-%d}"
        values = {"status": actions.APPLIED, "finished_at": now, "effective_from": since, "inverse": undo, "reason": ""}
        content = {"status": actions.APPLIED, "state": live_as_json(live), "inverse": undo}
        with self.hold.tools.database.begin() as connection:
            done = events.applied(replace(self.action, inverse=undo))
            self.hold.note_in(connection, "finished", content, done, **values)
            if self.action.rollback_of is not None:
                undone = {"by": self.action.action_id}
                actions.change(connection, self.action.rollback_of, was=(actions.APPLIED,), status=actions.ROLLED_BACK)
                self.hold.tools.write(connection, self.action.rollback_of, actions.ROLLED_BACK, undone)
        self.action = self._reread()
        return False

    def _end(self, status: str, reason: str, *, is_as_before: bool) -> bool:
        told = events.failed(self.action, reason, is_as_before=is_as_before)
        content = {"status": status, "reason": reason, "is_as_before": is_as_before}
        self.hold.note("finished", content, told, status=status, reason=reason, finished_at=self._now())
        self.action = self._reread()
        return False

    def _outcome(self, step: str, outcome: str, error: Exception | None = None) -> None:
        self._is_changed |= outcome in ("done", "unknown")
        says = {} if error is None else {"says": " ".join(f"{type(error).__name__}: {FinopsError(str(error))}".split())}
        self.hold.note(OUTCOME, {"step": step, "outcome": outcome, **says})

    def _wait(self, why: str) -> bool:
        pause = _PAUSES[min(self._waits, len(_PAUSES) - 1)]
        self._waits += 1
        if self._now() + timedelta(seconds=pause) > self._until:
            self._leave(why)
        self.hold.renew()
        self.hold.tools.clock.sleep(pause)
        return True

    def _require_time(self) -> None:
        """Leave the action half way where actions were stopped, or this run has worked on it for long enough."""
        if stopped := self.hold.tools.stopped:
            self._leave(stopped, counts=False)
        if self._now() > self._until:
            self._leave("it takes too long")

    def _leave(self, why: str, *, counts: bool = True) -> None:
        if counts:
            self._left += 1
        told = events.unfinished(self.action, why, self._left)
        self.hold.note(LEFT, {"reason": why, "counts": counts}, told)
        raise Unfinished(f"action {self.action.action_id} is half way: {why}; `finops rightsizing resume` goes on")

    def _recall(self, entry: action_journal.JournalEntry) -> None:
        """Take up what runs before have done: an intent without outcome may have been done."""
        recall: dict[str, Callable[[], None]] = {
            INTENT: lambda: self._recall_intent(entry),
            OUTCOME: lambda: self._recall_outcome(str(entry.content["outcome"])),
            LEFT: lambda: self._count_left(bool(entry.content["counts"])),
            BACKING_OUT: self._recall_turn,
        }
        recall.get(entry.kind, lambda: None)()

    def _recall_intent(self, entry: action_journal.JournalEntry) -> None:
        self._is_changed |= self._is_open
        self._sent, self._is_open = _Sent(str(entry.content["step"]), entry.at), True
        self._steps += 1

    def _recall_outcome(self, outcome: str) -> None:
        self._is_open = False
        self._is_changed |= outcome in ("done", "unknown")
        self._steps -= outcome == "busy"
        if outcome in ("busy", "refused"):
            self._sent = None

    def _count_left(self, counts: bool) -> None:
        self._left += counts

    def _recall_turn(self) -> None:
        self._steps, self._left = 0, 0

    def _client(self) -> object:
        return self.hold.tools.client(target_of(self.action))

    def _now(self) -> datetime:
        return self.hold.tools.clock.now()

    def _reread(self) -> actions.Action:
        with self.hold.tools.database.connect() as connection:
            return actions.require(connection, self.action.action_id)


def token_of(action_id: str, step: str, *, is_backing_out: bool) -> str:
    """Return the token of a step: the same whenever the same step of the same action is tried again."""
    way = "back" if is_backing_out else "there"
    return hashlib.sha256(f"{action_id}/{way}/{step}".encode()).hexdigest()[:32]


def pursuit(hold: Hold, kind: Action, action: actions.Action) -> Pursuit:
    """Return the work on an action that has begun. Its state before is the one that was written down then."""
    if action.before is None:
        raise BadInput(f"action {action.action_id} has begun without a state before; its row was changed by hand")
    return Pursuit(hold, action, kind, live_from_json(action.before))
