"""A company brings a configuration of its own: what ``finops init`` writes, and what ``finops config check`` finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.native_files import LIKE, write_csv
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.cli.config import settings_page
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import check, start

ROOT = Path(__file__).parents[3]
SAMPLE = re.compile("meridian|cc-[0-9]|sample", re.IGNORECASE)


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings of a company with the configuration that `finops init` writes."""
    start.write(tmp_path / "config")
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "config")


def run(settings: Settings, *arguments: str) -> Result:
    environment = {"FINOPS_HOME": str(settings.root), "FINOPS_CONFIG_DIR": str(settings.configuration_dir)}
    return CliRunner().invoke(app, arguments, env=environment)


def test_what_init_writes_is_every_file_and_says_nothing_of_the_sample_s_company(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "new" / "config")])

    assert done.exit_code == 0
    assert "export FINOPS_CONFIG_DIR=" in done.stdout
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new" / "config").iterdir()}
    assert set(written) == {path.name for path in (ROOT / "include" / "config").iterdir()} == set(check.LOADERS)
    assert not [name for name, text in written.items() if SAMPLE.search(text)]


def test_init_overwrites_nothing(own: Settings) -> None:
    (own.configuration_dir / "sources.yml").unlink()
    (own.configuration_dir / "budgets.yml").write_text("budgets: []  # mine\n", encoding="utf-8")
    with pytest.raises(
        BadInput, match=r"has allocation.yml, anomalies.yml, budgets.yml, .* already; .*nothing was written"
    ):
        start.write(own.configuration_dir)
    assert not (own.configuration_dir / "sources.yml").exists()
    assert "mine" in (own.configuration_dir / "budgets.yml").read_text(encoding="utf-8")


