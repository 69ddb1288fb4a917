"""Which resources waste money, by which rule, and which only look so: chosen among those of the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from finops.core.providers import Provider
from finops.sample.telemetry.assets import PROVISIONED_CONCURRENCY, RESIZED_TO, Asset, Purpose, Role
from finops.sample.telemetry.behaviour import Behaviour
from finops.sample.telemetry.runs import Cast
from finops.sample.telemetry.scene import Scene

KPI = "waste"
_PLANTED_SERVERS = 4
"""So many of the first endpoints are planted for other things."""
_TOLD_CALLERS = 8
"""Of so many endpoints the callers of one are told."""
_LONG_IDLE = 15 * 24
"""Hours: two whole weeks lie within, whatever the hour of its beginning."""
_ALL = 1_000_000
_STALE_UPLOADS = 2_750_000_000_000
IS_COVERED = "covered by a commitment: the saving is 0, and the finding says so"


@dataclass(frozen=True, slots=True)
class Part:
    """What a resource has to play: ``rule`` is what finds it, or what it must not be found by, for a ``reason``.

    Where nothing is wrong any more, ``rule`` is empty. ``propose`` is the right change, ``details`` and ``columns``
    what its inventory says beside the usual.
    """

    asset: Asset
    rule: str
    behaviour: Behaviour = Behaviour.USUAL
    reason: str = ""
    propose: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)

    @property
    def is_called(self) -> bool:
        """Whether anybody sends it requests."""
        return self.behaviour not in (Behaviour.IDLE_GPU, Behaviour.IDLE_ENDPOINT)


def behaviour_of(asset: Asset, parts: Mapping[str, Part]) -> Behaviour:
    """Return what a resource does, by its part where it has one."""
    return parts[asset.id].behaviour if asset.id in parts else Behaviour.USUAL


class _Casting:
    """Gives parts to resources of the bill, one each, in the order of their ids."""

    def __init__(self, scene: Scene, taken: set[str]) -> None:
        self._free = [each for each in scene.assets if each.is_lasting and each.id not in taken]
        self.parts: list[Part] = []
        self.provider = scene.provider

    def give(self, fits: Callable[[Asset], bool], rule: str, *more: Any, count: int = 1, **other: Any) -> None:
        """Give the part to the first resources that fit; to none, where the bill has none."""
        for asset in [each for each in self._free if fits(each)][:count]:
            self._free.remove(asset)
            self.parts.append(Part(asset, rule, *more, **other))


def parts(scene: Scene, cast: Cast, servers: Sequence[Asset], nodes: Sequence[Asset]) -> list[Part]:
    """Choose who wastes, and who only looks so; as many as there are resources."""
    attacked = {label.series for label in scene.attacks}
    taken = {each.id for number, each in enumerate(servers) if number < _PLANTED_SERVERS or not number % _TOLD_CALLERS}
    taken |= {each.id for each in nodes}
    casting = _Casting(scene, taken)
    _machines(casting)
    _gpus(casting, servers)
    _storage(casting)
    _services(casting)
    _scaled(casting, servers)
    # Of two endpoints one is left in a month in which somebody attacks the other.
    quiet = [each for each in casting.parts if each.asset.series not in attacked]
    return [*quiet, *_added(scene), *_trainers(scene, cast, servers)]


def tell(scene: Scene, chosen: Sequence[Part]) -> None:
    """Note what has to be proposed, and what must not be."""
    for part in (each for each in chosen if each.rule):
        keys = {"resource_id": part.asset.id, "resource_type": part.asset.type, "rule": part.rule}
        if part.reason:
            scene.tell(f"decoy: {part.reason}", KPI, keys, {"is_decoy": True, "reason": part.reason})
        else:
            scene.tell(f"waste: {part.rule}", KPI, keys, {"is_decoy": False, "propose": part.propose})


def _of_type(name: str, *instance_types: str, is_covered: bool = False) -> Callable[[Asset], bool]:
    def fits(asset: Asset) -> bool:
        is_of = not instance_types or asset.instance_type in instance_types
        return asset.type == name and is_of and asset.is_covered == is_covered and asset.purpose is None

    return fits


_MACHINES = ("m6i.xlarge", "Standard_E8s_v5", "n1-standard-4")
_SERVERS = ("g5.xlarge", "Standard_NC4as_T4_v3", "g2-standard-8")


def _machines(casting: _Casting) -> None:
    machine, low, rule = _of_type("machine", *_MACHINES), Behaviour.LOW_CPU, "oversized_machine"
    casting.give(machine, rule, low, propose={"action": "resize_machine", "instance_type": "half of it"})
    aws = _of_type("machine", "m6i.xlarge")
    group = {"group_id": "meridian-platform-workers"}
    casting.give(aws, rule, low, reason="member of a scaling group: it would be replaced", columns=group)
    casting.give(aws, rule, Behaviour.BURSTS, reason="bursts: its 95th percentile is high")
    casting.give(aws, rule, Behaviour.NIGHTS, reason="busy every night, idle by day")
    covered = _of_type("machine", "m6i.xlarge", "Standard_E8s_v5", "n2-standard-8", is_covered=True)
    casting.give(covered, rule, low, reason=IS_COVERED)


def _gpus(casting: _Casting, servers: Sequence[Asset]) -> None:
    serving = {each.id for each in servers if each.type == "machine"}
    of = {name: _of_type("machine", name) for name in (*_SERVERS, "g6e.xlarge", "g5.12xlarge")}

    def server(asset: Asset) -> bool:
        return asset.id in serving and any(of[name](asset) for name in _SERVERS)

    def covered(asset: Asset) -> bool:
        return asset.id in serving and _of_type("machine", *_SERVERS, is_covered=True)(asset)

    idle, rule = Behaviour.IDLE_GPU, "idle_gpu"
    casting.give(server, rule, idle, propose={"action": "stop_machine"})
    more = {"decide": "more memory or smaller batches"}
    # Google's are all covered. It saves nothing anyway.
    full = covered if casting.provider is Provider.GCP else server
    casting.give(full, "gpu_memory_at_risk", Behaviour.FULL_MEMORY, propose=more)
    casting.give(covered, rule, idle, reason=IS_COVERED)
    if casting.provider is not Provider.AWS:
        return
    casting.give(server, rule, Behaviour.NOT_MEASURED, reason="not measured: missing is not idle")
    disk = {"has_local_disk": "true"}
    casting.give(server, rule, idle, reason="has data on a local disk, which a stop loses", columns=disk)
    fits = {"action": "resize_machine", "instance_type": "g5.xlarge", "or": ["g6.xlarge"]}
    casting.give(of["g6e.xlarge"], "small_gpu_use", Behaviour.SMALL_GPU, propose=fits)
    fewer = {"action": "resize_machine", "instance_type": "g5.xlarge", "or": ["g5.2xlarge", "g5.4xlarge", "g5.8xlarge"]}
    one = {"gpus_used": 1}
    casting.give(of["g5.12xlarge"], "surplus_gpus", Behaviour.ONE_OF_FOUR_GPUS, propose=fewer, details=one)


def _storage(casting: _Casting) -> None:
    detached = {"state": "available", "attached_to": None}
    casting.give(_of_type("disk"), "unattached_disk", propose={"action": "delete_volume"}, columns=detached, count=2)
    old = {"source_exists": False, "managed_by": None}
    of_gone = {"attached_to": "vol-0d15c0de0d15c0de0"}
    casting.give(
        *(_of_type("snapshot"), "old_snapshot"), propose={"action": "archive_snapshot"}, details=old, columns=of_gone
    )

    def stale(asset: Asset) -> bool:
        return asset.is_old_bucket

    kept: dict[str, Any] = {"lifecycle_rules": []}
    casting.give(stale, "stale_checkpoints", propose={"action": "set_lifecycle"}, count=_ALL, details=kept)
    uploads = {"incomplete_upload_bytes": _STALE_UPLOADS, "has_abort_rule": False}

    def is_written(asset: Asset) -> bool:
        return asset.role is Role.BUCKET

    abort = {"action": "abort_uploads" if casting.provider is Provider.AWS else "set_lifecycle"}
    own = {"decide": "nothing: Azure drops them after a week"} if casting.provider is Provider.AZURE else abort
    casting.give(is_written, "incomplete_uploads", propose=own, details=uploads)


_FEWER = {"action": "scale_endpoint", "minimum": 1}
_MANY = {"instances": 2, "minimum": 2, "maximum": 4}


def _services(casting: _Casting) -> None:
    nobody = {"targets": 0, "requests_per_day": 0}
    casting.give(_of_type("load_balancer"), "idle_load_balancer", propose={"decide": "delete it"}, details=nobody)
    casting.give(_of_type("notebook"), "idle_notebook", propose={"action": "stop_machine"})
    endpoint = _of_type("endpoint")
    for _ in range(2 if casting.provider is Provider.AWS else 1):
        casting.give(endpoint, "idle_endpoint", Behaviour.IDLE_ENDPOINT, propose={"decide": "delete it"})
        casting.give(endpoint, "oversized_endpoint", Behaviour.SMALL_ENDPOINT, propose=_FEWER, details=_MANY)


_FOUR = {"instances": 4, "minimum": 4, "maximum": 6}


def _scaled(casting: _Casting, servers: Sequence[Asset]) -> None:
    """Give the last endpoint that is left four instances: asked by day alone; on Azure as much at night."""
    cast = {each.asset.id for each in casting.parts} | {each.id for each in servers[: _PLANTED_SERVERS - 1]}
    *_, chosen = [None, *(each for each in servers if each.type == "endpoint" and each.id not in cast)]
    if chosen is None:
        return
    rule = "scheduled_scaling"
    if casting.provider is Provider.AZURE:
        flat = Part(chosen, rule, Behaviour.FLAT_ENDPOINT, "asked as much at night as by day", details=_FOUR)
        casting.parts.append(flat)
        return
    is_aws = casting.provider is Provider.AWS
    propose = {"action": "schedule_endpoint"} if is_aws else {"decide": "the least and most by hour"}
    casting.parts.append(Part(chosen, rule, Behaviour.DAY_ENDPOINT, propose=propose, details=_FOUR))


def _added(scene: Scene) -> list[Part]:
    """Return the parts of what was added to the bill for them."""
    low, large, spare = Behaviour.LOW_CPU, "oversized_machine", "oversized_concurrency"
    smaller = {"action": "resize_machine", "instance_type": RESIZED_TO}
    known: dict[Purpose, dict[str, Any]] = {
        Purpose.OFFICE_HOURS: {"rule": "off_hours", "propose": {"action": "schedule_machine"}},
        Purpose.PROTECTED: {"rule": large, "behaviour": low, "reason": "protected by its tag"},
        Purpose.ONE_TIME_SPOT: {"rule": large, "behaviour": low, "reason": "one-time spot: it cannot be stopped"},
        Purpose.SPOT_CANDIDATE: {"rule": "spot_candidate", "propose": {"action": "use_spot"}},
        Purpose.OLD_VOLUME: {"rule": "old_volume_type", "propose": {"action": "change_volume", "volume_type": "gp3"}},
        Purpose.IDLE_ADDRESS: {"rule": "idle_address", "propose": {"decide": "release it"}},
        Purpose.NEW: {"rule": large, "behaviour": low, "reason": "made within a day"},
        Purpose.RESIZED: {"rule": large, "propose": smaller},
        Purpose.NOT_RESIZED: {"rule": large, "propose": smaller},
        Purpose.SPARE_CONCURRENCY: {"rule": spare, "propose": {"action": "set_concurrency", "concurrency": 3}},
        Purpose.BUSY_CONCURRENCY: {"rule": spare, "reason": "its provisioned concurrency is in use"},
    }
    for purpose, ready in PROVISIONED_CONCURRENCY.items():
        known[purpose]["details"] = {"variant": "main", "concurrency": ready, "max_concurrency": 2 * ready}
    known[Purpose.OFFICE_HOURS]["behaviour"] = Behaviour.OFFICE_HOURS
    known[Purpose.ONE_TIME_SPOT]["details"] = {"spot_request": "one-time"}
    known[Purpose.OLD_VOLUME]["details"] = {"volume_type": "gp2", "iops": 1500, "throughput": None}
    known[Purpose.IDLE_ADDRESS]["columns"] = {"state": "available", "attached_to": None}
    known[Purpose.RESIZED]["behaviour"] = known[Purpose.NOT_RESIZED]["behaviour"] = Behaviour.QUARTER_CPU
    made = [Part(each, **known[each.purpose]) for each in scene.assets if each.purpose]
    return [replace(each, rule="") if _is_resized(each.asset) else each for each in made]


def _is_resized(asset: Asset) -> bool:
    """Whether it became smaller this month or before, and is as large as it should be."""
    now = asset.later or asset
    return asset.purpose is Purpose.RESIZED and now.instance_type == RESIZED_TO


def _trainers(scene: Scene, cast: Cast, servers: Sequence[Asset]) -> list[Part]:
    """Return the parts of what other truths are known of too."""
    made = []
    half = cast.planted.get("half idle")
    for asset, since in ((cast.silent, 0.0), (half and half.asset, half.until if half else 0.0)):
        if asset and asset.is_lasting and asset.last - max(since, asset.first) >= _LONG_IDLE:
            reason = IS_COVERED if asset.is_covered else ""
            made.append(Part(asset, "idle_gpu", propose={"action": "stop_machine"}, reason=reason))
    full = cast.planted.get("full")
    if full and full.asset.is_lasting and not full.asset.is_covered and scene.provider is not Provider.AWS:
        made.append(Part(full.asset, "spot_candidate", propose={"action": "use_spot"}))
    if len(servers) > 2 and servers[2].type == "endpoint":
        made.append(Part(servers[2], "oversized_endpoint", propose=_FEWER, details=_MANY))
    elif len(servers) > 2:
        made.append(Part(servers[2], "idle_gpu", reason="answers requests, and only its GPU was measured"))
    return made
