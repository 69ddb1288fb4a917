"""What the review says of each KPI to somebody who meets it for the first time, in the order of the page.

The figures, their names and units come from the published marts; here is what a figure cannot say of itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """A KPI's name, how it is computed, what it is broken down by, and what must be there for it to be known."""

    name: str
    how: str
    by: str
    needs: str


_BILLS = "bills alone"
_BUDGETS = "budgets (budgets.yml)"
_GPU = "GPU metrics of the machines (telemetry `resource_metrics`)"
_INFERENCE = "counts of requests by endpoint (telemetry `inference_counts`)"
_PODS = "what pods asked for and used (telemetry `kubernetes_usage`)"
_RUNS = "training runs with their machines, start and end (telemetry `training_runs`)"
_FLOWS = "network flows and training runs (telemetry `network_flows`, `training_runs`)"
_SPOT = "interruptions, runs and checkpoints (telemetry `spot_interruptions`, `training_runs`, `checkpoints`)"
_CHECKPOINTS = "checkpoints with their time and size (telemetry `checkpoints`)"

CATALOGUE: dict[str, About] = {
    "cost_per_thousand_inferences": About(
        "Cost per 1,000 predictions",
        "All cost of the serving endpoints, idle hours included, divided by the requests that were answered.",
        "model",
        _INFERENCE,
    ),
    "serving_idle_share": About(
        "Paid for serving without requests",
        "The part of the serving endpoints' cost that fell into hours without any request.",
        "model",
        _INFERENCE,
    ),
    "price_per_million_tokens": About(
        "Price per million tokens",
        "Effective cost of managed models that are paid by token, divided by the tokens on the bill, per million.",
        "managed model",
        _BILLS,
    ),
    "gpu_utilization_training": About(
        "GPU utilisation in training",
        "GPU hours in use divided by the GPU hours billed, of machines that train and are measured.",
        "cost centre",
        _GPU,
    ),
    "gpu_utilization_serving": About(
        "GPU utilisation in serving",
        "GPU hours in use divided by the GPU hours billed, of machines that serve and are measured.",
        "cost centre",
        _GPU,
    ),
    "cost_per_gpu_hour": About(
        "Cost per GPU hour",
        "Effective cost of the machines with GPUs, cores and memory included, divided by the GPU hours billed.",
        "cost centre",
        _BILLS,
    ),
    "cost_per_used_gpu_hour": About(
        "Cost per used GPU hour",
        "The same cost divided by the GPU hours in use; machines that are not measured are left out.",
        "cost centre",
        _GPU,
    ),
    "idle_gpu_cost": About(
        "Cost of idle GPUs",
        "Effective cost of machines with GPUs, times the part of the GPUs that was not in use.",
        "cost centre",
        _GPU,
    ),
    "model_version_cost": About(
        "Cost per model version",
        "Cost of all stages of a model version in the month, from ingestion to serving, averaged over versions.",
        "model",
        _RUNS,
    ),
    "cost_per_training_run": About(
        "Cost per training run",
        "Effective cost of the machines while training runs used them, divided by the number of runs.",
        "model",
        _RUNS,
    ),
    "idle_share": About(
        "Paid for while idle",
        "The part of the cost of measured machines and endpoints that fell into hours in which nothing used them.",
        "model",
        _RUNS,
    ),
    "kubernetes_idle_share": About(
        "Kubernetes nodes without work",
        "The part of the cost of Kubernetes nodes that no workload asked for.",
        "cluster",
        _PODS,
    ),
    "failed_run_share": About(
        "Paid for failed runs",
        "The part of the cost of training runs that goes to runs that failed or were killed.",
        "experiment",
        _RUNS,
    ),
    "staging_over_production": About(
        "Staging against production",
        "What models cost in staging, in percent of what they cost in production.",
        "model",
        _BILLS,
    ),
    "transfer_cost_per_gb_epoch": About(
        "Data transfer per GB and epoch",
        "Billed data transfer of training runs, divided by gigabytes times epochs.",
        "model",
        _FLOWS,
    ),
    "spot_interruption_rate": About(
        "Spot instances interrupted",
        "Spot instances that were interrupted at least once in the month, in percent of all.",
        "type of machine",
        _SPOT,
    ),
    "spot_saving": About(
        "Saved by spot",
        "What spot cost less than the same hours on demand, in percent of these, before interruptions.",
        "model",
        _BILLS,
    ),
    "spot_net_benefit": About(
        "Net benefit of spot",
        "What spot saved, less the machine time lost since the last checkpoint and until the job went on.",
        "model",
        _SPOT,
    ),
    "stale_checkpoint_share": About(
        "Storage of stale checkpoints",
        "The part of the storage cost of buckets with checkpoints that goes to old ones that nobody ever read.",
        "model",
        _CHECKPOINTS,
    ),
    "archive_saving": About(
        "To be saved by an archive",
        "What storing old checkpoints would cost less per month in an archive.",
        "model",
        _CHECKPOINTS,
    ),
    "effective_savings_rate": About(
        "Effective savings rate",
        "What commitments saved, wasted ones included, in percent of what eligible usage costs on demand.",
        "provider",
        _BILLS,
    ),
    "commitment_coverage": About(
        "Covered by commitments",
        "Usage that commitments covered, in percent of all eligible usage, at on-demand prices.",
        "provider",
        _BILLS,
    ),
    "commitment_utilization": About(
        "Commitments in use",
        "The part of the cost of commitments (reservations, savings plans) that usage took.",
        "type of commitment",
        _BILLS,
    ),
    "unused_commitment_cost": About(
        "Cost of unused commitments",
        "Cost of commitments that no usage took.",
        "type of commitment",
        _BILLS,
    ),
    "allocated_share": About(
        "Cost with an owner",
        "Cost that is charged to a cost centre, directly or by a rule for shared cost, in percent of all.",
        "provider",
        _BILLS,
    ),
    "tag_compliance": About(
        "Cost with valid tags",
        "Cost of charges whose own tags hold every key that the tag policy requires, in percent of all.",
        "cost centre",
        _BILLS,
    ),
    "budget_variance": About(
        "Spent above budget",
        "What was spent above the budgets (below them: less than zero), in percent of the budgets.",
        "cost centre",
        _BUDGETS,
    ),
    "data_freshness": About(
        "Age of the newest data",
        "Hours since the newest data of each source, averaged over all. Rare events look old when none happen.",
        "source",
        _BILLS,
    ),
}
