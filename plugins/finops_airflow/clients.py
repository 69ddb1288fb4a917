"""From an Airflow Connection to the cloud SDK's own client.

A source in ``sources.yml`` may name a Connection; without one each SDK's default chain is used (environment, profile,
role of the machine). The fields are those of Airflow's own cloud connections, so that one made for them serves here:

``s3://``  login and password are the access key and its secret; extra: ``region_name``, ``aws_session_token``,
           ``profile_name``, ``role_arn`` with ``external_id``, ``endpoint_url``.
``az://``, ``https://``  extra: ``connection_string``, ``sas_token`` or ``shared_access_key``; or ``tenant_id`` with
           login and password as client id and secret; else login and password are the account and its key.
``bq://``, ``gs://``  extra: ``keyfile_dict`` (JSON) or ``key_path``, ``project``, ``endpoint_url``.
``mailto:``  host, port, login and password of the mail server; extra: ``from_email``, ``encryption`` (``starttls``, the
           default, or ``tls``), ``ca_file``.

A source in ``telemetry.yml`` may name one too:

``prometheus``, ``mlflow``  login and password, or the extra ``bearer_token``; the address is the source's.
``cloudwatch``  as ``s3://``; the regions are the source's.
``cloud_monitoring``  extra: ``keyfile_dict`` (JSON) or ``key_path``.
``azure_monitor``  extra: ``tenant_id``, with login and password as client id and secret.

A mirror in ``budgets.yml`` may name one: of AWS as ``s3://``, of Azure as ``azure_monitor``, of Google Cloud as
``bq://``.

An account in ``rightsizing.yml`` may name one: ``aws`` as ``s3://``, ``azure`` as ``azure_monitor``, ``gcp`` as
``cloud_monitoring``.

A channel in ``channels.yml`` may name one: ``mail`` as ``mailto:``, any other has its secret as password.

A message names the connection and the field and never a value: values are secrets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finops.core.errors import BadInput

if TYPE_CHECKING:
    from finops.core.cloud_login import CloudLogin
    from finops.policy.budgets import Mirror
    from finops.policy.channels import AnyChannel
    from finops.policy.delivery import Target
    from finops.policy.rightsizing import Account
    from finops.policy.sources import ConfiguredSource
    from finops.policy.telemetry import TelemetrySource

ATTEMPTS = 6
"""Requests for one answer, the first included."""

BIGQUERY_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
BILLING_SCOPES = ("https://www.googleapis.com/auth/cloud-billing",)
MONITORING_SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
ACTION_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
STORAGE_SCOPES = ("https://www.googleapis.com/auth/devstorage.read_write",)


def client_for(source: ConfiguredSource | Target) -> object | None:
    """Return the client for an address, or None to leave it to the SDK's default chain.

    Raise BadInput when the Connection cannot serve the address.
    """
    if source.connection is None:
        return None
    scheme = urlsplit(source.uri).scheme.lower()
    makers: dict[str, Callable[[Any, Mapping[str, Any], str], object]] = {
        "s3": _s3,
        "az": _blob,
        "https": _blob,
        "bq": _bigquery,
        "gs": _storage,
        "mailto": _mail_server,
    }
    if scheme not in makers:
        raise BadInput(f"connection {source.connection!r}: {source.uri!r} is a folder, which needs none; remove it")
    connection = _connection(source.connection)
    return makers[scheme](connection, _extra(connection), source.uri)


def telemetry_client_for(source: TelemetrySource) -> object | None:
    """Return what a monitoring system is asked with, or None to leave the login to the source and the SDK's own chain.

    Raise BadInput when the Connection cannot serve it.
    """
    conn_id = getattr(source, "connection", None)
    if conn_id is None:
        return None
    makers: dict[str, Callable[[Any, Mapping[str, Any]], object]] = {
        "prometheus": _http_login,
        "mlflow": _http_login,
        "cloudwatch": _cloudwatch,
        "azure_monitor": _azure_identity,
        "cloud_monitoring": _google_credentials_to_read_metrics,
    }
    connection = _connection(conn_id)
    return makers[source.type](connection, _extra(connection))


def mirror_client_for(mirror: Mirror) -> CloudLogin | None:
    """Return how a mirror's cloud is logged in to, or None to leave that to the SDK's own chain.

    Raise BadInput when the Connection cannot serve it.
    """
    from finops.core.cloud_login import CloudLogin

    if mirror.connection is None:
        return None
    connection = _connection(mirror.connection)
    extra = _extra(connection)
    makers: dict[str, Callable[[], Any]] = {
        "aws": lambda: _aws_session(connection, extra),
        "azure": lambda: _azure_identity(connection, extra),
        "gcp": lambda: _google_options(connection, extra, BILLING_SCOPES)["credentials"],
    }
    return CloudLogin(makers[mirror.provider](), extra.get("endpoint_url"))


def channel_client_for(channel: AnyChannel) -> object | None:
    """Return the mail server, or the secret, of a channel's Connection; None where it names none.

    Raise BadInput when the Connection cannot serve the channel.
    """
    if channel.connection is None:
        return None
    connection = _connection(channel.connection)
    if channel.type == "mail":
        return _mail_server(connection, _extra(connection), "")
    from pydantic import SecretStr

    _require(connection, "password")
    return SecretStr(connection.password)


def login_for(account: Account) -> object | None:
    """Return the session, or the credentials, with which actions are in an account; None where it names no Connection.

    Raise BadInput when the Connection cannot serve it.
    """
    if account.connection is None:
        return None
    connection = _connection(account.connection)
    extra = _extra(connection)
    if account.provider == "aws":
        return _aws_session(connection, extra)
    if account.provider == "azure":
        return _azure_identity(connection, extra)
    return _google_options(connection, extra, ACTION_SCOPES)["credentials"]


def ec2_client_of(conn_id: str) -> Callable[[str], Any]:
    """Return what makes the EC2 client of a region; the Connection's fields are those of ``s3://``."""
    connection = _connection(conn_id)
    extra = _extra(connection)
    session = _aws_session(connection, extra)

    def client(region: str) -> Any:
        endpoint = extra.get("endpoint_url")
        return session.client("ec2", region_name=region, endpoint_url=endpoint, config=_aws_config())

    return client


