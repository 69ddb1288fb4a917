"""From an Airflow Connection to the cloud's own client. A planted canary must never show in a message."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from finops.core.errors import BadInput
from finops.telemetry.monitors import gcp_price_catalog
from finops.telemetry.monitors.inventories import gcp
from finops_airflow.clients import client_for, mirror_client_for, telemetry_client_for

CANARY = "canary-Zm9vYmFyYmF6cXV1eA=="


@pytest.fixture
def connect(monkeypatch):
    """Define a Connection as an operator does, by the environment, and return the client for an address."""

    def connect(uri: str, **fields):
        extra = fields.pop("extra", None)
        definition = {"conn_type": "generic", **fields}
        if extra is not None:
            definition["extra"] = extra if isinstance(extra, str) else json.dumps(extra)
        monkeypatch.setenv("AIRFLOW_CONN_BILLS", json.dumps(definition))
        return client_for(SimpleNamespace(uri=uri, connection="bills"))

    return connect


def service_account() -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "meridian",
        "client_email": "reader@meridian.iam.gserviceaccount.com",
        "private_key": pem,
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def test_a_source_without_a_connection_leaves_the_credentials_to_the_sdk():
    assert client_for(SimpleNamespace(uri="s3://bills/cur", connection=None)) is None


def test_access_key_region_and_endpoint_reach_the_s3_client(connect):
    extra = {"region_name": "eu-central-1", "endpoint_url": "http://127.0.0.1:5000"}
    client = connect("s3://bills/cur", login="AKIA1", password=CANARY, extra=extra)
    credentials = client._get_credentials()
    assert (credentials.access_key, credentials.secret_key) == ("AKIA1", CANARY)
    assert client.meta.region_name == "eu-central-1"
    assert client.meta.endpoint_url == "http://127.0.0.1:5000"
    assert client.meta.config.retries["total_max_attempts"] == 6


def test_a_role_is_assumed_with_its_external_id_and_renewed_by_the_sdk(connect):
    from botocore.credentials import DeferredRefreshableCredentials
    from moto import mock_aws

    role = "arn:aws:iam::123456789012:role/finops-read"
    extra = {"region_name": "us-east-1", "role_arn": role, "external_id": "meridian"}
    with mock_aws():
        client = connect("s3://bills/cur", login="AKIA1", password=CANARY, extra=extra)
        credentials = client._get_credentials()
        assert isinstance(credentials, DeferredRefreshableCredentials)
        assert credentials.get_frozen_credentials().access_key.startswith("ASIA")
        client.create_bucket(Bucket="bills")
        assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["bills"]


@pytest.mark.parametrize(
    ("uri", "account"),
    [
        ("az://meridian/costs/daily", "https://meridian.blob.core.windows.net/"),
        ("https://meridian.blob.core.windows.net/costs", "https://meridian.blob.core.windows.net/"),
    ],
)
def test_the_blob_client_goes_to_the_account_of_the_address(connect, uri, account):
    client = connect(uri, login="meridian", password=CANARY)
    assert client.url == account
    assert client.account_name == "meridian"
    assert client.credential.account_key == CANARY


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"extra": {"sas_token": f"?sv=2025&sig={CANARY}"}}, "AzureSasCredential"),
        ({"login": "client", "password": CANARY, "extra": {"tenant_id": "tenant"}}, "ClientSecretCredential"),
        ({"login": "meridian", "extra": {"shared_access_key": CANARY}}, "SharedKeyCredentialPolicy"),
        ({}, "DefaultAzureCredential"),
    ],
)
def test_each_way_of_signing_in_to_azure_is_told_by_the_fields(connect, fields, kind):
    assert type(connect("az://meridian/costs", **fields).credential).__name__ == kind


def test_a_connection_string_names_its_own_account(connect):
    text = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={CANARY};BlobEndpoint=http://127.0.0.1:10000/a;"
    assert connect("az://meridian/costs", extra={"connection_string": text}).url == "http://127.0.0.1:10000/a/"


@pytest.mark.parametrize("as_text", [False, True], ids=["object", "text"])
def test_a_service_account_key_reaches_the_bigquery_client_for_its_jobs(connect, as_text):
    key = service_account()
    extra = {"project": "jobs", "keyfile_dict": json.dumps(key) if as_text else key}
    client = connect("bq://meridian.billing.export", extra=extra)
    assert client.project == "jobs"
    assert client._credentials.service_account_email == key["client_email"]
    assert client._credentials.scopes == ("https://www.googleapis.com/auth/bigquery",)


@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("s3://bills/cur", {"extra": f'{{"endpoint_url": "{CANARY}'}),
        ("s3://bills/cur", {"extra": f'["{CANARY}"]'}),
        ("az://meridian/costs", {"password": CANARY}),
        ("az://meridian/costs", {"login": "client", "extra": {"tenant_id": CANARY}}),
        ("az://meridian/costs", {"extra": {"connection_string": f"AccountKey={CANARY}"}}),
        ("bq://p.d.t", {"extra": {"keyfile_dict": CANARY}}),
        ("bq://p.d.t", {"extra": {"keyfile_dict": {"private_key": CANARY}}}),
        ("bq://p.d.t", {"extra": {"key_path": f"/nowhere/{CANARY}"}}),
        ("/bills/by-hand", {"password": CANARY}),
    ],
)
def test_a_connection_that_cannot_serve_is_named_and_none_of_its_values(connect, caplog, capfd, uri, fields):
    with pytest.raises(BadInput, match="connection 'bills'") as caught:
        connect(uri, **fields)
    chain = f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert CANARY not in chain + caplog.text + "".join(capfd.readouterr())


def test_a_connection_that_does_not_exist_is_named():
    with pytest.raises(BadInput, match="no Airflow Connection 'absent'"):
        client_for(SimpleNamespace(uri="s3://bills/cur", connection="absent"))


def test_a_service_account_key_reaches_the_storage_client_with_the_right_to_write(connect):
    key = service_account()
    client = connect("gs://meridian/statements", extra={"project": "jobs", "keyfile_dict": key})
    assert client.project == "jobs"
    assert client._credentials.service_account_email == key["client_email"]
    assert client._credentials.scopes == ("https://www.googleapis.com/auth/devstorage.read_write",)


def test_a_mail_connection_becomes_a_mail_server_that_hides_its_password(connect):
    extra = {"from_email": "finops@meridian.example"}
    server = connect("mailto:lead@meridian.example", host="mail", login="finops", password=CANARY, extra=extra)
    assert (server.host, server.port, server.sender, server.user) == ("mail", 587, "finops@meridian.example", "finops")
    assert server.encryption == "starttls"
    assert server.password.get_secret_value() == CANARY
    assert CANARY not in repr(server)


@pytest.mark.parametrize("extra", [{}, {"from_email": "a@b.example", "encryption": "none"}])
def test_mail_without_a_sender_or_in_the_clear_is_refused(connect, extra):
    with pytest.raises(BadInput, match="from_email"):
        connect("mailto:lead@meridian.example", host="mail", password=CANARY, extra=extra)


@pytest.fixture
def log_in(monkeypatch):
    """Define a Connection and return what a monitoring system of this type is asked with."""

    def log_in(kind: str, **fields):
        extra = fields.pop("extra", None)
        definition = {"conn_type": "generic", **fields} | ({"extra": json.dumps(extra)} if extra else {})
        monkeypatch.setenv("AIRFLOW_CONN_WATCH", json.dumps(definition))
        return telemetry_client_for(SimpleNamespace(type=kind, connection="watch"))

    return log_in


@pytest.mark.parametrize("source", [SimpleNamespace(type="files"), SimpleNamespace(type="mlflow", connection=None)])
def test_telemetry_without_a_connection_leaves_the_login_to_its_source(source):
    assert telemetry_client_for(source) is None


@pytest.mark.parametrize("kind", ["prometheus", "mlflow"])
def test_a_login_or_a_token_reaches_the_monitoring_system_and_shows_nowhere(log_in, kind):
    login = log_in(kind, login="finops", password=CANARY)
    assert (login.user, login.password.get_secret_value(), login.token) == ("finops", CANARY, None)
    token = log_in(kind, login="ignored", extra={"bearer_token": CANARY})
    assert (token.user, token.token.get_secret_value()) == (None, CANARY)
    assert CANARY not in repr(login) + repr(token)


def test_a_connection_without_a_login_is_refused(log_in):
    with pytest.raises(BadInput, match="connection 'watch': the field login is empty; fill it in"):
        log_in("prometheus", password=CANARY)


def test_keys_and_endpoint_reach_the_metrics_client_of_each_region(log_in):
    extra = {"endpoint_url": "http://127.0.0.1:5000"}
    clients = log_in("cloudwatch", login="AKIA1", password=CANARY, extra=extra)
    client = clients("eu-central-1", 7)
    credentials = client._get_credentials()
    assert (credentials.access_key, credentials.secret_key) == ("AKIA1", CANARY)
    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-central-1", "http://127.0.0.1:5000")
    assert client.meta.config.read_timeout == 7


def test_client_id_and_secret_become_a_credential_of_azure(log_in):
    tenant = "11111111-2222-3333-4444-555555555555"
    credential = log_in("azure_monitor", login="client", password=CANARY, extra={"tenant_id": tenant})
    assert (credential._client_id, credential._client_credential, credential._tenant_id) == ("client", CANARY, tenant)
    with pytest.raises(BadInput, match="connection 'watch': the field password is empty"):
        log_in("azure_monitor", login="client", extra={"tenant_id": tenant})


def test_a_service_account_key_may_read_metrics_and_no_more(log_in):
    key = service_account()
    credentials = log_in("cloud_monitoring", extra={"keyfile_dict": key})
    assert credentials.service_account_email == key["client_email"]
    assert credentials.scopes == ("https://www.googleapis.com/auth/monitoring.read",)


def test_inventories_are_asked_with_the_same_connections_and_may_list_and_no_more(log_in):
    extra = {"endpoint_url": "http://127.0.0.1:5000"}
    client = log_in("aws_inventory", login="AKIA1", password=CANARY, extra=extra)("elbv2", "eu-central-1", 7)
    assert (client.meta.service_model.service_name, client.meta.region_name) == ("elbv2", "eu-central-1")
    assert (client.meta.endpoint_url, client.meta.config.read_timeout) == ("http://127.0.0.1:5000", 7)
    tenant = "11111111-2222-3333-4444-555555555555"
    credential = log_in("azure_inventory", login="client", password=CANARY, extra={"tenant_id": tenant})
    assert (credential._client_id, credential._tenant_id) == ("client", tenant)
    assert log_in("gcp_inventory", extra={"keyfile_dict": service_account()}).scopes == gcp.SCOPES


def test_prices_of_google_are_asked_with_the_same_connection_and_may_be_read_and_no_more(log_in):
    credentials = log_in("gcp_price_catalog", extra={"keyfile_dict": service_account()})
    assert credentials.scopes == gcp_price_catalog.SCOPES


@pytest.fixture
def log_in_to(monkeypatch):
    """Define a Connection and return how a mirror's cloud is logged in to."""

    def log_in_to(provider: str, **fields):
        extra = fields.pop("extra", None)
        definition = {"conn_type": "generic", **fields} | ({"extra": json.dumps(extra)} if extra else {})
        monkeypatch.setenv("AIRFLOW_CONN_LIMITS", json.dumps(definition))
        return mirror_client_for(SimpleNamespace(provider=provider, connection="limits"))

    return log_in_to


