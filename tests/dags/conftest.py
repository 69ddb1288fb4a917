"""Airflow is told where its home is before anything imports it, so that it never writes into a user's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

os.environ.update(
    AIRFLOW_HOME=tempfile.mkdtemp(prefix="airflow-"),
    AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT / "plugins"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
)


@pytest.fixture(scope="session")
def bag():
    """Every DAG of the project, as the dag-processor reads them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags")


@pytest.fixture
def home(settings, monkeypatch):
    """Let what a task runs use the test's own FINOPS_HOME."""
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    return settings
