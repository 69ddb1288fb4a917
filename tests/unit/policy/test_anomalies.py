"""What counts as an anomaly has defaults, and a wrong entry is named with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import anomalies
from finops.policy.anomalies import AnomalyPolicy, Dimension


def _load(tmp_path: Path, text: str | None) -> AnomalyPolicy:
    if text is not None:
        (tmp_path / "anomalies.yml").write_text(text)
    return anomalies.load(Settings(home=tmp_path, config_dir=tmp_path))


def test_without_the_file_or_a_key_the_default_counts(tmp_path: Path) -> None:
    assert _load(tmp_path, None) == AnomalyPolicy()
    found = _load(tmp_path, "alert: {amount: 12.5}\n")
    assert (found.alert.amount, found.alert.percent) == (Decimal("12.5"), Decimal(25))


def test_what_the_template_says_of_alerts_and_levels_is_what_counts_without_it() -> None:
    """A person reads the values there and takes them for the truth."""
    text = (Path(anomalies.__file__).parent / "templates" / "anomalies.yml").read_text(encoding="utf-8")
    shown = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    begins = {name: shown.index(f"{name}:") for name in ("alert", "levels")}
    said = {}
    for name, at in begins.items():
        body = [line for line in shown[at + 1 :]]
        end = next(n for n, line in enumerate(body) if not line.startswith("  "))
        said[name] = yaml.safe_load("\n".join(body[:end]))
    assert anomalies.Alert(**said["alert"]) == anomalies.Alert()
    assert {name: tuple(map(Dimension, given)) for name, given in said["levels"].items()} == AnomalyPolicy().levels


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alert: {percent: 0}\n", r"anomalies.yml:1: alert.percent: must be greater than 0"),
        ("alert:\n  probability: 2\n", r"anomalies.yml:2: alert.probability: must be less than 0.5"),
        ("alert: {money: 5}\n", r"anomalies.yml:1: alert.money: unknown key; known keys are probability, amount"),
        ("levels:\n  mine: [colour]\n", r"anomalies.yml:2: levels.mine.*must be 'provider'"),
        (
            "hourly_levels: [planet]\n",
            r"anomalies.yml:1: hourly_levels.*unknown level 'planet'; watched levels are total",
        ),
        (
            "rules:\n  mean_ratio: {levels: [planet]}\n",
            r"anomalies.yml:2: rules.mean_ratio.levels.*unknown level 'planet'",
        ),
        (
            "rules:\n  daily_limits:\n  - {name: unit-price, level: ai_model, more_than: 5}\n",
            r"anomalies.yml:3: rules.daily_limits.*'unit-price' names another rule already",
        ),
        (
            "planned:\n- {series: {ai_model: a}, from: 2025-02-02, to: 2025-02-01, why: x}\n",
            r"anomalies.yml:2: planned.*ends on 2025-02-01, before it begins on 2025-02-02",
        ),
        (
            "feedback:\n- {incident: INC-1, verdict: 'no', by: a}\n- {incident: INC-1, verdict: 'yes', by: b}\n",
            r"anomalies.yml:3: feedback.*INC-1 has an answer already; keep one",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _load(tmp_path, text)
