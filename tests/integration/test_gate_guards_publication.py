"""From a finished build through the gate to readers: what the gate refuses, they never see."""

from __future__ import annotations

import pytest
from tests.crafted_warehouse import craft, edit

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.quality.service import check
from finops.stores import published
from finops.stores.state import period_inputs
from finops.stores.state.store import open_state
from finops.transform.publish import publish

pytestmark = pytest.mark.integration

SCOPE = [("aws", "2025-01"), ("gcp", "2025-01")]


def test_a_refused_build_stays_pending_and_the_repaired_one_is_published(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    assert check(settings).passed
    before = publish(settings)
    link = (settings.published_dir / "current").readlink()

    craft(settings, SCOPE, build_id="build-2", lines=60, revision=1)
    one_row_each = "rowid in (select max(rowid) from marts.mart_chargeback group by provider)"
    edit(settings, f"update marts.mart_chargeback set billed_cost = billed_cost + 0.01 where {one_row_each}")
    with pytest.raises(Finding, match="mart_chargeback"):
        check(settings)
    with pytest.raises(Finding, match="the gate refused build build-2"):
        publish(settings)
    assert (settings.published_dir / "current").readlink() == link
    assert published.latest(settings) == before
    with open_state(settings).connect() as state:
        assert len(period_inputs.pending(state)) == 2, "what was refused is still to be built"

    craft(settings, SCOPE, build_id="build-3", lines=60, revision=1)
    check(settings)
    after = publish(settings)
    assert after.build_id == "build-3"
    assert after.manifest["gate"]["passed"] is True
    with open_state(settings).connect() as state:
        assert period_inputs.pending(state) == []
