"""Children sum to their parent to the smallest unit, whatever was forecast."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.errors import BadInput
from finops.timeseries.forecasting.hierarchy import reconcile

TREE = {"a": "total", "b": "total", "c": "total", "a1": "a", "a2": "a", "a3": "a", "b1": "b"}
NAMES = ["total", *TREE]
AMOUNTS = st.floats(-1e9, 1e12, allow_nan=False)


def said(means: dict[str, list[float]], width: float = 1.0) -> pd.DataFrame:
    rows = pd.DataFrame(
        [(name, ds, mean) for name, each in means.items() for ds, mean in enumerate(each)],
        columns=["unique_id", "ds", "mean"],
    )
    for level, reach in ((80, width), (95, 2 * width)):
        rows[f"lo_{level}"], rows[f"hi_{level}"] = rows["mean"] - reach, rows["mean"] + reach
    return rows


def sums_hold(frame: pd.DataFrame, parents: dict[str, str]) -> bool:
    means = frame.pivot(index="ds", columns="unique_id", values="mean")
    return all(
        means[[child for child, above in parents.items() if above == parent]].sum(axis=1).equals(means[parent])
        for parent in set(parents.values())
    )


@given(
    st.lists(st.lists(AMOUNTS, min_size=2, max_size=2), min_size=len(NAMES), max_size=len(NAMES)),
    st.sampled_from(["0.01", "1", "0.001"]),
)
def test_sums_hold_exactly(values, unit):
    found = reconcile(said(dict(zip(NAMES, values, strict=True))), TREE, Decimal(unit))
    assert sums_hold(found, TREE)
    assert all(mean % Decimal(unit) == 0 for mean in found["mean"])


@given(st.lists(st.floats(0, 1e9), min_size=len(NAMES), max_size=len(NAMES)))
def test_amounts_that_were_not_negative_do_not_become_so(values):
    found = reconcile(said({name: [value] for name, value in zip(NAMES, values, strict=True)}), TREE)
    assert (found["mean"] >= 0).all()


@given(st.lists(AMOUNTS, min_size=len(NAMES), max_size=len(NAMES)))
def test_bounds_hold_the_mean(values):
    found = reconcile(said({name: [value] for name, value in zip(NAMES, values, strict=True)}), TREE)
    order = found[["lo_95", "lo_80", "mean", "hi_80", "hi_95"]].to_numpy()
    assert (np.diff(order, axis=1) >= 0).all()


def test_what_adds_up_already_stays():
    means = {"total": [10.0], "a": [6.0], "b": [3.0], "c": [1.0], "a1": [1.0], "a2": [2.0], "a3": [3.0], "b1": [3.0]}
    found = reconcile(said(means), TREE)
    assert {row.unique_id: float(row.mean) for row in found.itertuples()} == {
        name: each[0] for name, each in means.items()
    }


def test_a_certain_forecast_moves_less_than_an_uncertain_one():
    rows = said({"total": [100.0], "a": [40.0], "b": [40.0]})
    is_a = rows["unique_id"] == "a"
    rows.loc[is_a, ["lo_95", "hi_95"]] = [0.0, 80.0]
    found = reconcile(rows, {"a": "total", "b": "total"}).set_index("unique_id")["mean"]
    assert found["a"] - 40 > 10 * (found["b"] - 40)
    assert found["a"] + found["b"] == found["total"]


@pytest.mark.parametrize(
    ("parents", "words"),
    [
        ({"a": "total", "lost": "total"}, "'lost', which has no forecast"),
        ({"a": "b", "b": "a"}, "circle"),
    ],
)
def test_a_tree_that_is_none_is_refused(parents, words):
    with pytest.raises(BadInput, match=words):
        reconcile(said({"total": [1.0], "a": [1.0], "b": [1.0]}), parents)


def test_a_child_that_lacks_a_moment_is_refused():
    rows = said({"total": [1.0, 2.0], "a": [1.0, 2.0]}).iloc[:-1]
    with pytest.raises(BadInput, match="'a' has no forecast of every moment"):
        reconcile(rows, {"a": "total"})


def test_an_empty_forecast_stays_empty():
    assert reconcile(said({}), {}).empty
