"""Actions on resources, their approvals and journal, and what is not proposed."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import columns as t

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "actions",
        sa.Column("action_id", sa.String(length=32), nullable=False, comment="Digest of finding, change and run date."),
        sa.Column("status", sa.String(length=16), nullable=False, comment="planned, approved, applying, applied, failed, and so on."),
        sa.Column("finding_key", sa.Text(), nullable=False, comment="Rule, provider and resource; a rollback has its action's."),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("run_date", sa.String(length=10), nullable=False, comment="Run date of the finding, YYYY-MM-DD in UTC."),
        sa.Column("effective_from", sa.String(length=10), nullable=True, comment="Day from which it counts in the savings ledger."),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="The bill's SubAccountId."),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False, comment="Empty where the resource has none."),
        sa.Column("resource_id", sa.String(length=512), nullable=False, comment="As the bill has it."),
        sa.Column("resource_type", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False, comment="Name of the action."),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("monthly_cost", t.ExactDecimal(precision=38, scale=12), nullable=False, comment="Effective cost of the resource a month."),
        sa.Column("monthly_saving", t.ExactDecimal(precision=38, scale=12), nullable=False, comment="Estimate, a month."),
        sa.Column("matched", sa.Integer(), nullable=False, comment="Resources that the rule had found on the run date."),
        sa.Column("about", sa.JSON(), nullable=False, comment="Evidence, note, risk, owner, project, environment, facts."),
        sa.Column("baseline", sa.JSON(), nullable=False, comment="What the resource cost before, frozen at planning; exact text."),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", t.UtcDateTime(timezone=True), nullable=False, comment="Off unless it is approved, and begun, before."),
        sa.Column("started_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", t.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it ended as it did, or what it waits for."),
        sa.Column("before", sa.JSON(), nullable=True, comment="State of the resource before its first step."),
        sa.Column("inverse", sa.JSON(), nullable=True, comment="The change that undoes it; empty where nothing does."),
        sa.Column("is_backing_out", sa.Boolean(), nullable=False, comment="Whether it goes back to the state before."),
        sa.Column("rollback_of", sa.String(length=32), nullable=True, comment="The action that this one undoes."),
        sa.Column("verified", sa.JSON(), nullable=False, comment="Days after which its state was read again, and whether it held."),
        sa.Column("lease_owner", sa.String(length=32), nullable=True, comment="The run that works on it."),
        sa.Column("lease_until", t.UtcDateTime(timezone=True), nullable=True, comment="Until then no other run touches it."),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_actions")),
    )
    op.create_index("ix_actions_resource_id", "actions", ["resource_id"])
    op.create_index("ix_actions_status", "actions", ["status"])
    op.create_table(
        "action_approvals",
        sa.Column("action_id", sa.String(length=32), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("approved_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="Empty where nothing was said."),
        sa.PrimaryKeyConstraint("action_id", "approver", name=op.f("pk_action_approvals")),
    )
    op.create_table(
        "action_journal",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False, comment="1, 2, 3 … without a gap."),
        sa.Column("at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("action_id", sa.String(length=32), nullable=False, comment="Empty of what concerns no single action."),
        sa.Column("kind", sa.String(length=24), nullable=False, comment="planned, approved, intent, outcome, and so on."),
        sa.Column("content", sa.Text(), nullable=False, comment="Canonical JSON."),
        sa.Column("previous_hash", sa.String(length=64), nullable=False, comment="Hash of the entry before; zeros of the first."),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="sha256 of previous_hash and this entry."),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_action_journal")),
    )
    op.create_index("ix_action_journal_action_id", "action_journal", ["action_id"])
    op.create_table(
        "suppressions",
        sa.Column("finding_key", sa.Text(), nullable=False, comment="Rule, provider and resource."),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False, comment="First day (UTC) on which it no longer holds."),
        sa.PrimaryKeyConstraint("finding_key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "disabled_rules",
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("disabled_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_disabled_rules")),
    )
