"""Which thresholds of budgets were reached and told."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "budget_states",
        sa.Column("budget", sa.Text(), nullable=False, comment="Its id in budgets.yml, or cost centre/currency."),
        sa.Column(
            "period_first",
            sa.String(length=10),
            nullable=False,
            comment="First day of the period, YYYY-MM-DD in UTC.",
        ),
        sa.Column(
            "threshold", sa.String(length=24), nullable=False, comment="Measure and percent, such as actual 80."
        ),
        sa.Column("period_last", sa.String(length=10), nullable=False),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False, comment="How often it was reached anew in the period."),
        sa.Column(
            "told_key",
            sa.Text(),
            nullable=False,
            comment="Key of the event that told it; empty: a worse one told it too.",
        ),
        sa.Column(
            "limit_amount",
            t.ExactDecimal(precision=38, scale=12),
            nullable=False,
            comment="Limit of the period when it was reached.",
        ),
        sa.Column(
            "value",
            t.ExactDecimal(precision=38, scale=12),
            nullable=True,
            comment="What was spent when it was reached.",
        ),
        sa.Column(
            "changed_at",
            t.UtcDateTime(timezone=True),
            nullable=False,
            comment="When it was reached, or left behind.",
        ),
        sa.PrimaryKeyConstraint("budget", "period_first", "threshold", name=op.f("pk_budget_states")),
    )
