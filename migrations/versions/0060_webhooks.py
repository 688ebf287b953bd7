"""Subscriptions to events and their deliveries."""

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
