"""Forecasting has defaults, and a wrong entry is named with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import forecasting
from finops.policy.forecasting import Forecasting


def _load(tmp_path: Path, text: str | None) -> Forecasting:
    if text is not None:
        (tmp_path / "forecasting.yml").write_text(text)
    return forecasting.load(Settings(home=tmp_path, config_dir=tmp_path))


def test_without_the_file_or_a_key_the_default_counts(tmp_path: Path) -> None:
    assert _load(tmp_path, None) == Forecasting()
    assert _load(tmp_path, "smallest_share: 0.01\n").smallest_share == Decimal("0.01")


def test_what_the_template_says_is_what_counts_without_it(tmp_path: Path) -> None:
    """A person reads the values there and takes them for the truth."""
    text = (Path(forecasting.__file__).parent / "templates" / "forecasting.yml").read_text(encoding="utf-8")
    said = [line.removeprefix("# ") for line in text.splitlines()[2:8]]
    assert _load(tmp_path, "\n".join(said)) == Forecasting()


def test_the_events_of_the_template_are_valid(tmp_path: Path) -> None:
    text = (Path(forecasting.__file__).parent / "templates" / "forecasting.yml").read_text(encoding="utf-8")
    said = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(("# events", "#   - {name"))]
    assert [each.selection for each in _load(tmp_path, "\n".join(said)).events] == [
        {"ai_project": "vision"},
        {"cost_center": "research"},
    ]


def test_a_pattern_of_services_is_read_without_regard_to_case() -> None:
    assert Forecasting().calendar.has("AWS Support (Enterprise)")
    assert not Forecasting().calendar.has("Amazon Bedrock")


_EVENT = "events:\n  - {name: Launch, from: 2026-07-06, to: 2026-07-19, "


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("levels: [provider, team]\n", r"forecasting.yml:1: levels\[2\]: .*'cost_center'"),
        ("levels: [provider, provider]\n", r"forecasting.yml:1: levels: names a level twice"),
        ("smallest_share: 0.9\n", r"forecasting.yml:1: smallest_share: .*less than or equal to 0.5"),
        (f"{_EVENT}}}\n", r"forecasting.yml:2: events\[1\]: needs either a factor or an amount"),
        (f"{_EVENT}amount: 4}}\n", r"forecasting.yml:2: events\[1\]: has an amount; say in which currency"),
        (
            "events:\n  - {name: x, from: 2026-07-06, to: 2026-07-01, factor: 2}\n",
            r"events\[1\]: ends on 2026-07-01, before it begins on 2026-07-06",
        ),
        (
            f"levels: [provider]\n{_EVENT}factor: 2, ai_project: atlas}}\n",
            r"forecasting.yml:3: events\[1\].ai_project: ai_project is no level of the forecast",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _load(tmp_path, text)
