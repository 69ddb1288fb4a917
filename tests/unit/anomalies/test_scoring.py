"""Incidents are held against anomalies that are known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from finops.anomalies.scoring import Label, read_labels, score

FIRST = date(2025, 1, 1)
LABEL = Label("aws", "100", "Amazon SageMaker", "atlas", date(2025, 2, 3), date(2025, 2, 8), "runaway_endpoint")
EARLY = Label("aws", "100", "Amazon EC2", "(none)", date(2025, 1, 5), date(2025, 1, 8), "spike")
SMALL = Label("gcp", "p", "Networking", "(none)", date(2025, 3, 5), date(2025, 3, 6), "egress_burst")


def incident(ident: str, **changed: Any) -> dict[str, Any]:
    found = {
        "incident_id": ident,
        "kind": "spike",
        "series": ident,
        "provider": "aws",
        "sub_account_id": "100",
        "service_name": "Amazon SageMaker",
        "ai_model": "atlas",
        "first_day": date(2025, 2, 3),
        "last_day": date(2025, 2, 8),
        "raised_on": date(2025, 2, 4),
    }
    return {**found, **changed}


def causes(ident: str, **values: str) -> list[dict[str, str]]:
    return [{"incident_id": ident, "dimension": name, "value": value} for name, value in values.items()]


def test_precision_recall_cause_and_delay() -> None:
    named = causes("a", provider="aws", sub_account_id="100", service_name="Amazon SageMaker", ai_model="atlas")
    rows = [
        incident("a"),
        incident("b", service_name="Amazon S3"),
        incident("c", kind="limit", service_name="Amazon S3"),
    ]
    found = score([LABEL, EARLY, SMALL], rows, named, {LABEL: 500, EARLY: 900, SMALL: 3}, FIRST, 50)
    assert (found.material, found.material_found, found.recall) == (1, 1, 1)
    assert (found.incidents, found.right, found.precision) == (2, 1, 0.5)
    assert (found.cause_share, found.delays) == (1, {"runaway_endpoint": [1]})
    assert found.wrong == ("2025-02-03 b",)
    assert found.lines()[0] == "2 incidents, 1 of them planted: precision 50%"


def test_an_incident_of_a_whole_account_finds_only_what_its_cause_names() -> None:
    wide = incident("a", service_name="(all)", ai_model="(all)")
    assert score([LABEL], [wide], [], {LABEL: 500}, FIRST, 50).found == 0
    named = causes("a", provider="aws", sub_account_id="100", service_name="Amazon SageMaker", ai_model="atlas")
    assert score([LABEL], [wide], named, {LABEL: 500}, FIRST, 50).cause_share == 1


def test_other_days_find_nothing() -> None:
    later = incident("a", first_day=date(2025, 3, 3), last_day=date(2025, 3, 8))
    assert score([LABEL], [later], [], {LABEL: 500}, FIRST, 50).missed == (LABEL,)


def test_labels_are_read_with_the_names_that_focus_has(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "provider,series,account,service,model,start,end,kind\n"
        "aws,x,100,AmazonSageMaker,atlas,2025-02-03T00:00:00Z,2025-02-09T00:00:00Z,runaway_endpoint\n"
    )
    assert read_labels(path) == [LABEL]