def _http_login(connection: Any, extra: Mapping[str, Any]) -> object:
    from pydantic import SecretStr

    from finops.core.http_login import HttpLogin

    if token := extra.get("bearer_token"):
        return HttpLogin(token=SecretStr(str(token)))
    _require(connection, "login")
    return HttpLogin(user=connection.login, password=SecretStr(connection.password or ""))


def _connection(conn_id: str) -> Any:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        says = f"there is no Airflow Connection {conn_id!r}"
        raise BadInput(f"{says}; create it, or correct the file that names it") from None


def _extra(connection: Any) -> dict[str, Any]:
    try:
        found = json.loads(connection.extra or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"connection {connection.conn_id!r}: the field extra is not a JSON object; correct it")
    return found


def _azure_identity(connection: Any, extra: Mapping[str, Any]) -> object:
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if not extra.get("tenant_id"):
        return DefaultAzureCredential()
    _require(connection, "login", "password")
    return ClientSecretCredential(extra["tenant_id"], connection.login, connection.password)


def _google_credentials_to_read_metrics(connection: Any, extra: Mapping[str, Any]) -> object | None:
    return _google_options(connection, extra, MONITORING_SCOPES)["credentials"]


def _cloudwatch(connection: Any, extra: Mapping[str, Any]) -> object:
    session = _aws_session(connection, extra)

    def client(region: str, seconds: int) -> object:
        config = _aws_config(seconds)
        return session.client("cloudwatch", region_name=region, endpoint_url=extra.get("endpoint_url"), config=config)

    return client


