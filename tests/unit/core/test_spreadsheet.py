"""A tag value comes from anybody who can tag a resource; finance opens it in a spreadsheet."""

from __future__ import annotations

import pytest

from finops.core.spreadsheet import neutralise


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x")']
)
def test_text_that_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["", "cc-1001", "a=b", "(none)", "Amazon EC2", "'=1"])
def test_other_text_is_left_alone(text: str) -> None:
    assert neutralise(text) == text
