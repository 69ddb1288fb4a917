"""What an answer of Azure's or Google's to a read of what is not there says of a permission: as their SDKs raise it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from google.api_core.exceptions import Forbidden, NotFound, ServiceUnavailable
from google.rpc.error_details_pb2 import ErrorInfo

from finops.core.errors import BadInput, Unavailable
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.reach import reach


def raises(error: Exception) -> Any:
    def call(*_arguments: Any, **_options: Any) -> None:
        raise error

    return SimpleNamespace(get=call)


def of_azure(**answers: Exception) -> SimpleNamespace:
    there = ResourceNotFoundError(response=SimpleNamespace(status_code=404, reason="Not Found", headers={}))  # type: ignore[arg-type]
    names = ("virtual_machines", "disks", "snapshots", "virtual_machine_scale_sets")
    asked = raises(answers.get("deployments", there)).get
    calls = {each: raises(answers.get(each, there)) for each in names}
    return SimpleNamespace(subscription="research", compute=SimpleNamespace(send_request=asked, **calls))


def of_google(**answers: Exception) -> SimpleNamespace:
    names = ("instances", "disks", "snapshots", "instance_group_managers")
    calls = {each: raises(answers.get(each, NotFound("no such thing"))) for each in names}
    http = SimpleNamespace(request=raises(answers.get("endpoints", NotFound("no such thing"))).get)
    return SimpleNamespace(project="research", vertex_url="https://{region}.example", http=http, **calls)


def tried(provider: str, client: Any) -> str:
    policy = RightsizingPolicy.model_validate({"accounts": [{"id": "research", "provider": provider}]})
    clients: Any = SimpleNamespace(**dict.fromkeys(("aws", "azure", "gcp"), lambda _: client))
    return reach(policy, policy.accounts[0], clients)


def refused() -> HttpResponseError:
    return HttpResponseError(response=SimpleNamespace(status_code=403, reason="Forbidden", headers={}))  # type: ignore[arg-type]


def test_what_is_not_found_may_be_read() -> None:
    assert tried("azure", of_azure()) == "5 permissions are there"
    assert tried("gcp", of_google()) == "5 permissions are there"


def test_what_is_forbidden_is_named_with_the_file_that_gives_it() -> None:
    with pytest.raises(BadInput, match=r"disks/read \(deploy/permissions/azure/read.json gives it\)"):
        tried("azure", of_azure(disks=refused()))
    with pytest.raises(BadInput, match=r"onlineEndpoints/deployments/read \(deploy/permissions/azure/read.json"):
        tried("azure", of_azure(deployments=refused()))
    with pytest.raises(BadInput, match=r"lacks compute.snapshots.get \(deploy/permissions/gcp/read.yaml gives it\)"):
        tried("gcp", of_google(snapshots=Forbidden("no")))


def test_a_project_that_does_not_use_vertex_ai_lacks_no_permission_of_it() -> None:
    switched_off = Forbidden("not used", error_info=ErrorInfo(reason="SERVICE_DISABLED"))
    assert tried("gcp", of_google(endpoints=switched_off)) == "5 permissions are there"
    with pytest.raises(BadInput, match=r"lacks aiplatform.endpoints.get \(deploy/permissions/gcp/read.yaml gives it\)"):
        tried("gcp", of_google(endpoints=Forbidden("no")))


def test_a_cloud_that_does_not_answer_is_no_missing_permission() -> None:
    with pytest.raises(Unavailable, match="virtualMachines/read cannot be tried: ServiceRequestError"):
        tried("azure", of_azure(virtual_machines=ServiceRequestError("no route")))
    with pytest.raises(Unavailable, match=r"instances.get cannot be tried: ServiceUnavailable"):
        tried("gcp", of_google(instances=ServiceUnavailable("later")))
