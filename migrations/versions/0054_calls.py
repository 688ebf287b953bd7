"""Calls, what exchanges said of them, and their recordings."""

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
