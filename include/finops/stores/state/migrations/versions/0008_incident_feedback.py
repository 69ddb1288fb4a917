"""What people say of incidents of cost."""

import sqlalchemy as sa
from alembic import op

from finops.stores.state import tables as t

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "incident_feedback",
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False, comment="yes, no or planned."),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="Empty where no reason was given."),
        sa.Column("said_at", t.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_feedback")),
    )
