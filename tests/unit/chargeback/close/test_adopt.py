"""A closed month stays closed when the state store is lost: nobody closes it again, and its record is taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.chargeback.published_version import bill, publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.cli import app
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import closed_files
from finops.stores.state import closing, store
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import begin_state, open_state

MAY, JUNE = BillingPeriod(2026, 5), BillingPeriod(2026, 6)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two published months of one cost centre, May closed."""
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(tmp_path / "config"))
    settings = Settings()
    publish_version(settings, [bill("2026-05-03", "10.005"), bill("2026-06-03", "33.335")])
    service.close(settings, MAY, "Ann Lee")
    return settings


def lose_the_store(settings: Settings) -> None:
    for file in settings.root.glob("state.db*"):
        file.unlink()
    store._open.cache_clear()


def test_an_empty_state_store_beside_published_data_is_an_error_that_says_what_to_do(settings: Settings) -> None:
    """A mistyped address would otherwise look like a platform in which nothing was ever landed or closed."""
    lose_the_store(settings)
    with pytest.raises(BadInput, match=r"state\.db is empty, but .* correct FINOPS_STATE_URL.*finops state adopt"):
        open_state(settings)


def test_a_month_that_the_store_does_not_know_is_neither_published_nor_closed_again(settings: Settings) -> None:
    lose_the_store(settings)
    begin_state(settings)
    for attempt in (
        lambda: service.close(settings, MAY, "Bob"),
        lambda: service.close(settings, JUNE, "Bob"),
        lambda: service.publish(settings, MAY),
    ):
        with pytest.raises(Finding, match=r"holds 2026-05 as closed.*finops state adopt"):
            attempt()


def test_adopting_takes_back_the_record_as_it_was(settings: Settings) -> None:
    before = service.closed_months(settings)
    lose_the_store(settings)

    (adopted,) = service.adopt(settings)

    assert service.closed_months(settings) == before == {MAY: adopted}
    assert service.publish(settings, MAY).status == "final"
    assert service.adopt(settings) == ()


def test_a_dry_run_begins_no_store(settings: Settings) -> None:
    lose_the_store(settings)
    assert [each.billing_period for each in service.adopt(settings, dry_run=True)] == [MAY]
    with pytest.raises(BadInput, match="is empty"):
        open_state(settings)


@pytest.mark.parametrize("name", ["charges.parquet", "statements/index.html"])
def test_a_month_whose_files_were_changed_is_not_adopted(settings: Settings, name: str) -> None:
    lose_the_store(settings)
    file = closed_files.folder_of(settings, MAY) / name
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(Finding, match="is not what was recorded when 2026-05 was closed"):
        service.adopt(settings)
    with pytest.raises(BadInput, match="is empty"):
        open_state(settings)


@pytest.mark.parametrize("text", ["", "{}", '{"billing_period": "2026-05"}', "[1]"])
def test_a_damaged_record_is_named(settings: Settings, text: str) -> None:
    lose_the_store(settings)
    record = closed_files.folder_of(settings, MAY) / closed_files.RECORD
    record.chmod(0o644)
    record.write_text(text)
    with pytest.raises(BadInput, match=r"record\.json is damaged"):
        service.adopt(settings)


def test_a_month_that_an_earlier_release_closed_gets_its_record_while_the_store_is_there(settings: Settings) -> None:
    record = closed_files.folder_of(settings, MAY) / closed_files.RECORD
    text = record.read_text()
    record.unlink()
    months = service.closed_months(settings)
    assert record.read_text() == text
    assert closing.from_json(text) == months[MAY]


def test_a_close_that_was_killed_after_its_record_is_finished_by_the_next_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Settings, record: ClosedPeriod) -> None:
        if record.billing_period == JUNE:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(closed_files, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            service.close(settings, JUNE, "Ann Lee")
    assert not closed_files.folder_of(settings, JUNE).exists()

    assert set(service.closed_months(settings)) == {MAY, JUNE}

    assert service.publish(settings, JUNE).status == "final"


def test_the_command_says_what_it_adopts(settings: Settings) -> None:
    lose_the_store(settings)
    text = CliRunner().invoke(app, ["state", "adopt", "--dry-run"], catch_exceptions=False).output
    assert text.startswith("Would adopt 2026-05, closed by Ann Lee, ")
    found = json.loads(CliRunner().invoke(app, ["state", "adopt", "--json"], catch_exceptions=False).output)
    assert [each["billing_period"] for each in found["adopted"]] == ["2026-05"]
    again = CliRunner().invoke(app, ["state", "adopt"], catch_exceptions=False).output
    assert again == "Every closed month is recorded.\n"
