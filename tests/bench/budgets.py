"""Measure the evaluation of 10,000 budgets: ``python -m tests.bench.budgets HOME`` writes what they are held against.

Six published months of 8,000 scopes (cost centre, project, model, stage), each with a charge every day, and a tree of
10,000 budgets over them: a company, 20 cost centres, 379 projects, 1,600 models and 8,000 stages. A week, a month, a
quarter and a year are all among the periods. What looks random is the same each time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import yaml

BUDGETS = 10_000
FIGURE = "10,000 budgets evaluated, s"
BOUND = 60.0
MONTHS = [f"2025-{number:02d}" for number in range(1, 7)]

Row = tuple[str, float, float | None]
_DAILY = """
    select {month} as billing_period, 'aws' as provider, 'USD' as billing_currency, day::date as charge_date,
        'Amazon Elastic Compute Cloud' as service_name,
        if(hash(leaf, day, 3) % 50 = 0, 'Tax', 'Usage') as charge_category,
        'cc-' || leaf % 20 as cost_center, 'project-' || leaf % 379 as ai_project, 'model-' || leaf % 1600 as ai_model,
        ['training', 'inference', 'data-preprocessing', 'evaluation', 'labelling'][1 + leaf // 1600] as ai_stage,
        cast((50 + leaf % 100) * (0.8 + hash(leaf, day) % 400 / 1000.0) as decimal(38, 12)) as effective_cost
    from range(8000) as leaves(leaf), range(date {first}, date {first} + interval 1 month, interval 1 day) as days(day)
"""
_COLUMNS = (
    *("billing_period", "provider", "billing_currency", "charge_date", "service_name", "charge_category"),
    *("cost_center", "ai_project", "ai_model", "ai_stage", "effective_cost"),
)


def rows(cache: Path, measure: Callable[[str, Path], dict[str, float]], run: Callable[..., str]) -> list[Row]:
    """Return how long it takes to evaluate them and to make the rows of their tables, and the memory it takes."""
    home = cache / "ten-thousand-budgets"
    if not (home / "published" / "current").exists():
        run("tests.bench.budgets", str(home))
    found = min((measure("budgets", home) for _ in range(2)), key=lambda each: each["wall"])
    return [
        (f"budgets: {FIGURE}", found["wall"], BOUND),
        ("budgets: the same, CPU s", found["cpu"], None),
        ("budgets: the same, peak MB", found["peak_mb"], None),
    ]


def _write(home: Path) -> None:
    version = home / "published" / "versions" / "bench"
    for month in MONTHS:
        folder = version / "fct_daily_costs" / f"billing_period={month}"
        folder.mkdir(parents=True)
        query = _DAILY.format(month=f"'{month}'", first=f"'{month}-01'")
        kept = ", ".join(each for each in _COLUMNS if each != "billing_period")
        duckdb.sql(f"copy (select {kept} from ({query})) to '{folder / 'part.parquet'}'")
    manifest = {
        "build_id": "bench",
        "billing_periods": MONTHS,
        "marts": {"fct_daily_costs": {"billing_periods": MONTHS}},
        "columns": {"fct_daily_costs": list(_COLUMNS)},
        "fact": {"partitions": []},
    }
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    config = home / "config"
    config.mkdir()
    (config / "budgets.yml").write_text(yaml.dump({"tree": [_tree()]}, Dumper=yaml.CSafeDumper), encoding="utf-8")
    (home / "published" / "current").symlink_to(Path("versions") / "bench")


def _tree() -> dict[str, object]:
    """Return the company with everything below it; siblings' periods differ."""
    per = ("month", "month", "quarter", "year", "month", "week")
    owners = [
        {"id": f"cc-{n}", "scope": {"cost_center": f"cc-{n}"}, "amount": 3_000_000, "children": []} for n in range(20)
    ]
    stages = ("training", "inference", "data-preprocessing", "evaluation", "labelling")
    for n in range(379):
        scope = {"ai_project": f"project-{n}"}
        owners[n % 20]["children"].append({"id": f"project-{n}", "scope": scope, "amount": 100_000})  # type: ignore[attr-defined]
    for n in range(1600):
        children = [
            {
                "id": f"model-{n}-{stage}",
                "scope": {"ai_stage": stage},
                "amount": 3_000 * (1, 1, 3, 12, 1, 1)[(n + k) % 6],
                "per": per[(n + k) % 6],
                "thresholds": ["actual 50", "actual 80", "actual 100", "forecast 100", "probability 80"],
            }
            for k, stage in enumerate(stages)
        ]
        model = {"id": f"model-{n}", "scope": {"ai_model": f"model-{n}"}, "amount": 200_000, "per": "year"}
        owners[n % 20]["children"].append({**model, "children": children})  # type: ignore[attr-defined]
    span = {"currency": "USD", "from": "2025-01", "to": "2025-12"}
    return {"id": "company", "amount": 50_000_000, **span, "children": owners}


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
