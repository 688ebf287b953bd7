"""Drafts, links between calls and tickets, calls to make."""

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
