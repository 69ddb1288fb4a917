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
``aws_inventory``, ``gcp_inventory``, ``azure_inventory``  as these three.
``cost_optimization_hub``, ``aws_price_list``  as ``cloudwatch``; ``azure_advisor``  as ``azure_monitor``;
``gcp_recommender``, ``gcp_price_catalog``  as ``cloud_monitoring``.

A mirror in ``budgets.yml`` may name one: of AWS as ``s3://``, of Azure as ``azure_monitor``, of Google Cloud as
``bq://``.

An account in ``rightsizing.yml`` may name one: ``aws`` as ``s3://``, ``azure`` as ``azure_monitor``, ``gcp`` as
``cloud_monitoring``.

A channel in ``channels.yml`` may name one: ``mail`` as ``mailto:``, any other has its secret as password.

A message names the connection and the field and never a value: values are secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finops.core.errors import BadInput
from finops_airflow.connections import (
    ATTEMPTS,
    aws_config,
    aws_session,
    azure_credential,
    azure_identity,
    extra_of,
    google_options,
    named,
    require,
)

if TYPE_CHECKING:
    from finops.core.cloud_login import CloudLogin
    from finops.policy.budgets import Mirror
    from finops.policy.channels import AnyChannel
    from finops.policy.delivery import Target
    from finops.policy.rightsizing import Account
    from finops.policy.sources import ConfiguredSource
    from finops.policy.telemetry import TelemetrySource

BIGQUERY_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
BILLING_SCOPES = ("https://www.googleapis.com/auth/cloud-billing",)
MONITORING_SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
INVENTORY_SCOPES = (
    "https://www.googleapis.com/auth/compute.readonly",
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/monitoring.read",
)
PRICE_SCOPES = (
    "https://www.googleapis.com/auth/cloud-billing.readonly",
    "https://www.googleapis.com/auth/compute.readonly",
)
CLOUD_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
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
    connection = named(source.connection)
    return makers[scheme](connection, extra_of(connection), source.uri)


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
        "cloudwatch": partial(_aws_clients_of, "cloudwatch"),
        "azure_monitor": azure_identity,
        "cloud_monitoring": partial(_google_credentials, MONITORING_SCOPES),
        "aws_inventory": _aws_clients,
        "azure_inventory": azure_identity,
        "gcp_inventory": partial(_google_credentials, INVENTORY_SCOPES),
        "cost_optimization_hub": partial(_aws_clients_of, "cost-optimization-hub"),
        "azure_advisor": azure_identity,
        "gcp_recommender": partial(_google_credentials, CLOUD_SCOPES),
        "aws_price_list": partial(_aws_clients_of, "pricing"),
        "gcp_price_catalog": partial(_google_credentials, PRICE_SCOPES),
    }
    connection = named(conn_id)
    return makers[source.type](connection, extra_of(connection))


def mirror_client_for(mirror: Mirror) -> CloudLogin | None:
    """Return how a mirror's cloud is logged in to, or None to leave that to the SDK's own chain.

    Raise BadInput when the Connection cannot serve it.
    """
    from finops.core.cloud_login import CloudLogin

    if mirror.connection is None:
        return None
    connection = named(mirror.connection)
    extra = extra_of(connection)
    makers: dict[str, Callable[[], Any]] = {
        "aws": lambda: aws_session(connection, extra),
        "azure": lambda: azure_identity(connection, extra),
        "gcp": lambda: google_options(connection, extra, BILLING_SCOPES)["credentials"],
    }
    return CloudLogin(makers[mirror.provider](), extra.get("endpoint_url"))


def channel_client_for(channel: AnyChannel) -> object | None:
    """Return the mail server, or the secret, of a channel's Connection; None where it names none.

    Raise BadInput when the Connection cannot serve the channel.
    """
    if channel.connection is None:
        return None
    connection = named(channel.connection)
    if channel.type == "mail":
        return _mail_server(connection, extra_of(connection), "")
    from pydantic import SecretStr

    require(connection, "password")
    return SecretStr(connection.password)


def login_for(account: Account) -> object | None:
    """Return the session, or the credentials, with which actions are in an account; None where it names no Connection.

    Raise BadInput when the Connection cannot serve it.
    """
    if account.connection is None:
        return None
    connection = named(account.connection)
    extra = extra_of(connection)
    if account.provider == "aws":
        return aws_session(connection, extra)
    if account.provider == "azure":
        return azure_identity(connection, extra)
    return google_options(connection, extra, CLOUD_SCOPES)["credentials"]


def ec2_client_of(conn_id: str) -> Callable[[str], Any]:
    """Return what makes the EC2 client of a region; the Connection's fields are those of ``s3://``."""
    connection = named(conn_id)
    extra = extra_of(connection)
    session = aws_session(connection, extra)

    def client(region: str) -> Any:
        endpoint = extra.get("endpoint_url")
        return session.client("ec2", region_name=region, endpoint_url=endpoint, config=aws_config())

    return client


def _http_login(connection: Any, extra: Mapping[str, Any]) -> object:
    from pydantic import SecretStr

    from finops.core.http_login import HttpLogin

    if token := extra.get("bearer_token"):
        return HttpLogin(token=SecretStr(str(token)))
    require(connection, "login")
    return HttpLogin(user=connection.login, password=SecretStr(connection.password or ""))


def _google_credentials(scopes: tuple[str, ...], connection: Any, extra: Mapping[str, Any]) -> object | None:
    return google_options(connection, extra, scopes)["credentials"]


def _aws_clients_of(service: str, connection: Any, extra: Mapping[str, Any]) -> Callable[[str, int], object]:
    return partial(_aws_clients(connection, extra), service)


def _aws_clients(connection: Any, extra: Mapping[str, Any]) -> Callable[[str, str, int], object]:
    session = aws_session(connection, extra)

    def client(service: str, region: str, seconds: int) -> object:
        config = aws_config(seconds)
        return session.client(service, region_name=region, endpoint_url=extra.get("endpoint_url"), config=config)

    return client


def _s3(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    session = aws_session(connection, extra)
    return session.client("s3", endpoint_url=extra.get("endpoint_url"), config=aws_config())


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
        return BlobServiceClient(f"https://{host}", credential=azure_credential(connection, extra), **options)
    except ValueError:
        raise BadInput(f"connection {connection.conn_id!r}: its Azure credentials are not well formed") from None


def _bigquery(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from google.cloud import bigquery

    return bigquery.Client(**google_options(connection, extra, BIGQUERY_SCOPES))


def _storage(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from google.cloud import storage

    return storage.Client(**google_options(connection, extra, STORAGE_SCOPES))


def _mail_server(connection: Any, extra: Mapping[str, Any], _uri: str) -> object:
    from pathlib import Path

    from pydantic import SecretStr

    from finops.core.mail import MailServer

    require(connection, "host")
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
