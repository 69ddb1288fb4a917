"""Who approved that jobs start although a budget would hold them back."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "budget_approvals",
        sa.Column("approval_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("budget", sa.Text(), nullable=False, comment="Its id in budgets.yml, or cost centre/currency."),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column(
            "approved_until",
            sa.String(length=10),
            nullable=False,
            comment="Last day on which it holds, YYYY-MM-DD in UTC.",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_budget_approvals")),
    )
