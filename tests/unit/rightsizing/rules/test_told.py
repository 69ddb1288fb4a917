"""What incidents propose."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.rightsizing.world import action, known, saving

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.rules import told


def test_an_attack_is_limited_where_a_web_acl_is_known_and_else_told() -> None:
    attack = told.Attack(
        *("USD", "inc-1", "aws", "111122223333", "us-east-1", "endpoint-1", "cc-1", "Requests of endpoint-1"),
        *(Decimal(300), Decimal(500), "limit requests", 12.0, 85.0),
    )
    [unknown] = told.suspected_attacks([attack], known())
    assert (unknown.change, saving(unknown)) == (None, 300)
    rules = Rules.model_validate({"web_acls": {"endpoint-1": "acl-1"}})
    [limited] = told.suspected_attacks([attack], known(rules=rules))
    assert action(limited) == ("limit_requests", {"web_acl": "acl-1", "limit_per_5_minutes": 2000})
