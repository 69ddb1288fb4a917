"""Split cost allocation of EKS: how much of a node each pod used. The lines repeat the node's cost, at cost 0."""

from __future__ import annotations

import numpy as np

from finops.sample.aws.block import Block, billed, block
from finops.sample.aws.series import OFFERS, make
from finops.sample.chance import noise, seeded
from finops.sample.company import AWS_ACCOUNTS
from finops.sample.exact import rounded
from finops.sample.lines import Month, meter
from finops.sample.rhythm import EPOCH, Pattern
from finops.sample.series import Forgetfulness, Series, hexadecimal

_SHARE_USED = 0.78
_VCPUS = 4


def split_costs(seed: int, count: int, month: Month) -> Block:
    """Return one line per pod and interval, with the pod's share of its node's price and idle time."""
    rng, forget = seeded("aws", seed, "pods"), Forgetfulness(0.12)
    node = next(o for o in OFFERS if o["usage_type"] == "BoxUsage:m6i.xlarge")
    pods: list[Series] = []
    for number in range(count):
        account = AWS_ACCOUNTS[-1] if number % 2 else AWS_ACCOUNTS[4]
        series = make(node | {"stage": "inference"}, account, rng, forget, EPOCH.start, month.hours)
        workload = rng.choice(("gateway", "ranker", "embedder", "feature-store", "trace-collector"))
        parent = series.own["line_item_resource_id"]
        cluster = f"arn:aws:eks:{account.region}:{account.id}"
        series.own |= {
            "line_item_operation": "EKSPod-EC2",
            "line_item_usage_type": f"{account.region[:2].upper()}-EKS-EC2-vCPU-Hours",
            "line_item_product_code": "AmazonEKS",
            "line_item_resource_id": f"{cluster}:pod/meridian/default/{workload}-{hexadecimal(rng, 10)}",
            "line_item_unblended_rate": "0",
            "line_item_net_unblended_rate": "0",
            "line_item_blended_rate": "0",
            "pricing_unit": "vCPU-Hours",
            "line_item_line_item_description": "Split cost of a pod on Amazon EC2",
            "split_line_item_parent_resource_id": parent,
            "line_item_normalization_factor": None,
        }
        series.pattern, series.level, series.cap = Pattern.TRAFFIC, rng.uniform(0.4, 1.2), float(_VCPUS)
        pods.append(series)
    lines = meter(pods, month, noise(month.period, seed, 19))
    reserved = np.full(len(lines), 1.0 * month.interval_hours)
    ratio = np.round(np.maximum(lines.usage, reserved) / (_VCPUS * month.interval_hours), 6)
    full = np.array([each.rate for each in pods])[lines.series] * ratio * month.interval_hours
    split, unused = rounded(full * _SHARE_USED), rounded(full * (1 - _SHARE_USED))
    amounts = {
        **billed(np.zeros(len(lines))),
        "line_item_usage_amount": np.zeros(len(lines)),
        "split_line_item_actual_usage": lines.usage,
        "split_line_item_reserved_usage": reserved,
        "split_line_item_split_usage": np.maximum(lines.usage, reserved),
        "split_line_item_split_usage_ratio": ratio,
    }
    for basis in ("", "net_", "public_on_demand_"):
        amounts[f"split_line_item_{basis}split_cost"] = split
        amounts[f"split_line_item_{basis}unused_cost"] = unused
    return block(pods, lines, month, amounts)
