"""Which periods are held back, which deliveries were withdrawn, and who dismissed a rejection."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables, add the columns."""
    op.create_table(
        "held_back_periods",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "input_digest", sa.String(length=64), nullable=False, comment="Digest of the deliveries that are at fault."
        ),
        sa.Column("stage", sa.String(length=16), nullable=False, comment="build or gate: which of them refused it."),
        sa.Column("reason", sa.Text(), nullable=False, comment="One line."),
        sa.Column("build_id", sa.String(length=40), nullable=False),
        sa.Column("held_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.build_id"], name=op.f("fk_held_back_periods_build_id")),
        sa.PrimaryKeyConstraint("provider", "billing_period", name=op.f("pk_held_back_periods")),
    )
    op.create_table(
        "delivery_withdrawals",
        sa.Column("withdrawal_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False, comment="What was withdrawn."),
        sa.Column(
            "current_id",
            sa.String(length=32),
            nullable=True,
            comment="What became current; empty where nothing did.",
        ),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "lifted_at", t.UtcDateTime(timezone=True), nullable=True, comment="When it was ingested again by force."
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.delivery_id"], name=op.f("fk_delivery_withdrawals_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["current_id"], ["deliveries.delivery_id"], name=op.f("fk_delivery_withdrawals_current_id")
        ),
        sa.PrimaryKeyConstraint("withdrawal_id", name=op.f("pk_delivery_withdrawals")),
    )
    with op.batch_alter_table("delivery_attempts") as batch:
        batch.add_column(
            sa.Column("dismissed_by", sa.Text(), nullable=True, comment="Who dismissed it; empty where nobody did.")
        )
        batch.add_column(sa.Column("dismissal_reason", sa.Text(), nullable=True))
