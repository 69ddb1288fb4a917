"""Targets of KPIs have defaults, and a wrong one is named with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import kpis
from finops.policy.kpis import KpiTargets


def _load(tmp_path: Path, text: str | None) -> KpiTargets:
    if text is not None:
        (tmp_path / "kpis.yml").write_text(text)
    return kpis.load(Settings(home=tmp_path, config_dir=tmp_path))


def test_without_the_file_or_a_key_the_default_counts(tmp_path: Path) -> None:
    assert _load(tmp_path, None) == KpiTargets()
    found = _load(tmp_path, "targets: {gpu_utilization_training: 85.5}\n")
    assert (found.gpu_utilization_training, found.gpu_utilization_serving) == (Decimal("85.5"), Decimal(70))


def test_what_the_template_says_is_what_counts_without_it() -> None:
    """A person reads the values there and takes them for the truth."""
    text = (Path(kpis.__file__).parent / "templates" / "kpis.yml").read_text(encoding="utf-8")
    said = dict(line[4:].split("#")[0].split(":") for line in text.splitlines() if line.startswith("#   "))
    assert {name: Decimal(value) for name, value in said.items()} == {
        name: Decimal(value) for name, value in KpiTargets().model_dump().items()
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("targets: {gpu_utilization: 80}\n", r"kpis.yml:1: targets.gpu_utilization: unknown key; known keys are gpu_"),
        ("targets:\n  tag_compliance: 101\n", r"kpis.yml:2: targets.tag_compliance: .*less than or equal to 100"),
        (
            "targets:\n  stale_checkpoint_days: 0\n",
            r"kpis.yml:2: targets.stale_checkpoint_days: .*greater than or equal",
        ),
    ],
)
def test_a_wrong_target_is_named_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _load(tmp_path, text)
