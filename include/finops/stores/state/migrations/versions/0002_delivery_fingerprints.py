"""Every fingerprint under which a delivery's bytes were seen, and when a refused attempt was settled."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table, fill it from the deliveries, add the column."""
    op.create_table(
        "delivery_fingerprints",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column(
            "delivery_id",
            sa.String(length=32),
            nullable=False,
            comment="The delivery these bytes turned out to be.",
        ),
        sa.Column(
            "produced_at",
            t.UtcDateTime(timezone=True),
            nullable=False,
            comment="When the provider wrote it this time.",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.delivery_id"],
            name=op.f("fk_delivery_fingerprints_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider", "source", "billing_period", "fingerprint", name=op.f("pk_delivery_fingerprints")
        ),
    )
    op.execute(
        "insert into delivery_fingerprints (provider, source, billing_period, fingerprint, delivery_id, produced_at) "
        "select provider, source, billing_period, fingerprint, delivery_id, produced_at from deliveries"
    )
    with op.batch_alter_table("delivery_attempts") as batch:
        batch.alter_column(
            "attempted_at",
            existing_type=t.UtcDateTime(timezone=True),
            existing_nullable=False,
            comment="When it was first met with this reason.",
        )
        batch.add_column(
            sa.Column(
                "resolved_at",
                t.UtcDateTime(timezone=True),
                nullable=True,
                comment="When a delivery of the period was taken or found unchanged.",
            )
        )
