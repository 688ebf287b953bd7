"""What an administrator says of a member's WeCom userid, and what is answered."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

_VIEW: dict[str, Any] = {"member_id": "0198f2a0-7c00-7000-8000-000000000001", "bound_at": "2026-11-22T02:10:00Z"}

Userid = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$")]


class BindWecom(BaseModel):
    """The userid of a member, as the WeCom address book has it; capital letters and small ones are the same to WeCom."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"userid": "huangxiaoming"}]})

    userid: Userid


class WecomBindingView(BaseModel):
    """Since when a member is bound. The userid itself is kept nowhere in clear, so it is not shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VIEW]})

    member_id: UUID
    bound_at: datetime
