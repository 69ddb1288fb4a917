"""What the clouds recommend, day by day: of waste that is planted, and of machines that nothing else finds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finops.core.providers import Provider
from finops.core.telemetry import TelemetryKind
from finops.sample.chance import seeded
from finops.sample.telemetry.assets import Asset, Purpose, Role
from finops.sample.telemetry.scene import Scene
from finops.sample.telemetry.waste import IS_COVERED, KPI, Part

RULE = "provider_recommendation"
"""What finds that which a provider alone recommends."""

_SEEN_AT = 6
"""Hour of the day."""
_HOURS_A_MONTH = 730
_BY = {Provider.AWS: "compute_optimizer", Provider.AZURE: "advisor", Provider.GCP: "recommender"}
_PRICES = {
    **{"m6i.large": 0.096, "m6i.xlarge": 0.192, "m6i.2xlarge": 0.384, "m6i.4xlarge": 0.768, "m6g.xlarge": 0.154},
    **{"g5.xlarge": 1.006, "g6e.xlarge": 1.861},
    **{"Standard_E4s_v5": 0.252, "Standard_E8s_v5": 0.504, "Standard_E8as_v5": 0.452, "Standard_NC4as_T4_v3": 0.526},
    **{"n1-standard-2": 0.095, "n1-standard-4": 0.19, "n2-standard-4": 0.1942, "n2-standard-8": 0.3885},
    "e2-standard-4": 0.134,
}
"""List prices by the hour: providers count at these, whatever the company pays."""
_HALF = {
    "m6i.xlarge": "m6i.large",
    "m6i.4xlarge": "m6i.2xlarge",
    "Standard_E8s_v5": "Standard_E4s_v5",
    "n1-standard-4": "n1-standard-2",
    "n2-standard-8": "n2-standard-4",
}
_OTHER_FAMILY = {"m6i.xlarge": "m6g.xlarge", "Standard_E8s_v5": "Standard_E8as_v5", "n1-standard-4": "e2-standard-4"}
_OTHERWISE = {"g6e.xlarge": "g5.xlarge"}
"""What a provider recommends where the right machine is another."""


@dataclass(frozen=True, slots=True)
class _Advice:
    """What is recommended for a resource; ``saving`` is None where the provider does not say."""

    asset: Asset
    action: str
    title: str
    to: str = ""
    saving: float | None = None


def write(scene: Scene, parts: Mapping[str, Part]) -> None:
    """Write a row for each recommendation and day, and note what only a provider finds."""
    given = [each for part in parts.values() if (each := _of_part(part)) is not None]
    free = [each for each in scene.assets if _is_ordinary(each) and each.id not in parts]
    alone = next((each for each in free if not each.is_covered and each.instance_type in _OTHER_FAMILY), None)
    covered = next((each for each in free if each.is_covered and each.instance_type in _HALF), None)
    if alone is not None:
        given.append(_resize(alone, _OTHER_FAMILY[alone.instance_type]))
        scene.tell(f"waste: {RULE}", KPI, _keys(alone), {"is_decoy": False, "propose": {"decide": "try the type"}})
    if covered is not None:
        given.append(_resize(covered, _HALF[covered.instance_type]))
        scene.tell(f"decoy: {IS_COVERED}", KPI, _keys(covered), {"is_decoy": True, "reason": IS_COVERED})
    scene.rows[TelemetryKind.RECOMMENDATIONS].extend(_rows(scene, given))


def _keys(asset: Asset) -> dict[str, str]:
    return {"resource_id": asset.id, "resource_type": asset.type, "rule": RULE}


def _is_ordinary(asset: Asset) -> bool:
    return asset.type == "machine" and asset.role is Role.OTHER and asset.is_lasting and asset.purpose is None


def _of_part(part: Part) -> _Advice | None:
    """Return what a provider recommends for what wastes, or only looks so."""
    asset, half = part.asset, _HALF.get(part.asset.instance_type)
    if part.rule == "oversized_machine" and half and asset.purpose in (None, Purpose.NOT_RESIZED):
        return _resize(asset, half) if part.reason in ("", IS_COVERED) else None
    if part.reason:
        return None
    if part.rule == "idle_gpu" and asset.instance_type in _PRICES:
        saving = _PRICES[asset.instance_type] * _HOURS_A_MONTH
        return _Advice(asset, "stop", f"Stop the idle {asset.instance_type}", saving=saving)
    if part.rule == "small_gpu_use" and asset.instance_type in _OTHERWISE:
        return _resize(asset, _OTHERWISE[asset.instance_type])
    if part.rule == "unattached_disk":
        return _Advice(asset, "delete", "Snapshot and delete the unattached disk", saving=_billed(asset))
    if part.rule == "old_volume_type":
        return _Advice(asset, "change_volume", "Change: gp2 to gp3")
    return None


def _resize(asset: Asset, to: str) -> _Advice:
    saving = (_PRICES[asset.instance_type] - _PRICES[to]) * _HOURS_A_MONTH
    return _Advice(asset, "resize", f"Change: {asset.instance_type} to {to}", to, saving)


def _billed(asset: Asset) -> float | None:
    """Return what a month of it costs, where its bill has a price for each unit."""
    return asset.hourly_cost * float(asset.usage.sum()) or None


def _rows(scene: Scene, given: Sequence[_Advice]) -> Iterator[dict[str, object]]:
    for day in range(scene.hours // 24):
        for each in given:
            asset, hour = each.asset, day * 24 + _SEEN_AT
            if not asset.first <= hour < asset.last:
                continue
            is_machine = asset.type == "machine"
            yield {
                "provider": str(scene.provider),
                "recommendation_id": f"{seeded('advice', asset.id, each.action).getrandbits(128):032x}",
                "resource_id": asset.id,
                "resource_type": asset.type,
                "account_id": asset.account,
                "region": asset.region,
                "observed_at": scene.moment(hour),
                "recommended_by": _BY[scene.provider],
                "action": each.action,
                "current_instance_type": asset.instance_type if is_machine else None,
                "recommended_instance_type": each.to or None,
                "monthly_saving": None if each.saving is None else round(each.saving, 6),
                "currency": None if each.saving is None else "USD",
                "title": each.title,
                "details": json.dumps({"lookback_days": 14}),
            }