def test_what_init_writes_passes_the_check(own: Settings) -> None:
    done = run(own, "config", "check", "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (found["is_valid"], found["warnings"], found["sources"]) == (True, [], [])
    assert found["folder"] == str(own.configuration_dir)


def test_the_sample_s_configuration_passes_the_check() -> None:
    assert check.check(Settings()).is_valid


def test_every_file_s_fault_is_listed_and_not_only_the_first_file_s(own: Settings) -> None:
    folder = own.configuration_dir
    (folder / "sources.yml").write_text("sources: [{name: a}]", encoding="utf-8")
    (folder / "budgets.yml").write_text("budgets:\n  - {cost_center: a}\n", encoding="utf-8")
    (folder / "tag_policy.yml").write_text("keys:\n  - name: team\n", encoding="utf-8")
    (folder / "delivery.yml").write_text("company: [share]", encoding="utf-8")
    done = run(own, "config", "check", "--no-connect")

    assert done.exit_code == 2
    for said in ("sources.yml:1: sources[1]: missing", "budgets.yml:2: budgets[1]: missing", "delivery.yml:1: company"):
        assert f"invalid: {folder}/{said}" in done.stdout
    assert f"{folder}/tag_policy.yml:1: keys: no key has `dimension: cost_center`" in done.stdout
    assert len([line for line in done.stdout.splitlines() if "invalid" in line]) == 4


def test_a_folder_that_does_not_exist_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist; `finops init"):
        check.check(Settings(home=tmp_path, config_dir=tmp_path / "cofnig"))


def test_a_source_out_of_reach_is_a_finding_and_one_with_a_connection_is_not_tried(own: Settings) -> None:
    (own.root / "bills").mkdir(parents=True)
    text = "sources:\n  - {name: here, provider: aws, uri: '{home}/bills'}\n"
    more = "  - {name: away, provider: aws, uri: s3://b/x, connection: aws_default}\n"
    (own.configuration_dir / "sources.yml").write_text(text + more, encoding="utf-8")
    assert run(own, "config", "check").exit_code == 0
    (own.root / "bills").rmdir()
    done = run(own, "config", "check", "--json")

    assert done.exit_code == 1
    assert [each["state"] for each in json.loads(done.stdout)["sources"]] == ["out of reach", "not tried"]
    assert "does not exist" in json.loads(done.stdout)["sources"][0]["reason"]


def test_a_cost_centre_that_the_policy_does_not_allow_is_a_warning_and_for_a_budget_a_fault(own: Settings) -> None:
    folder = own.configuration_dir
    (folder / "tag_policy.yml").write_text(
        "keys:\n  - {name: team, dimension: cost_center, allowed: [blue, red]}\n", encoding="utf-8"
    )
    (folder / "budgets.yml").write_text(
        "budgets:\n  - {cost_center: blau, currency: EUR, from: 2025-01, to: 2025-12, amount: 1}\n", encoding="utf-8"
    )
    (folder / "delivery.yml").write_text("cost_centers: {red: [/share], green: [/share]}", encoding="utf-8")
    found = check.check(own)

    assert [each.fault for each in found.files if each.fault] == [
        f"{folder}/budgets.yml:2: budgets[1].cost_center: cost centre 'blau' is none of the values of team: blue, red"
    ]
    assert [each.partition(" is ")[0] for each in found.warnings] == ["delivery.yml: cost centre 'green'"]


def test_what_has_no_entry_among_the_named_cost_centres_is_a_warning_and_for_a_budget_a_fault(own: Settings) -> None:
    folder = own.configuration_dir
    (folder / "cost_centers.yml").write_text("cost_centers:\n  - {cost_center: red, name: Red}\n", encoding="utf-8")
    (folder / "delivery.yml").write_text("cost_centers: {red: [/share], green: [/share]}", encoding="utf-8")
    (folder / "budgets.yml").write_text(
        "budgets:\n  - {cost_center: blue, currency: EUR, from: 2025-01, to: 2025-12, amount: 1}\n", encoding="utf-8"
    )
    found = check.check(own)

    assert [each.fault for each in found.files if each.fault] == [
        f"{folder}/budgets.yml:2: budgets[1].cost_center: cost centre 'blue' is not in cost_centers.yml; add it there"
    ]
    assert found.warnings == ("delivery.yml: cost centre 'green' is not in cost_centers.yml",)


def test_a_channel_that_is_not_there_is_a_warning(own: Settings) -> None:
    folder = own.configuration_dir
    (folder / "channels.yml").write_text("channels: [{name: chat, type: slack}]", encoding="utf-8")
    entries = "{cost_center: cc-1, channel: chat}, {cost_center: cc-2, channel: chart}"
    (folder / "cost_centers.yml").write_text(f"cost_centers: [{entries}]", encoding="utf-8")
    budget = "{id: all, currency: USD, from: 2026-01, to: 2026-12, amount: 1, channel: chart}"
    (folder / "budgets.yml").write_text(f"tree: [{budget}]", encoding="utf-8")
    [of_cost_center, of_budget] = [each for each in check.check(own).warnings if "channel" in each]
    assert of_cost_center.startswith("cost_centers.yml: cc-2: there is no channel 'chart' in channels.yml")
    assert of_budget.startswith(f"{folder / 'budgets.yml'}:1: tree[1]: all: there is no channel 'chart'")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("keys:\n  - name: cost-center\n", r"tag_policy.yml:1: keys: no key has `dimension: cost_center`"),
        (
            "keys:\n  - {name: a, dimension: cost_center}\n  - name: b\n    dimension: cost_center\n",
            r"tag_policy.yml:4: keys\[2\].dimension: a is the key of cost_center already",
        ),
        (
            "keys:\n  - {name: a, dimension: colour}\n",
            r"tag_policy.yml:2: keys\[1\].dimension: must be 'cost_center', .* \(it is 'colour'\)",
        ),
    ],
)
def test_a_dimension_that_is_missing_doubled_or_unknown_is_named(own: Settings, keys: str, says: str) -> None:
    (own.configuration_dir / "tag_policy.yml").write_text(keys, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        check.tags.load(own)


LINES = [("Compute", "12.5", "blue"), ("Compute", "-0.5", "blue"), ("Storage", "3", "red"), ("Storage", "0.25", None)]


def statements(folder: Path, key: str) -> dict[str, bytes]:
    """Build and publish a month by what `finops init` writes, with this owner key; return the statements' CSV files."""
    start.write(folder / "config")
    own = Settings(home=folder / "home", config_dir=folder / "config")
    policy = (folder / "config" / "tag_policy.yml").read_text(encoding="utf-8")
    named = policy.replace("name: cost-center", f"name: {key}")
    (folder / "config" / "tag_policy.yml").write_text(named, encoding="utf-8")
    (folder / "config" / "sources.yml").write_text(
        f"sources: [{{name: bill, provider: aws, uri: {folder / 'bill.csv'}, no_manifest: true}}]", encoding="utf-8"
    )
    period = {"BillingPeriodStart": "2025-01-01 00:00:00", "BillingPeriodEnd": "2025-02-01 00:00:00"}
    day = {"ChargePeriodStart": "2025-01-03 00:00:00", "ChargePeriodEnd": "2025-01-04 00:00:00"}
    bill = [
        {
            **LIKE["focus_1_0"],
            **period,
            **day,
            **dict.fromkeys(("BilledCost", "EffectiveCost"), cost),
            "ServiceCategory": category,
            "ServiceName": f"Made up {category}",
            "Tags": json.dumps({key: team}) if team else "NULL",
        }
        for category, cost, team in LINES
    ]
    write_csv(folder / "bill.csv", bill)
    for command in ("config check", "ingest", "build", "chargeback publish --billing-period 2025-01"):
        done = run(own, *command.split())
        assert done.exit_code == 0, (command, done.output, done.exception)
    month = own.statements_dir / "billing_period=2025-01"
    return {str(path.relative_to(month)): path.read_bytes() for path in month.glob("*/*.csv")}


@pytest.mark.timeout(900)  # Two builds.
def test_another_company_s_owner_key_gives_the_statements_that_cost_center_gives(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    found = statements(tmp_path / "one", "team")

    assert {"blue/statement.csv", "red/statement.csv", "company/statement.csv"} <= set(found)
    assert b"12.000000000000" in found["blue/statement.csv"]
    assert found == statements(tmp_path / "other", "cost-center")


def test_the_settings_page_is_that_of_the_class() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_page()
    assert str(ROOT) not in settings_page()
    assert all(field.description for field in Settings.model_fields.values())


def test_a_relative_home_counts_from_the_working_directory_and_none_is_the_checkout_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings().root == ROOT / ".data"
    monkeypatch.setenv("FINOPS_HOME", "data")
    assert Settings().root == tmp_path / "data"
    monkeypatch.setenv("FINOPS_HOME", "")
    assert Settings().root == ROOT / ".data"


def test_a_setting_with_an_invalid_value_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_THREADS", "x")
    with pytest.raises(BadInput, match="FINOPS_THREADS: must be a valid integer"):
        Settings()
