"""Inferences of the serving endpoints by the hour, and who called them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.behaviour import traffic
from finops.sample.telemetry.counts import by_hour
from finops.sample.telemetry.scene import Scene
from finops.sample.telemetry.waste import Part, behaviour_of

_REQUESTS = 240
"""Requests an hour of a GPU whose model has a traffic of 1."""
_TOKENS_A_REQUEST = 400
_LANGUAGE = frozenset({"atlas-7b", "atlas-70b", "support-chat", "doc-extract", "voice-triage"})
_CALLERS = (("web-app", 5), ("partner-api", 3), ("batch-scoring", 2))
"""Who calls, and in how many tenths of the requests; the last has what is left."""
_ATTACKER = "203.0.113.66"
"""An address of those that RFC 5737 sets aside for examples."""
_SURGE = 20
"""How many times the usual requests come while somebody attacks an endpoint."""
_PRESENT_OF_FOUR = 3
_SILENT_DAY = 9
_EVERY_TRAFFIC = 8
_TOLD = 4
"""Of so many of a month's endpoints the counts are told."""


def write(scene: Scene, servers: Sequence[Asset], parts: Mapping[str, Part]) -> None:
    """Write the counts of GPU endpoints and of models that are paid by token; plant what is known of some."""
    production = [each for each in servers if each.owner.environment == "prod"]
    shared, silent, *_ = [*production, None, None]
    for number, asset in enumerate(servers):
        hours, requests = _requests(scene, asset, parts)
        if asset is silent:
            requests[(hours >= _SILENT_DAY * 24) & (hours < _SILENT_DAY * 24 + 24)] = 0
        if asset.id in parts and not parts[asset.id].is_called:
            requests[:] = 0
        attack = _attack(scene, asset, hours, requests)
        requests = requests + attack
        if asset is shared:
            _shared(scene, asset, hours, requests)
        else:
            stage = "production" if asset.owner.environment == "prod" else "staging"
            version = scene.serving_version if stage == "production" else scene.next_version
            _count(scene, asset, hours, requests, version, stage, is_told=number < _TOLD or asset is silent)
        if asset is silent:
            day = scene.moment(_SILENT_DAY * 24).date()
            scene.tell(
                "endpoint without requests on a day", "inference", _keys(asset), {"day": str(day), "requests": 0}
            )
        if number % _EVERY_TRAFFIC == 0 or attack.any():
            times = 4 if asset is shared else 1
            _callers(scene, asset, hours, (requests - attack) * times, attack * times)
    by_token = scene.by_role(Role.TOKENS_IN, Role.TOKENS_OUT)
    told = [each for each in by_token if each.is_whole][:_TOLD]
    for asset in by_token:
        _by_token(scene, asset, is_told=asset in told)


def _requests(scene: Scene, asset: Asset, parts: Mapping[str, Part]) -> tuple[np.ndarray, np.ndarray]:
    hours = asset.hours
    level = _REQUESTS * asset.gpus * asset.owner.traffic * scene.draws.uniform(0.7, 1.3)
    noise = np.exp(scene.draws.standard_normal(len(hours)) * 0.08)
    shape = traffic(behaviour_of(asset, parts), scene.period, hours)
    return hours, np.rint(level * shape * noise).astype(np.int64)


def _attack(scene: Scene, asset: Asset, hours: np.ndarray, requests: np.ndarray) -> np.ndarray:
    """Return the requests of an attacker by the hour: while the bill of the endpoint's series runs away."""
    found = np.zeros_like(requests)
    for label in scene.attacks:
        if label.series == asset.series:
            begin, end = ((each - scene.period.start) / timedelta(hours=1) for each in (label.start, label.end))
            is_on = (hours >= begin) & (hours < end)
            found[is_on] = requests[is_on] * (_SURGE - 1)
    return found


def _shared(scene: Scene, asset: Asset, hours: np.ndarray, requests: np.ndarray) -> None:
    """Give each hour's requests to the next version and three times as many to the present one."""
    present, following = scene.serving_version, scene.next_version
    _count(scene, asset, hours, requests * _PRESENT_OF_FOUR, present, "production", is_told=True)
    _count(scene, asset, hours, requests, following, "production", is_told=True)
    known = {
        "requests": {present: int(requests.sum()) * _PRESENT_OF_FOUR, following: int(requests.sum())},
        "share_of_requests": {present: 0.75, following: 0.25},
    }
    scene.tell("two versions that share an endpoint", "inference", _keys(asset), known)


