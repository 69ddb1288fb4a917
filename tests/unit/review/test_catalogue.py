"""The page explains every KPI that the marts have, under the name that they give it, and no other."""

from __future__ import annotations

import re

from tests.model_sql import DBT

from finops.review.catalogue import CATALOGUE

MODEL = (DBT / "models" / "marts" / "kpi" / "mart_kpi_values.sql").read_text(encoding="utf-8")


def test_every_kpi_of_the_mart_is_explained_under_its_own_name() -> None:
    named = dict(re.findall(r'"kpi": "(\w+)",\s+"name": "([^"]+)"', MODEL))
    assert len(named) >= 10
    assert {kpi: about.name for kpi, about in CATALOGUE.items()} == named


def test_every_explanation_is_a_sentence_that_says_by_what_it_is_broken_down() -> None:
    for about in CATALOGUE.values():
        assert about.how.endswith(".")
        assert about.by
        assert about.needs
