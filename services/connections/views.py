"""What is shown of connected systems: never a secret, but once, to whoever made it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.connections.models import Connection


class ConnectionView(BaseModel):
    """A connected system. `secret` is there only in the answer that made it."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(examples=["pbx-580"])
    kind: str = Field(examples=["pbx"])
    adapter: str = Field(examples=["asterisk"])
    name: str = Field(examples=["580热线交换机"])
    options: dict[str, Any] = Field(examples=[{"zone": "Asia/Shanghai"}])
    active: bool = Field(examples=[True])
    previous_until: datetime | None = Field(default=None, description="Until when the secret before is still good.", examples=[None])
    version: int = Field(examples=[1])
    secret: str | None = Field(default=None, description="Shown once. Keep it.", examples=["lMZkVnPDdXfF8nYbM0l6n5kq1V0m1qJt0bq3i1h5yXA"])


def connection_view(row: Connection) -> ConnectionView:
    """Return the view of a row, without its secret."""
    return ConnectionView(
        code=row.code,
        kind=row.kind,
        adapter=row.adapter,
        name=row.name,
        options=row.options,
        active=row.active,
        previous_until=row.previous_until,
        version=row.version,
    )