def _count(
    scene: Scene, asset: Asset, hours: np.ndarray, requests: np.ndarray, version: str, stage: str, *, is_told: bool
) -> None:
    columns: dict[str, Any] = {"requests": requests, "successes": requests - requests // 100}
    has_tokens = asset.model in _LANGUAGE
    columns["tokens_in"] = requests * 300 if has_tokens else None
    columns["tokens_out"] = requests * 120 if has_tokens else None
    columns["latency_p95_ms"] = np.round(80 + 60 * scene.draws.random(len(hours)), 1)
    _add(scene, asset, hours, version, stage, columns)
    if is_told:
        known = {name: int(columns[name].sum()) for name in ("requests", "successes")}
        if has_tokens:
            known |= {name: int(columns[name].sum()) for name in ("tokens_in", "tokens_out")}
        keys = _keys(asset) | {"model_version": version, "stage": stage}
        scene.tell("requests of an endpoint", "inference", keys, known)


def _by_token(scene: Scene, asset: Asset, *, is_told: bool) -> None:
    """Write the tokens that the bill has, no more and no fewer, spread over the hours of each line."""
    hours, tokens = by_hour(asset, scene.period)
    requests = -(-tokens // _TOKENS_A_REQUEST)
    name = "tokens_in" if asset.role is Role.TOKENS_IN else "tokens_out"
    stage = "production" if asset.owner.environment == "prod" else "staging"
    columns: dict[str, Any] = {"requests": requests, "successes": requests, "tokens_in": None, "tokens_out": None}
    columns |= {name: tokens, "latency_p95_ms": np.round(400 + 300 * scene.draws.random(len(hours)), 1)}
    _add(scene, asset, hours, scene.serving_version, stage, columns)
    if is_told:
        keys = _keys(asset) | {"model_version": scene.serving_version, "stage": stage}
        known = {"requests": int(requests.sum()), name: int(tokens.sum()), "is_billed_by_token": True}
        scene.tell("tokens as the bill has them", "inference", keys, known)


def _add(scene: Scene, asset: Asset, hours: np.ndarray, version: str, stage: str, columns: dict[str, Any]) -> None:
    head = {
        "provider": str(scene.provider),
        "endpoint_id": asset.id,
        "model": asset.model,
        "model_version": version,
        "stage": stage,
    }
    scene.buckets(TelemetryKind.INFERENCE_COUNTS, head, hours, columns)


def _callers(scene: Scene, asset: Asset, hours: np.ndarray, requests: np.ndarray, attack: np.ndarray) -> None:
    left, totals = requests.copy(), {}
    if attack.any():
        attacked = hours[attack > 0]
        head = {"provider": str(scene.provider), "endpoint_id": asset.id, "traffic_source": _ATTACKER}
        scene.buckets(TelemetryKind.ENDPOINT_TRAFFIC, head, attacked, {"requests": attack[attack > 0]})
        totals[_ATTACKER] = int(attack.sum())
        span = {"from": scene.text(int(attacked[0])), "until": scene.text(int(attacked[-1]) + 1)}
        scene.tell("endpoint under attack", "traffic", _keys(asset), {"traffic_source": _ATTACKER, **span})
    for caller, tenths in _CALLERS:
        mine = left if caller == _CALLERS[-1][0] else requests * tenths // 10
        left = left - mine
        head = {"provider": str(scene.provider), "endpoint_id": asset.id, "traffic_source": caller}
        scene.buckets(TelemetryKind.ENDPOINT_TRAFFIC, head, hours, {"requests": mine})
        totals[caller] = int(mine.sum())
    scene.tell("requests by who called", "traffic", _keys(asset), {"requests": totals})


def _keys(asset: Asset) -> dict[str, Any]:
    return {"endpoint_id": asset.id, "resource_id": asset.id, "model": asset.model}
