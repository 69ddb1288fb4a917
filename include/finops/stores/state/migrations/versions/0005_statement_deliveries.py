"""Which statements were delivered where."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "statement_deliveries",
        sa.Column("billing_period", sa.String(length=7), nullable=False),
        sa.Column(
            "audience",
            sa.String(length=80),
            nullable=False,
            comment="The folder that is the audience's own in a set.",
        ),
        sa.Column(
            "target",
            sa.String(length=512),
            nullable=False,
            comment="URI it was delivered to; holds no secret.",
        ),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the files that were delivered last.",
        ),
        sa.Column("delivered_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("billing_period", "audience", "target", name=op.f("pk_statement_deliveries")),
    )
