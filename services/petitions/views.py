"""What is shown of a reception: persons masked, and not at all where the matter is in confidence and the reader may not know."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class MaskedPerson(_View):
    """A petitioner, masked."""

    role: str = Field(examples=["representative"])
    name: str = Field(examples=["李*"])
    phone: str | None = Field(examples=["138****0123"])
    id_number: str | None = Field(default=None, examples=[None])
    has_address: bool = Field(default=False, examples=[True])


class ReceptionView(_View):
    """How a petition was received, and until when what must be done. `persons` is null for whoever may not know them."""

    number: str = Field(examples=["20261122-000123-6"])
    form: str = Field(examples=["visit"])
    form_name: str = Field(examples=["来访"])
    people: int = Field(examples=[12])
    received_on: date = Field(examples=["2026-11-22"])
    written_on: date | None = Field(default=None, examples=[None])
    postmark: str | None = Field(default=None, examples=[None])
    repeated: bool = Field(examples=[False])
    received_by: str = Field(examples=["林小听"])
    agent: str | None = Field(default=None, description="The member who filed for somebody else.", examples=[None])
    persons: list[MaskedPerson] | None = None
    terms: str = Field(examples=["petition"])
    round_name: str | None = Field(description="办理, 复查 or 复核, under the petition rules.", examples=["办理"])
    inform_by: datetime | None = Field(description="Until when the person is to be told of it.", examples=["2026-12-07T16:00:00Z"])
    informed_at: datetime | None = Field(default=None, examples=[None])
    settle_by: datetime | None = Field(description="Until when it is to be settled.", examples=["2027-01-21T16:00:00Z"])