def _s3(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    session = _aws_session(connection, extra)
    return session.client("s3", endpoint_url=extra.get("endpoint_url"), config=_aws_config())


def _aws_config(seconds: int = 60) -> Any:
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    return Config(retries=retries, connect_timeout=10, read_timeout=seconds)


def _aws_session(connection: Any, extra: Mapping[str, Any]) -> Any:
    import boto3

    session = boto3.Session(
        aws_access_key_id=connection.login or None,
        aws_secret_access_key=connection.password or None,
        aws_session_token=extra.get("aws_session_token"),
        region_name=extra.get("region_name"),
        profile_name=extra.get("profile_name"),
    )
    if extra.get("role_arn"):
        session = _assume_role(session, extra)
    return session


def _assume_role(session: Any, extra: Mapping[str, Any]) -> Any:
    # A session of botocore renews the role's credentials while a long listing runs; keys from one call would expire.
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import get_session

    arguments = {"RoleSessionName": "finops"}
    if extra.get("external_id"):
        arguments["ExternalId"] = extra["external_id"]

    def sts(service: str, **options: Any) -> Any:
        return session.client(service, endpoint_url=extra.get("endpoint_url"), **options)

    fetcher = AssumeRoleCredentialFetcher(sts, session.get_credentials(), extra["role_arn"], extra_args=arguments)
    assumed = get_session()
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return boto3.Session(botocore_session=assumed, region_name=session.region_name)


def _blob(connection: Any, extra: Mapping[str, Any], uri: str) -> object:
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    options: dict[str, Any] = {
        "retry_policy": ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=ATTEMPTS - 1),
        "connection_timeout": 10,
        "read_timeout": 60,
    }
    try:
        if extra.get("connection_string"):
            return BlobServiceClient.from_connection_string(extra["connection_string"], **options)
        parts = urlsplit(uri)
        host = f"{parts.netloc}.blob.core.windows.net" if parts.scheme == "az" else parts.netloc
        return BlobServiceClient(f"https://{host}", credential=_azure_credential(connection, extra), **options)
    except ValueError:
        raise BadInput(f"connection {connection.conn_id!r}: its Azure credentials are not well formed") from None


def _azure_credential(connection: Any, extra: Mapping[str, Any]) -> Any:
    from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if extra.get("sas_token"):
        return AzureSasCredential(extra["sas_token"].removeprefix("?"))
    if extra.get("tenant_id"):
        _require(connection, "login", "password")
        return ClientSecretCredential(extra["tenant_id"], connection.login, connection.password)
    key = extra.get("shared_access_key") or connection.password
    if key:
        _require(connection, "login")
        return AzureNamedKeyCredential(connection.login, key)
    return DefaultAzureCredential()


def _bigquery(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from google.cloud import bigquery

    return bigquery.Client(**_google_options(connection, extra, BIGQUERY_SCOPES))


def _storage(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from google.cloud import storage

    return storage.Client(**_google_options(connection, extra, STORAGE_SCOPES))


def _google_options(connection: Any, extra: Mapping[str, Any], scopes: tuple[str, ...]) -> dict[str, Any]:
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


def _mail_server(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from pathlib import Path

    from pydantic import SecretStr

    from finops.core.mail import MailServer

    _require(connection, "host")
    encryption = extra.get("encryption", "starttls")
    if not extra.get("from_email") or encryption not in ("starttls", "tls"):
        says = "extra needs from_email, and encryption starttls or tls, if it is there"
        raise BadInput(f"connection {connection.conn_id!r}: {says}")
    return MailServer(
        host=connection.host,
        port=connection.port or 587,
        sender=extra["from_email"],
        user=connection.login or None,
        password=SecretStr(connection.password) if connection.password else None,
        encryption=encryption,
        ca_file=Path(extra["ca_file"]) if extra.get("ca_file") else None,
    )


def _require(connection: Any, *fields: str) -> None:
    for field in fields:
        if not getattr(connection, field):
            raise BadInput(f"connection {connection.conn_id!r}: the field {field} is empty; fill it in")
