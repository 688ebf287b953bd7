"""Degrees of reaching somebody, quotas and consents."""

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
