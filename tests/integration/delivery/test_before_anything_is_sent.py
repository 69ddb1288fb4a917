"""What is refused before anything is sent, and what the command says of each target."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from delivery_steps import FILES, HOSTILE, JANUARY, configure

from finops.core.errors import BadInput, Finding, NotReady
from finops.core.periods import BillingPeriod
from finops.delivery import service
from finops.delivery.models import Result

pytestmark = pytest.mark.integration


def test_a_dry_run_says_who_would_get_what_and_touches_nothing(settings, tmp_path):
    share = tmp_path / "share"
    configure(settings, {"company": [str(share)], "cost_centers": {"cc-1001": [str(share)], "cc-9": [str(share)]}})
    report = service.deliver(settings, JANUARY, dry_run=True)
    assert [(each.cost_center, each.result, set(each.files)) for each in report.outcomes] == [
        (None, Result.PLANNED, FILES),
        ("cc-1001", Result.PLANNED, FILES),
    ]
    assert report.without_statement == ("cc-9",)
    assert report.without_target == (HOSTILE,)
    assert not share.exists()


def test_a_set_with_another_cost_centres_row_or_a_changed_byte_is_delivered_to_nobody(settings, tmp_path):
    share = tmp_path / "share"
    configure(settings, {"company": [str(share)], "cost_centers": {"cc-1001": [str(share)]}})
    folder = (settings.statements_dir / "billing_period=2025-01").resolve()
    statement = folder / "cc-1001" / "statement.csv"
    whole = statement.read_bytes()
    statement.write_bytes(whole + whole.splitlines(keepends=True)[-1].replace(b"cc-1001", b"cc-1002"))
    with pytest.raises(Finding, match="is not what its manifest"):
        service.deliver(settings, JANUARY)
    manifest = json.loads((folder / "manifest.json").read_text())
    for each in manifest["files"]:
        if each["path"] == "cc-1001/statement.csv":
            each["sha256"] = hashlib.sha256(statement.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Finding, match="rows of another cost centre"):
        service.deliver(settings, JANUARY)
    assert not share.exists()


def test_a_month_without_statements_says_what_to_run(settings):
    configure(settings, {})
    with pytest.raises(NotReady, match="finops chargeback publish --billing-period 2025-02"):
        service.deliver(settings, BillingPeriod(2025, 2))


def test_a_folder_that_cannot_be_written_is_named(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    configure(settings, {"cost_centers": {"cc-1001": [str(tmp_path / "file" / "share")]}})
    (failed,) = service.deliver(settings, JANUARY).failed
    assert "correct the folder" in str(failed.reason)


def test_the_configuration_is_read_before_anything_else(settings):
    configure(settings, {"cost_centers": {"cc-1001": ["ftp://x"]}})
    with pytest.raises(BadInput, match=r"delivery\.yml:3: cost_centers\.cc-1001\[1\]: 'ftp://x' is no target"):
        service.deliver(settings, JANUARY)


def test_the_command_prints_each_outcome_and_ends_with_1_where_a_target_failed(settings, tmp_path, monkeypatch, capsys):
    from finops.cli import main

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    share, wrong = str(tmp_path / "share"), str(tmp_path / "file" / "share")
    (tmp_path / "file").write_text("in the way")

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["finops", "chargeback", "deliver", "--billing-period", "2025-01", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    configure(settings, {"cost_centers": {"cc-1001": [wrong, share], HOSTILE: [share]}})
    assert run("--dry-run") == 0
    said = capsys.readouterr().out
    assert said.count("planned") == 3
    assert "\nBcc" not in said, "a tag's value is shown as a literal, not as lines of its own"
    assert run("--json") == 1
    said = capsys.readouterr()
    by_target = {(e["cost_center"], e["target"]): e["result"] for e in json.loads(said.out)["deliveries"]}
    assert by_target == {("cc-1001", wrong): "failed", ("cc-1001", share): "delivered", (HOSTILE, share): "delivered"}
    assert said.err.count("\n") == 1
    assert wrong in said.err
