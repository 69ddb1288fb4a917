"""The state store's tables of actions on resources: actions, approvals, their journal, and what is not proposed."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from finops.stores.state.columns import ExactDecimal, UtcDateTime, metadata

actions = Table(
    "actions",
    metadata,
    Column("action_id", String(32), primary_key=True, comment="Digest of finding, change and run date."),
    Column("status", String(16), nullable=False, comment="planned, approved, applying, applied, failed, and so on."),
    Column("finding_key", Text, nullable=False, comment="Rule, provider and resource; a rollback has its action's."),
    Column("rule", Text, nullable=False),
    Column("run_date", String(10), nullable=False, comment="Run date of the finding, YYYY-MM-DD in UTC."),
    Column("effective_from", String(10), comment="Day from which it counts in the savings ledger."),
    Column("provider", String(40), nullable=False),
    Column("account", Text, nullable=False, comment="The bill's SubAccountId."),
    Column("region", Text, nullable=False),
    Column("zone", Text, nullable=False, comment="Empty where the resource has none."),
    Column("resource_id", String(512), nullable=False, comment="As the bill has it."),
    Column("resource_type", String(32), nullable=False),
    Column("action", String(64), nullable=False, comment="Name of the action."),
    Column("parameters", JSON, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("monthly_cost", ExactDecimal, nullable=False, comment="Effective cost of the resource a month."),
    Column("monthly_saving", ExactDecimal, nullable=False, comment="Estimate, a month."),
    Column("matched", Integer, nullable=False, comment="Resources that the rule had found on the run date."),
    Column("about", JSON, nullable=False, comment="Evidence, note, risk, owner, project, environment, facts."),
    Column("baseline", JSON, nullable=False, comment="What the resource cost before, frozen at planning; exact text."),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, comment="Off unless it is approved, and begun, before."),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("reason", Text, nullable=False, comment="Why it ended as it did, or what it waits for."),
    Column("before", JSON, comment="State of the resource before its first step."),
    Column("inverse", JSON, comment="The change that undoes it; empty where nothing does."),
    Column("is_backing_out", Boolean, nullable=False, comment="Whether it goes back to the state before."),
    Column("rollback_of", String(32), comment="The action that this one undoes."),
    Column("verified", JSON, nullable=False, comment="Days after which its state was read again, and whether it held."),
    Column("lease_owner", String(32), comment="The run that works on it."),
    Column("lease_until", UtcDateTime, comment="Until then no other run touches it."),
)
Index("ix_actions_status", actions.c.status)
Index("ix_actions_resource_id", actions.c.resource_id)

action_approvals = Table(
    "action_approvals",
    metadata,
    Column("action_id", String(32), primary_key=True),
    Column("approver", String(200), primary_key=True),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False, comment="Empty where nothing was said."),
)

action_journal = Table(
    "action_journal",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap."),
    Column("at", UtcDateTime, nullable=False),
    Column("action_id", String(32), nullable=False, comment="Empty of what concerns no single action."),
    Column("kind", String(24), nullable=False, comment="planned, approved, intent, outcome, and so on."),
    Column("content", Text, nullable=False, comment="Canonical JSON."),
    Column("previous_hash", String(64), nullable=False, comment="Hash of the entry before; zeros of the first."),
    Column("hash", String(64), nullable=False, comment="sha256 of previous_hash and this entry."),
)
Index("ix_action_journal_action_id", action_journal.c.action_id)

suppressions = Table(
    "suppressions",
    metadata,
    Column("finding_key", Text, primary_key=True, comment="Rule, provider and resource."),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", String(10), nullable=False, comment="First day (UTC) on which it no longer holds."),
)

disabled_rules = Table(
    "disabled_rules",
    metadata,
    Column("rule", String(120), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("disabled_at", UtcDateTime, nullable=False),
)
