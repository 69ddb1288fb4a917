"""The configured sources and the commands that a person uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import aws_export, azure_export, csv_bytes, gz_bytes, put, rows
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput, FinopsError
from finops.core.formats import SourceFormat
from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.policy.sources import load

CUR2 = SourceFormat.AWS_CUR2


def configured(folder: Path, text: str) -> Settings:
    put(folder / "config" / "sources.yml", text.encode())
    return Settings(home=folder / "home", config_dir=folder / "config")


def test_the_sources_that_are_shipped_are_the_three_sample_folders(settings: Settings) -> None:
    assert [(s.provider, s.uri) for s in load(settings)] == [
        (provider, f"{settings.root}/sample/{provider}") for provider in CLOUDS
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "sources: [{name: a, provider: oracle, uri: x}]",
            ":1: sources[1].provider: must be 'aws', 'azure', 'gcp', 'focus' or a vendor's name such as 'Databricks' "
            "(it is 'oracle')",
        ),
        ("sources: [{name: a, provider: aws}]", ":1: sources[1]: missing key uri"),
        (
            "sources: [{name: a, provider: aws, uri: x, ulr: y}]",
            ":1: sources[1].ulr: unknown key; known keys are name, provider",
        ),
        (
            "sources: [{name: a, provider: aws, uri: x}, {name: a, provider: aws, uri: y}]",
            ":1: sources[2].name: source a appears twice",
        ),
        ("sources: [3]", ":1: sources[1]: must be a mapping"),
        ("source: []", ":1: source: unknown key; known keys are sources"),
        ("sources: [", "sources.yml:1: no YAML"),
    ],
)
def test_a_configuration_that_is_not_as_it_should_be_names_file_source_and_field(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load(configured(tmp_path, text))
    assert said in str(caught.value)
    assert "sources.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def run(monkeypatch, tmp_path: Path):
    """Run a command on a home of the test's own."""
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path / "home"))

    def _run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return _run


def test_the_command_lands_reports_and_shows_what_it_landed(run, origin: Path) -> None:
    aws_export(origin, "2025-01", {"bill.csv.gz": gz_bytes(rows(CUR2, ["1234.5", "-0.5"]))})
    done = run("ingest", "--provider", "aws", "--from", origin, "--json")
    assert done.exit_code == 0
    landed = json.loads(done.stdout)["landed"][0]
    assert (landed["source"], landed["totals"][0]["source_cost"]) == ("bill", "1234.000000000000")
    shown = run("status").stdout
    assert "1,234.00 USD" in shown
    assert "to be built" in shown
    assert json.loads(run("status", "--json").stdout)["deliveries"][0]["row_count"] == 2


def test_a_bad_delivery_exits_2_and_one_that_only_waits_exits_1(run, origin: Path) -> None:
    aws_export(origin, "2025-01", {"bill.csv.gz": gz_bytes(rows(CUR2, ["1"]))}).unlink()
    waiting = run("ingest", "--provider", "aws", "--from", origin)
    assert (waiting.exit_code, "no manifest" in waiting.stderr) == (1, True)
    aws_export(origin, "2025-02", {"bill.csv.gz": gz_bytes(rows(CUR2, ["x"], "2025-02"))})
    bad = run("ingest", "--provider", "aws", "--from", origin)
    assert bad.exit_code == 2
    assert "column line_item_unblended_cost, line 2" in bad.stderr
    assert {each["outcome"] for each in json.loads(run("status", "--json").stdout)["not_taken"]} == {
        "waiting",
        "quarantined",
    }


def test_every_configured_source_is_tried_though_one_is_missing(run, tmp_path: Path, monkeypatch) -> None:
    text = "sources: [{name: a, provider: aws, uri: '{home}/a'}, {name: b, provider: aws, uri: '{home}/b'}]"
    configured(tmp_path, text)
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(tmp_path / "config"))
    aws_export(tmp_path / "home" / "b", "2025-01", {"bill.csv.gz": gz_bytes(rows(CUR2, ["1"]))})
    done = run("ingest")
    assert done.exit_code == 2
    assert "landed aws bill 2025-01" in done.stdout
    assert "does not exist" in done.stderr


def test_a_dry_run_lands_nothing(run, origin: Path) -> None:
    aws_export(origin, "2025-01", {"bill.csv.gz": gz_bytes(rows(CUR2, ["1"]))})
    assert "new aws bill 2025-01" in run("ingest", "--provider", "aws", "--from", origin, "--dry-run").stdout
    assert json.loads(run("status", "--json").stdout)["deliveries"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--provider", "oracle", "--from", "x"),
        ("--from", "x"),
        ("--provider", "aws", "--from", "x", "--billing-period", "2025-1"),
        ("--provider", "aws", "--from", "ftp://host/x"),
        ("--no-manifest",),
    ],
)
def test_bad_use_is_named(run, arguments: tuple[str, ...]) -> None:
    done = run("ingest", *arguments)
    failed = done.exit_code == 2 or isinstance(done.exception, FinopsError)
    assert failed


def test_status_says_which_half_of_azure_a_month_waits_for(run, origin: Path) -> None:
    azure_export(
        origin, "2025-01", {"p.csv": (csv_bytes(rows(SourceFormat.AZURE_AMORTIZED, ["1"])), 1)}, kind="AmortizedCost"
    )
    run("ingest", "--provider", "azure", "--from", origin)
    assert "waits for its actual export" in run("status").stdout
