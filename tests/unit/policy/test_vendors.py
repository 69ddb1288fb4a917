"""A vendor whose bill is in FOCUS is a provider in every configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import accounts, sources

ACCOUNTS = """
accounts: [{provider: [aws, Databricks], account: "1"}]
default: "2"
unallocated: {cost_center: "3", account: "4"}
clearing: {aws: "5", azure: "6", gcp: "7"VENDORS}
"""


def configured(folder: Path, name: str, text: str) -> Settings:
    (folder / name).write_text(text, encoding="utf-8")
    return Settings(home=folder / "home", config_dir=folder)


def test_a_vendor_is_cleared_on_its_own_account_or_on_that_of_all_others(tmp_path: Path) -> None:
    text = ACCOUNTS.replace("VENDORS", ', focus: "8", vendors: {Oracle: "9"}')
    loaded = accounts.load(configured(tmp_path, "gl_accounts.yml", text))
    assert [loaded.clearing_of(each) for each in ("aws", "Oracle", "Databricks", "focus")] == ["5", "9", "8", "8"]


def test_a_vendor_without_an_account_is_named(tmp_path: Path) -> None:
    loaded = accounts.load(configured(tmp_path, "gl_accounts.yml", ACCOUNTS.replace("VENDORS", "")))
    with pytest.raises(BadInput, match="clearing has no account for Databricks; add it to vendors, or focus"):
        loaded.clearing_of("Databricks")


def test_a_name_that_no_vendor_has_is_refused(tmp_path: Path) -> None:
    text = ACCOUNTS.replace("VENDORS", "").replace("Databricks", "databricks")
    with pytest.raises(BadInput, match="'databricks' is none of aws, azure, gcp, focus"):
        accounts.load(configured(tmp_path, "gl_accounts.yml", text))


def test_a_source_says_focus_and_may_say_its_format(tmp_path: Path) -> None:
    text = """
sources:
  - {name: vendors, provider: focus, uri: x}
  - {name: small, provider: azure, uri: y, format: azure_only_actual}
"""
    found = sources.load(configured(tmp_path, "sources.yml", text))
    assert [(each.provider, each.format) for each in found] == [("focus", None), ("azure", "azure_only_actual")]
    with pytest.raises(BadInput, match=r"provider: must be 'aws', .* 'Databricks' \(it is 'databricks'\)"):
        sources.load(configured(tmp_path, "sources.yml", text.replace("provider: focus", "provider: databricks")))
