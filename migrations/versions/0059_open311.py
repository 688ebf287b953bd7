"""What open clients gave and were told."""

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
