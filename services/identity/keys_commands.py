"""What administrators say of keys of programs."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.identity.commands import Login
from services.platform.text import Code, ShortTextOfNobody

Role = Literal[
    "grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher", "department_officer", "county_supervisor",
    "hotline_operator", "organization_inspector", "discipline_inspector", "analyst", "administrator",
]  # fmt: skip
ActionName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("must be an address or a network such as 10.20.0.0/16, without bits beside its mask") from None


Network = Annotated[str, StringConstraints(max_length=64), AfterValidator(_network)]


class BorrowedSeat(BaseModel):
    """A post: a role in a unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    unit_code: Code


class MakeKey(BaseModel):
    """A key for a program. It borrows from the account `owner` (all posts, or the one in `seat`), or stands in `seat` by itself."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "县数据局月报程序",
                    "seat": {"role": "analyst", "unit_code": "441624"},
                    "actions": ["report.read", "ticket.read"],
                    "area": "441624108",
                    "days": 90,
                    "addresses": ["10.20.0.0/16"],
                    "signature_needed": False,
                }
            ]
        },
    )

    name: ShortTextOfNobody
    owner: Login | None = Field(default=None, description="Login of the account whose rights it borrows, as they are at each moment.")
    seat: BorrowedSeat | None = Field(
        default=None,
        description="With `owner`: only this post of theirs. Without: a seat of the program's own, which nobody else holds by it.",
    )
    actions: list[ActionName] = Field(
        min_length=1, max_length=100, description="What it may do; docs/permissions.md says what can be lent."
    )
    area: Code | None = Field(default=None, description="Code of a unit: it reaches nothing outside. Empty: as far as its owner.")
    days: int = Field(default=90, ge=1, le=365, description="For how many days it holds.")
    addresses: list[Network] = Field(default_factory=list, max_length=20, description="From where it holds; empty: from anywhere.")
    signature_needed: bool = Field(default=False, description="Each request is signed with the secret, which itself never travels.")

    @model_validator(mode="after")
    def _borrows(self) -> "MakeKey":
        if self.owner is None and self.seat is None:
            raise ValueError("say whose rights it borrows: owner, seat or both")
        return self
