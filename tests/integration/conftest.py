"""The stand-ins of the clouds: each starts once per session, when a test first asks for it, and ends with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from servers import bigquery, blob, gcs, postgres, s3

from finops.core.settings import Settings
from finops.sample.service import generate


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[s3.S3Server]:
    with s3.s3_server() as server:
        yield server


@pytest.fixture
def s3_server(_s3_server: s3.S3Server) -> s3.S3Server:
    """S3; it behaves, and counts requests anew, at the start of each test."""
    _s3_server.proxy.reset()
    return _s3_server


@pytest.fixture(scope="session")
def _blob_server() -> Iterator[blob.BlobServer]:
    if reason := blob.why_not():
        # A run in CI without it would look as if this door had been tested.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with blob.blob_server() as server:
        yield server


@pytest.fixture
def blob_server(_blob_server: blob.BlobServer) -> blob.BlobServer:
    """Azure Blob; it behaves, and counts requests anew, at the start of each test."""
    _blob_server.proxy.reset()
    return _blob_server


@pytest.fixture(scope="session")
def _gcs_server() -> Iterator[gcs.GcsServer]:
    with gcs.gcs_server() as server:
        yield server


@pytest.fixture
def gcs_server(_gcs_server: gcs.GcsServer) -> gcs.GcsServer:
    """Google Cloud Storage; it behaves, and counts requests anew, at the start of each test."""
    _gcs_server.proxy.reset()
    return _gcs_server


@pytest.fixture(scope="session")
def _bigquery_server() -> Iterator[bigquery.BigQueryServer]:
    with bigquery.bigquery_server() as server:
        yield server


@pytest.fixture
def bigquery_server(_bigquery_server: bigquery.BigQueryServer) -> bigquery.BigQueryServer:
    """BigQuery; it behaves, and counts requests and queries anew, at the start of each test."""
    _bigquery_server.proxy.reset()
    _bigquery_server.queries.clear()
    return _bigquery_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a real PostgreSQL server's first database, as its superuser."""
    if reason := postgres.why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with postgres.postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of small native bills: ``aws/``, ``azure/`` and ``gcp/`` as their clouds lay them out."""
    out = tmp_path_factory.mktemp("bills")
    generate(out, months=2, lines_per_month=2_000)
    return out


@pytest.fixture(scope="session")
def loader_url(postgres_url: str) -> str:
    """A database's address for a user as an operator makes one: it owns its database and may make roles."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("create role loader login createrole")
        connection.execute("create role analyst login")
        connection.execute("create database reporting owner loader")
    return postgres_url.replace("finops@", "loader@").rsplit("/", 1)[0] + "/reporting"


@pytest.fixture
def serving_settings(settings: Settings, loader_url: str, request: pytest.FixtureRequest) -> Settings:
    """A home of its own, and a schema of its own to serve from."""
    settings.serving_url, settings.serving_schema = loader_url, "s" + str(abs(hash(request.node.nodeid)))
    return settings
