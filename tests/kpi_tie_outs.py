"""What each KPI mart adds up to, and what it must: sums of the published FOCUS fact."""

from __future__ import annotations

from dataclasses import dataclass

from tests.kpi_world import LATE, World

_BILLS = "billing_period, provider, billing_currency"
_THREE = "sum(billed_cost), sum(effective_cost), sum(list_cost)"
_TOKENS = "charge_category = 'Usage' and (sku_meter ilike '%token%' or sku_meter ilike '%text %put%')"
_TRANSFER = (
    "charge_category = 'Usage' and pricing_unit in ('GB', 'GiB') and regexp_matches(sku_meter, "
    "'Data ?Transfer|NatGateway-Bytes|Standard Data Processed|Download|Egress|Nat Data Processing')"
)
_COUNTED = (
    f"resource_id in (select endpoint_id from inference_counts) and not ({_TOKENS} and not exists "
    "(from inference_counts where endpoint_id = resource_id and bucket_start::timestamp < charge_period_end "
    f"and bucket_start::timestamp >= greatest(charge_period_start, billing_period_start - interval {LATE.days} days)))"
)
"""Of endpoints; Google's tokens that it billed late, of days without telemetry, are not theirs."""


@dataclass(frozen=True, slots=True)
class TieOut:
    """The columns of both sides begin with what amounts may be compared by: month, cloud, currency, and a resource."""

    mart: str
    amounts: str
    bill: str
    where: str = "true"
    by: str = _BILLS
    bill_by: str = ""
    bill_where: str = "true"
    bill_from: str = "fact"

    def sides(self, world: World) -> tuple[dict[tuple[object, ...], list[object]], ...]:
        """Return the amounts of the mart and of the bill by their keys, without those that are all zero."""
        by = self.bill_by or self.by
        return (
            _sums(world, self.by, self.amounts, f"{self.mart} where {self.where}"),
            _sums(world, by, self.bill, f"{self.bill_from} where {self.bill_where}"),
        )


def _sums(world: World, by: str, amounts: str, source: str) -> dict[tuple[object, ...], list[object]]:
    width = len(by.split(", "))
    rows = world.ask(f"select {by}, {amounts} from {source} group by {by}")
    return {row[:width]: list(row[width:]) for row in rows if any(row[width:])}


_BY_RESOURCE = f"{_BILLS}, resource_id"

TIE_OUTS = {
    "versions, idle and unattributed are the fact": TieOut("mart_model_version_costs", _THREE, _THREE),
    "environments are the fact": TieOut(
        "mart_environment_costs", "sum(production_cost + staging_cost + other_cost)", "sum(effective_cost)"
    ),
    "stages of versions but serving are the runs": TieOut(
        *("mart_model_version_costs", _THREE, _THREE),
        where="attribution = 'version' and stage <> 'serving'",
        by=f"{_BILLS}, ai_model, model_version",
        bill_from="mart_training_run_costs",
    ),
    "experiments are the runs": TieOut(
        *("mart_experiment_costs", _THREE, _THREE),
        where="cost_of = 'experiment'",
        by=f"{_BILLS}, ai_model",
        bill_from="mart_training_run_costs",
    ),
    "pipelines are the runs": TieOut(
        *("mart_experiment_costs", _THREE, _THREE),
        where="cost_of = 'pipeline'",
        by=f"{_BILLS}, ai_model",
        bill_from="mart_training_run_costs",
    ),
    "jobs and none are spot": TieOut(
        *("mart_spot_jobs", "sum(spot_cost)", "sum(effective_cost)"), bill_where="pricing_category = 'Dynamic'"
    ),
    "instances are spot": TieOut(
        *("mart_spot_interruptions", "sum(spot_cost)", "sum(effective_cost)"), bill_where="pricing_category = 'Dynamic'"
    ),
    "epochs and unattributed are the billed transfer": TieOut(
        *("mart_epoch_transfer_costs", "sum(billed_cost), sum(gigabytes)", "sum(billed_cost), sum(pricing_quantity)"),
        bill_where=_TRANSFER,
    ),
    "checkpoints and other are the storage of their buckets": TieOut(
        *("mart_checkpoint_storage", "sum(storage_cost), max(bucket_storage_cost)"),
        "sum(effective_cost), sum(effective_cost)",
        by=_BY_RESOURCE,
        bill_where="charge_category = 'Usage' and service_category = 'Storage' "
        f"and not ({_TRANSFER}) and resource_id in (select resource_id from mart_checkpoint_storage)",
    ),
    "workloads and idle are their nodes": TieOut(
        *("mart_kubernetes_costs", "sum(billed_cost), sum(effective_cost)", "sum(billed_cost), sum(effective_cost)"),
        by=f"{_BILLS}, node_resource_id",
        bill_by=_BY_RESOURCE,
        bill_where="resource_id in (select node_resource_id from kubernetes_usage)",
    ),
    "GPUs are their machines": TieOut(
        *("mart_gpu_utilization", "sum(billed_cost), sum(effective_cost)", "sum(billed_cost), sum(effective_cost)"),
        where="resource_id in (select resource_id from resource_metrics where metric = 'gpu_utilization')",
        by=_BY_RESOURCE,
        bill_where="resource_id in (select resource_id from resource_metrics where metric = 'gpu_utilization') "
        "and charge_category = 'Usage' and commitment_discount_status is distinct from 'Unused'",
    ),
    "versions of endpoints are their endpoints, used or idle": TieOut(
        *("mart_inference_costs", "sum(allocated_cost), sum(used_cost + idle_cost)"),
        "sum(effective_cost), sum(effective_cost)",
        by=f"{_BILLS}, endpoint_id",
        bill_by=_BY_RESOURCE,
        bill_where=_COUNTED,
    ),
    "resources are their charges": TieOut(
        *("mart_resource_costs", f"{_THREE}, sum(committed_cost), sum(spot_cost), sum(provisioned_cost)"),
        f"{_THREE}, coalesce(sum(effective_cost) filter (commitment_discount_status = 'Used'), 0), "
        "coalesce(sum(effective_cost) filter (pricing_category = 'Dynamic'), 0), "
        "coalesce(sum(effective_cost) filter (sku_meter like '%ProvisionedConcurrency:Usage%'), 0)",
        by=_BY_RESOURCE,
        bill_where="resource_id is not null",
    ),
    "tokens are their charges": TieOut("mart_token_costs", _THREE, _THREE, bill_where=_TOKENS),
    "commitments are the bill": TieOut(
        *("mart_commitment_kpis", "sum(purchased_cost), sum(used_cost), sum(unused_cost)"),
        "coalesce(sum(billed_cost) filter (charge_category = 'Purchase'), 0), "
        "coalesce(sum(effective_cost) filter (commitment_discount_status = 'Used'), 0), "
        "coalesce(sum(effective_cost) filter (commitment_discount_status = 'Unused'), 0)",
        where="commitment_type = '(all)'",
        bill_where="commitment_discount_id is not null",
    ),
    "tag compliance is of the fact": TieOut(
        *("mart_platform_kpis", "sum(denominator)", "sum(effective_cost)"),
        where="kpi = 'tag_compliance_by_spend' and subject = '(all)'",
    ),
    "the allocated share is of the fact": TieOut(
        *("mart_platform_kpis", "sum(denominator)", "sum(effective_cost)"),
        where="kpi = 'allocated_share' and subject = '(all)'",
    ),
}
