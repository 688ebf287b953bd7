"""What is shown of keys of programs: never a secret, but once, to whoever made the key."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_EXAMPLE: dict[str, Any] = {
    "id": "0198f2a0-7c00-7000-8000-000000000042",
    "prefix": "dgj_0198f2a07c0070008000000000000042",
    "name": "县数据局月报程序",
    "owner": None,
    "role": "analyst",
    "unit_code": "441624",
    "area": "441624108",
    "actions": ["report.read", "ticket.read"],
    "addresses": ["10.20.0.0/16"],
    "signature_needed": False,
    "state": "good",
    "created_at": "2026-11-22T02:00:00Z",
    "expires_at": "2027-02-20T02:00:00Z",
    "revoked_at": None,
    "last_used_on": None,
    "secret": None,
}


class ApiKeyView(BaseModel):
    """A key. `secret` holds the whole key, in the answer that made it and never again."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    prefix: str = Field(description="How the key begins; the rest is secret.")
    name: str
    owner: str | None = Field(description="Login of the account it borrows from; null: the seat stands for the program alone.")
    role: str | None
    unit_code: str | None
    area: str | None
    actions: list[str]
    addresses: list[str]
    signature_needed: bool
    state: Literal["good", "over", "revoked"]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_on: date | None = Field(description="The last day it was used on, at either door.")
    secret: str | None = Field(default=None, description="Shown once. Keep it.")
