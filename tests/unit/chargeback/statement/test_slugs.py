"""A cost centre's folder is its own, whatever its name."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from finops.chargeback.statement.slugs import COMPANY, slug_of

SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


@given(st.text(max_size=60))
def test_a_slug_is_a_plain_folder_name_and_never_the_companys(cost_center: str) -> None:
    slug = slug_of(cost_center)
    assert SAFE.fullmatch(slug)
    assert slug != COMPANY


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_cost_centres_never_share_a_folder(one: str, other: str) -> None:
    names = {one, other, slug_of(one), slug_of(other)}  # a name made to look like another one's folder included
    assert len({slug_of(name) for name in names}) == len(names) or any(slug_of(name) == name for name in names)
    assert (slug_of(one) == slug_of(other)) == (one == other) or slug_of(one) == other or slug_of(other) == one


def test_names_that_look_alike_stay_apart() -> None:
    names = ["cc-1001", "CC-1001", "cc 1001", "cc-1001 ", "cc_1001", "../cc-1001", "company", "Company", "", "💸", "م"]
    assert len({slug_of(name) for name in names}) == len(names)
    assert slug_of("cc-1001") == "cc-1001"
    assert slug_of("../x").startswith("x--")


def test_no_plain_name_can_be_made_to_look_like_another_ones_folder() -> None:
    taken = slug_of("CC 1001")
    assert slug_of(taken) != taken
