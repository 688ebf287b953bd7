"""Uploads under way, and public copies of pictures."""

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
