"""Reception records, petitioners and their terms."""

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
