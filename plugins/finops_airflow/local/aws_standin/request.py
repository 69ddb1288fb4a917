"""What a request to AWS asks for, and an error in the form that the service has."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

_SCHEDULES = {"POST": "CreateSchedule", "PUT": "UpdateSchedule", "GET": "GetSchedule", "DELETE": "DeleteSchedule"}
_ASKING = ("Describe", "Get", "List", "Head")
_BUCKET = {
    "lifecycle": "LifecycleConfiguration",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
}
_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Put", "HEAD": "Head"}
_NAMES = (
    "InstanceId.1",
    "InstanceId",
    "VolumeId.1",
    "VolumeId",
    "SnapshotId.1",
    "SnapshotId",
    "AllocationId.1",
    "AllocationId",
    "ResourceId.1",
    "AutoScalingGroupName",
    "AutoScalingGroupNames.member.1",
    "EndpointName",
    "ScheduledActionName",
    "ResourceId",
    "Name",
    "PolicyId",
)

Answer = tuple[str, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Request:
    """One call. ``permission`` is what IAM calls it; ``parameters`` are a form's fields, or a JSON body."""

    permission: str
    account: str
    region: str
    resource: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""

    @property
    def service(self) -> str:
        """The first half of the permission."""
        return self.permission.partition(":")[0]

    @property
    def is_change(self) -> bool:
        """Whether it changes something when it succeeds."""
        return not self.permission.partition(":")[2].startswith(_ASKING)


def request_of(environ: dict[str, Any]) -> Request | None:
    """Read a signed request, and leave its body to be read again; None for one that is not signed."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=" not in signature:
        return None
    key, _, region, service, _ = signature.split("Credential=")[1].split(",")[0].split("/")
    parameters = _parameters(environ, body)
    path = unquote(environ.get("PATH_INFO", "/"))
    service = {"tagging": "tag"}.get(service, service)
    operation = _operation(environ, service, parameters)
    resource = next((str(parameters[name]) for name in _NAMES if name in parameters), path.rpartition("/")[2])
    return Request(f"{service}:{operation}", _account(environ, key), region, resource, parameters, body)


def refusal(request: Request, code: str, message: str, status: int = 400) -> Answer:
    """Return an error as the service of the request answers it."""
    line = f"{status} {'Bad Request' if status < 500 else 'Error'}"
    if request.service in ("ec2", "autoscaling", "s3", "sts"):
        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        text = {
            "ec2": f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>stand-in</RequestID></Response>",
            "s3": f"<Error>{inner}</Error>",
        }.get(request.service, f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>")
        return line, [("Content-Type", "text/xml")], f'<?xml version="1.0"?>{text}'.encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    return line, headers, json.dumps({"__type": code, "message": message, "Message": message}).encode()


def _account(environ: dict[str, Any], key: str) -> str:
    from moto.iam.models import get_account_id_from

    digits = key[4:16]
    account = digits if key.startswith("AKIA") and digits.isdigit() and len(digits) == 12 else get_account_id_from(key)
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    return str(account)


def _parameters(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    kind = environ.get("CONTENT_TYPE", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    if "json" in kind and body:
        return dict(json.loads(body))
    return {}


def _operation(environ: dict[str, Any], service: str, parameters: Mapping[str, Any]) -> str:
    if "Action" in parameters and service != "scheduler":
        return str(parameters["Action"])
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    method = environ["REQUEST_METHOD"]
    if service == "scheduler":
        return _SCHEDULES.get(method, method)
    asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    part = next((_BUCKET[name] for name in asked if name in _BUCKET), "Bucket")
    return f"{_VERBS.get(method, method)}{part}"
