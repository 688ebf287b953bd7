"""Commands a phone sent, and what became of each."""

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
