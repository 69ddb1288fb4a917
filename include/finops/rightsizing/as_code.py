"""Proposals as code, for teams whose infrastructure is code: a snippet to put in, and a text for the pull request.

Nothing is called. Names of Terraform resources are for the team to fill in where the inventory does not know them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.core.atomic import write_whole
from finops.core.errors import NotReady
from finops.core.money import digits_of, rounded
from finops.core.settings import Settings
from finops.pages import wording
from finops.rightsizing import rows, scaling_code
from finops.rightsizing.code import block, label, last, quoted, slug, to_yaml
from finops.rightsizing.tables import FINDINGS
from finops.stores import published

Row = Mapping[str, Any]
_STATUSES = ("proposed", "waiting", "decision")


def write(settings: Settings, folder: Path) -> list[Path]:
    """Write the snippets of the newest findings into a folder, one file each, and ``PULL_REQUEST.md`` per owner.

    Return the files. Findings that no snippet fits are left out. Raise NotReady before findings are published.
    """
    version = published.latest(settings)
    if FINDINGS.name not in version.marts:
        raise NotReady("no findings are published yet; the DAG rightsize_resources publishes them")
    chosen = [each for each in rows.newest(version) if each["status"] in _STATUSES]
    written: list[Path] = []
    by_owner: dict[Path, list[tuple[Row, str]]] = defaultdict(list)
    for row in chosen:
        for suffix, text in snippets(row):
            # Two names may differ only in what a path cannot hold.
            mark = hashlib.sha256(row["finding_key"].encode()).hexdigest()[:6]
            name = f"{slug(row['rule'])}-{slug(row['resource_id'])}-{mark}{suffix}"
            path = folder / slug(row["owner"] or "nobody") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _head(row) + text)
            written.append(path)
            by_owner[path.parent].append((row, path.name))
    for parent, changes in by_owner.items():
        path = parent / "PULL_REQUEST.md"
        write_whole(path, _pull_request(changes))
        written.append(path)
    return written


def snippets(row: Row) -> Iterator[tuple[str, str]]:
    """Yield ending and text of each file that proposes a finding's change as code."""
    parameters, facts = json.loads(row["parameters"]), json.loads(row["facts"])
    if row["rule"] == "scheduled_scaling":
        if (row["provider"], row["action"]) == ("aws", "schedule_endpoint"):
            yield ".tf", scaling_code.schedule(row, parameters, facts)
        else:
            yield ".hpa.yaml", scaling_code.hpa(row, facts)
            yield ".keda.yaml", scaling_code.keda(row, facts)
    elif row["rule"] == "spot_candidate":
        yield ".karpenter.yaml", _karpenter(row, parameters or facts)
        if row["action"] and row["provider"] == "aws":
            yield ".tf", _terraform_spot(parameters)
    elif (make := _TERRAFORM.get((row["provider"], row["action"]))) is not None:
        yield ".tf", make(row, parameters)


def _resize(kind: str, key: str) -> Callable[[Row, Mapping[str, Any]], str]:
    def made(row: Row, parameters: Mapping[str, Any]) -> str:
        return block(f'resource "{kind}" "{label(row)}"', [f"{key} = {quoted(parameters['instance_type'])}"])

    return made


