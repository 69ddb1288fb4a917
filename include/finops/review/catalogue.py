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


_GPU = "GPU metrics of machines with GPUs (resource_metrics)"
_INFERENCE = "counts of requests by endpoint (inference_counts)"
_RUNS = "training runs with their resources, start and end (training_runs)"
_BILLS = "bills alone"

CATALOGUE: dict[str, About] = {
    "cost_per_gpu_hour": About(
        "Cost per GPU hour",
        "Effective cost of machines with GPUs, divided by the GPU hours billed: hours of the machine times its GPUs.",
        "cost centre",
        _BILLS,
    ),
}
