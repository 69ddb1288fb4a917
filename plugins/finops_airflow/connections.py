"""What is in an Airflow Connection, and the sessions and credentials of the cloud SDKs that it gives.

A message names the connection and the field and never a value: values are secrets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from finops.core import aws_role
from finops.core.errors import BadInput

ATTEMPTS = 6
"""Requests for one answer, the first included."""


def named(conn_id: str) -> Any:
    """Return a Connection. Raise BadInput where there is none of this name."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        says = f"there is no Airflow Connection {conn_id!r}"
        raise BadInput(f"{says}; create it, or correct the file that names it") from None


def extra_of(connection: Any) -> dict[str, Any]:
    """Return what a Connection's field extra holds. Raise BadInput where that is no JSON object."""
    try:
        found = json.loads(connection.extra or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"connection {connection.conn_id!r}: the field extra is not a JSON object; correct it")
    return found


def azure_identity(connection: Any, extra: Mapping[str, Any]) -> object:
    """Return the credential of an application, or of the SDK's own chain."""
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if not extra.get("tenant_id"):
        return DefaultAzureCredential()
    require(connection, "login", "password")
    return ClientSecretCredential(extra["tenant_id"], connection.login, connection.password)


def aws_config(seconds: int = 60) -> Any:
    """Return how often and how long a client of AWS asks."""
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    return Config(retries=retries, connect_timeout=10, read_timeout=seconds)


def aws_session(connection: Any, extra: Mapping[str, Any]) -> Any:
    """Return the session that a Connection's keys, profile and role give."""
    import boto3

    session = boto3.Session(
        aws_access_key_id=connection.login or None,
        aws_secret_access_key=connection.password or None,
        aws_session_token=extra.get("aws_session_token"),
        region_name=extra.get("region_name"),
        profile_name=extra.get("profile_name"),
    )
    if not extra.get("role_arn"):
        return session
    about = {"external_id": extra.get("external_id"), "endpoint_url": extra.get("endpoint_url")}
    return aws_role.session_in(session, extra["role_arn"], "finops", **about)


def azure_credential(connection: Any, extra: Mapping[str, Any]) -> Any:
    """Return the credential with which blobs are reached."""
    from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if extra.get("sas_token"):
        return AzureSasCredential(extra["sas_token"].removeprefix("?"))
    if extra.get("tenant_id"):
        require(connection, "login", "password")
        return ClientSecretCredential(extra["tenant_id"], connection.login, connection.password)
    key = extra.get("shared_access_key") or connection.password
    if key:
        require(connection, "login")
        return AzureNamedKeyCredential(connection.login, key)
    return DefaultAzureCredential()


def google_options(connection: Any, extra: Mapping[str, Any], scopes: tuple[str, ...]) -> dict[str, Any]:
    """Return project, credentials and endpoint of a Google client. Raise BadInput for what is no key."""
    from google.oauth2.service_account import Credentials

    credentials = None
    try:
        if extra.get("keyfile_dict"):
            found = extra["keyfile_dict"]
            info = json.loads(found) if isinstance(found, str) else found
            credentials = Credentials.from_service_account_info(info, scopes=scopes)
        elif extra.get("key_path"):
            credentials = Credentials.from_service_account_file(extra["key_path"], scopes=scopes)
    except (ValueError, OSError):
        # The library's own message may quote the key.
        says = "keyfile_dict or key_path is no service account key"
        raise BadInput(f"connection {connection.conn_id!r}: {says}") from None
    options = {"api_endpoint": extra["endpoint_url"]} if extra.get("endpoint_url") else None
    return {"project": extra.get("project"), "credentials": credentials, "client_options": options}


def require(connection: Any, *fields: str) -> None:
    """Raise BadInput where one of these fields is empty."""
    for field in fields:
        if not getattr(connection, field):
            raise BadInput(f"connection {connection.conn_id!r}: the field {field} is empty; fill it in")