def _schedule(row: Row, parameters: Mapping[str, Any]) -> str:
    """Return two schedules of EventBridge, which stop and start the machine on the days that are not skipped."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    days = ",".join(each[:3].upper() for each in names if each not in parameters["skip_days"])
    found = []
    for verb, clock in (("stop", parameters["stop_at"]), ("start", parameters["start_at"])):
        hour, minute = clock.split(":")
        lines = [
            f'name = "{label(row)}-{verb}"',
            f'schedule_expression = "cron({int(minute)} {int(hour)} ? * {days} *)"',
            f"schedule_expression_timezone = {quoted(parameters['time_zone'])}",
            'flexible_time_window { mode = "OFF" }',
            "target {",
            f'  arn = "arn:aws:scheduler:::aws-sdk:ec2:{verb}Instances"',
            "  role_arn = var.scheduler_role_arn",
            f"  input = jsonencode({{ InstanceIds = [{quoted(last(row['resource_id']))}] }})",
            "}",
        ]
        found.append(block(f'resource "aws_scheduler_schedule" "{label(row)}_{verb}"', lines))
    return "\n".join(found)


def _lifecycle(row: Row, parameters: Mapping[str, Any]) -> str:
    lines = [f"bucket = {quoted(last(row['resource_id']))}"]
    for each in parameters["rules"]:
        lines += ["rule {", f"  id = {quoted(each['id'])}", '  status = "Enabled"']
        lines.append(f"  filter {{ prefix = {quoted(each.get('prefix', ''))} }}")
        if days := each.get("archive_after_days"):
            lines += ["  transition {", f"    days = {days}", '    storage_class = "GLACIER"', "  }"]
        if days := each.get("delete_after_days"):
            lines.append(f"  expiration {{ days = {days} }}")
        if days := each.get("abort_uploads_after_days"):
            lines.append(f"  abort_incomplete_multipart_upload {{ days_after_initiation = {days} }}")
        lines.append("}")
    return block(f'resource "aws_s3_bucket_lifecycle_configuration" "{label(row)}"', lines)


def _volume(row: Row, parameters: Mapping[str, Any]) -> str:
    lines = [f"type = {quoted(parameters['volume_type'])}"]
    lines += [f"{key} = {parameters[key]}" for key in ("iops", "throughput")]
    return block(f'resource "aws_ebs_volume" "{label(row)}"', lines)


def _concurrency(_row: Row, parameters: Mapping[str, Any]) -> str:
    lines = [f"provisioned_concurrency = {parameters['concurrency']}"]
    head = "# Into the production_variants of the aws_sagemaker_endpoint_configuration, beside its memory and most:\n"
    return head + block("serverless_config", lines)


def _terraform_spot(parameters: Mapping[str, Any]) -> str:
    lines = [
        "instances_distribution {",
        f"  on_demand_base_capacity = {parameters['on_demand_base']}",
        f"  on_demand_percentage_above_base_capacity = {parameters['on_demand_percent']}",
        '  spot_allocation_strategy = "price-capacity-optimized"',
        "}",
        "launch_template {",
        "  launch_template_specification { launch_template_id = var.launch_template_id }",
        *(f"  override {{ instance_type = {quoted(each)} }}" for each in parameters["instance_types"]),
        "}",
    ]
    return "# Into the aws_autoscaling_group:\n" + block("mixed_instances_policy", lines)


_TERRAFORM: dict[tuple[str, str], Callable[[Row, Mapping[str, Any]], str]] = {
    ("aws", "resize_machine"): _resize("aws_instance", "instance_type"),
    ("azure", "resize_machine"): _resize("azurerm_linux_virtual_machine", "size"),
    ("gcp", "resize_machine"): _resize("google_compute_instance", "machine_type"),
    ("aws", "schedule_machine"): _schedule,
    ("aws", "set_lifecycle"): _lifecycle,
    ("aws", "change_volume"): _volume,
    ("aws", "scale_endpoint"): scaling_code.bounds,
    ("aws", "set_concurrency"): _concurrency,
}


def _karpenter(row: Row, facts: Mapping[str, Any]) -> str:
    def among(key: str, values: list[str]) -> dict[str, Any]:
        return {"key": key, "operator": "In", "values": values}

    requirements = [
        among("karpenter.sh/capacity-type", ["spot", "on-demand"]),
        among("node.kubernetes.io/instance-type", list(facts["instance_types"])),
    ]
    node_class = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}
    return to_yaml(
        {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": f"spot-{slug(last(row['resource_id']))}"},
            "spec": {"template": {"spec": {"requirements": requirements, "nodeClassRef": node_class}}},
        }
    )


def _head(row: Row) -> str:
    """Return the comment above a snippet: what it is of, and why. No line of it ends the comment."""
    words = (f"{row['resource_id']} ({row['provider']} {row['account_id']})", row["evidence"], row["note"])
    return "".join(f"# {' '.join(wording.printable(each).split())}\n" for each in words if each)


def _pull_request(changes: list[tuple[Row, str]]) -> str:
    title = f"Save cost: {len(changes)} change{'s' if len(changes) != 1 else ''}"
    lines = [f"# {title}", ""]
    for row, name in changes:
        digits = digits_of(row["billing_currency"])
        saving = wording.money(rounded(row["monthly_saving"], digits), digits)
        lines += [
            f"## {_escaped(row['resource_id'])}",
            "",
            f"{_escaped(row['evidence'])}",
            "",
            f"- saves {saving} {row['billing_currency']} a month (confidence {row['confidence'] * 100:.0f} %)",
            f"- risk {row['risk']}, effort {row['effort']}",
            f"- file: {name}",
            *([f"- {_escaped(row['note'])}"] if row["note"] else []),
            "",
        ]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_\[\]<>#!|])", r"\\\1", " ".join(wording.printable(text).split()))
