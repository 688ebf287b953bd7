"""What WeChat users send, and how far each conversation is."""

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
