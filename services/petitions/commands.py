"""What is told at the petition desk, written in a letter, or filed for somebody else."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.complaints.commands import Phone, Telling
from services.platform.identity_numbers import normalised_identity_number
from services.platform.text import ShortText

REPRESENTATIVES_AT_MOST = 5
"""Whoever petitions together chooses five representatives at most (信访工作条例 art. 20)."""


class Person(BaseModel):
    """A petitioner, a representative or an agent. All of it is personal data: sealed at once, masked wherever it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[ShortText, Field(examples=["李四"])]
    phone: Phone = None
    address: Annotated[ShortText | None, Field(examples=["彭寨镇水口村3组"])] = None
    id_number: Annotated[
        # the limit is of the text alone: applied to the null of one without a number it would be an error of ours
        Annotated[str, Field(max_length=32), AfterValidator(normalised_identity_number)] | None,
        Field(description="Resident identity number, where the person showed one.", examples=[None]),
    ] = None


class FilePetition(Telling):
    """What a visitor tells, what a letter says, or what somebody files for a villager (代办).

    `contact` is whom the matter is of and who is answered; `representatives` speak for a group; `agent` files for somebody else, and is
    the signed-in member where none is named.
    """

    filing_id: Annotated[
        UUID,
        Field(description="Made by the client: the same again finds the first ticket.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d40"]),
    ]
    form: Annotated[Literal["visit", "letter", "on_behalf"], Field(examples=["visit"])] = "visit"
    people: int = Field(default=1, ge=1, le=100_000, description="How many came, or signed.", examples=[1])
    representatives: tuple[Person, ...] = Field(default=(), max_length=100, description="Of a group: five at most.")
    agent: Person | None = None
    received_on: date | None = Field(default=None, description="Day of the visit, or on which the letter came; today where absent.")
    written_on: date | None = Field(default=None, description="The letter's own date.")
    postmark: ShortText | None = None
    repeated: bool = Field(default=False, description="The same person brings the same matter again.")
    terms: Literal["petition", "usual"] | None = Field(
        default=None,
        description="Under which terms it is handled: those of the petition rules for visits and letters, of the category for what is filed"
        " on behalf, where nothing is said.",
    )