def test_a_mirror_without_a_connection_leaves_the_login_to_the_sdk():
    assert mirror_client_for(SimpleNamespace(provider="aws", connection=None)) is None


def test_a_mirror_s_connection_becomes_the_login_of_its_cloud_and_shows_nowhere(log_in_to):
    aws = log_in_to("aws", login="AKIA1", password=CANARY, extra={"endpoint_url": "https://budgets.example"})
    assert (aws.credential.get_credentials().secret_key, aws.endpoint) == (CANARY, "https://budgets.example")
    azure = log_in_to("azure", login="client", password=CANARY, extra={"tenant_id": "t-1"})
    assert (azure.credential._client_credential, azure.endpoint) == (CANARY, None)
    key = service_account()
    gcp = log_in_to("gcp", extra={"keyfile_dict": key})
    assert gcp.credential.scopes == ("https://www.googleapis.com/auth/cloud-billing",)
    assert CANARY not in repr(aws) + repr(azure) + repr(gcp)
    assert key["private_key"] not in repr(gcp)


def test_a_mirror_s_connection_that_lacks_a_field_is_refused(log_in_to):
    with pytest.raises(BadInput, match="connection 'limits': the field password is empty"):
        log_in_to("azure", login="client", extra={"tenant_id": "t-1"})
