"""AWS fails by a plan: chosen calls so many times, or any call by a seeded die.

A planned failure: ``{"permission": "ec2:StartInstances", "kind": "throttle", "times": 1}``, and ``resource`` where it
is meant for one alone. A random one: ``{"seed": 7, "rate": 0.2, "kinds": ["throttle", "reset"]}``.

===========  =========================================================================
throttle     refused, nothing is done
error        500, nothing is done
lost         500 after it was done
reset        the connection breaks after it was done
timeout      no answer after it was done, until the client gives up
no_capacity  of starts: no machine of the type is there now
denied       the permission is missing
===========  =========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from finops_airflow.local.aws_standin.request import Answer, Request, refusal

AFTER = frozenset({"lost", "reset", "timeout"})
"""Failures that come after the effect."""
_STARTS = "ec2:StartInstances"


@dataclass
class Faults:
    """The plan, and what is left of it."""

    planned: list[dict[str, Any]] = field(default_factory=list)
    rate: float = 0
    kinds: Sequence[str] = ()
    die: Random = field(default_factory=Random)

    def replace(self, planned: Sequence[Mapping[str, Any]], random: Mapping[str, Any] | None) -> None:
        """Forget the plan and take this one."""
        self.planned = [{"times": 1, **each} for each in planned]
        self.rate = random["rate"] if random else 0
        self.kinds = random["kinds"] if random else ()
        self.die = Random(random["seed"]) if random else Random()  # noqa: S311

    def of(self, request: Request) -> str:
        """Return the kind of failure that meets this request; empty for none."""
        for plan in self.planned:
            is_meant = plan["permission"] == request.permission and plan.get("resource") in (None, request.resource)
            if is_meant and plan["times"] > 0:
                plan["times"] -= 1
                return str(plan["kind"])
        if not self.rate or self.die.random() >= self.rate:
            return ""
        kind = self.die.choice(list(self.kinds))
        return "" if kind == "no_capacity" and request.permission != _STARTS else kind


def answer_of(kind: str, request: Request) -> Answer:
    """Return the answer of a failure that is an answer."""
    match kind, request.service:
        case "throttle", "ec2":
            return refusal(request, "RequestLimitExceeded", "Request limit exceeded.", 503)
        case "throttle", "s3":
            return refusal(request, "SlowDown", "Please reduce your request rate.", 503)
        case "throttle", "autoscaling":
            return refusal(request, "Throttling", "Rate exceeded")
        case "throttle", _:
            return refusal(request, "ThrottlingException", "Rate exceeded")
        case "no_capacity", _:
            says = "We currently do not have sufficient capacity in the Availability Zone you requested."
            return refusal(request, "InsufficientInstanceCapacity", says, 500)
        case "denied", _:
            return refusal(request, "UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
        case _:
            return refusal(request, "InternalError", "An internal error has occurred", 500)
