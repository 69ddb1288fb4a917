"""Documents that would deny new GPU capacity to what a budget covers: rightsizing makes actions of them.

- AWS: a service control policy (or IAM policy) of the form in "SCP syntax", which denies starting GPU instances and
  SageMaker jobs with the scope's request tags.
- Azure: an Azure Policy definition with the effect ``deny`` on virtual machines of the N series with the scope's tags.
- Google Cloud: quota preferences (Cloud Quotas API) that set a project's GPU quota to 0; labels cannot be told apart
  there, so that it is by project alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.policy.budgets import Line

_AWS_GPUS = ["p*", "g*", "trn*", "inf*", "dl*"]
_SAGEMAKER = ["CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateProcessingJob", "CreateEndpoint"]


def of_line(line: Line, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the documents by cloud: of the providers in the scope, or of all three. ``tags``: dimension → tag.

    ``not_expressed`` names the dimensions of the scope that a document cannot tell apart: with these it would deny more
    than the budget covers, so a person must narrow it first. What has no tag is no value that a document can name.
    """
    scope = dict(line.scope)
    by_tag = {name for name, values in scope.items() if name in tags and not {ABSENT, UNALLOCATED} & {*values}}
    tagged = {tags[name]: list(values) for name, values in scope.items() if name in by_tag}
    accounts = list(scope.get("sub_account_id", ()))
    made = {"aws": _aws(line, tagged, accounts), "azure": _azure(line, tagged, accounts), "gcp": _gcp(line, accounts)}
    providers = [each for each in scope.get("provider", tuple(made)) if each in made]
    known = {"provider", "sub_account_id"}
    left = {each: sorted(set(scope) - known - (by_tag if each != "gcp" else set())) for each in providers}
    return {each: {"document": made[each], "not_expressed": left[each]} for each in providers}


def _aws(line: Line, tagged: Mapping[str, list[str]], accounts: list[str]) -> dict[str, Any]:
    wanted = {f"aws:RequestTag/{name}": values for name, values in tagged.items()}
    where: dict[str, Any] = {"StringEquals": wanted} if wanted else {}
    if accounts:
        where = {"StringEquals": {**wanted, "aws:PrincipalAccount": accounts}}
    instances = {"StringLike": {"ec2:InstanceType": _AWS_GPUS}, **where}
    jobs = {
        "Sid": "BudgetDenyJobs",
        "Effect": "Deny",
        "Action": [f"sagemaker:{each}" for each in _SAGEMAKER],
        "Resource": "*",
    }
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "BudgetDenyGpuInstances",
                "Effect": "Deny",
                "Action": ["ec2:RunInstances"],
                "Resource": ["arn:aws:ec2:*:*:instance/*"],
                "Condition": instances,
            },
            {**jobs, "Condition": where} if where else jobs,
        ],
    }


def _azure(line: Line, tagged: Mapping[str, list[str]], accounts: list[str]) -> dict[str, Any]:
    machines = "Microsoft.Compute/virtualMachines"
    rules: list[dict[str, Any]] = [
        {"field": "type", "equals": machines},
        {"field": f"{machines}/sku.name", "like": "Standard_N*"},
        *({"field": f"tags['{name}']", "in": values} for name, values in tagged.items()),
    ]
    return {
        "properties": {
            "displayName": f"Budget {line.id}: no new GPU machines",
            "policyType": "Custom",
            "mode": "Indexed",
            "metadata": {"category": "Budgets", "assignTo": [f"/subscriptions/{each}" for each in accounts]},
            "policyRule": {"if": {"allOf": rules}, "then": {"effect": "deny"}},
        }
    }


def _gcp(line: Line, accounts: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"projects/{project}/locations/global/quotaPreferences/budget-gpus",
            "service": "compute.googleapis.com",
            "quotaId": "GPUS-ALL-REGIONS-per-project",
            "quotaConfig": {"preferredValue": "0"},
            "justification": f"Budget {line.id} is used up",
        }
        for project in accounts or ["PROJECT_ID"]
    ]
