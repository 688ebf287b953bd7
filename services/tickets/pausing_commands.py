"""What can be asked about time: more of it, or that it stands still; what one asks for another grants."""

from typing import Literal

from pydantic import BaseModel, Field

from services.platform.text import WordsOfNobody
from services.tickets.command_parts import example

SuspensionReason = Literal["waiting_for_complainant", "waiting_for_season", "waiting_for_funds", "legal_proceedings", "force_majeure"]


class RequestExtension(BaseModel):
    """Ask for more time, before the limit is over."""

    model_config = example(action="request_extension", working_days=3, reason="materials", words="管件需从县城调运")

    action: Literal["request_extension"]
    working_days: int | None = Field(default=None, ge=1, le=60)
    natural_days: int | None = Field(default=None, ge=1, le=30, description="Instead of working days, under the petition rules.")
    reason: Literal["materials", "weather", "funds", "approval", "coordination", "complexity"]
    words: WordsOfNobody


class DecideExtension(BaseModel):
    """Grant or refuse a request for more time; never one's own."""

    model_config = example(action="decide_extension", granted=True, words="同意延期 3 个工作日")

    action: Literal["decide_extension"]
    granted: bool
    words: WordsOfNobody


class RequestSuspension(BaseModel):
    """Ask to stop the clocks, before the limit is over; somebody else decides."""

    model_config = example(action="request_suspension", reason="waiting_for_season", review_in_working_days=20, words="汛期水位高,无法开挖")

    action: Literal["request_suspension"]
    reason: SuspensionReason
    review_in_working_days: int = Field(ge=1, le=60, description="Until the end of which working day; it ends by itself then.")
    words: WordsOfNobody


class DecideSuspension(BaseModel):
    """Grant or refuse a request to stop the clocks; never one's own. Granted, it counts from the decision."""

    model_config = example(action="decide_suspension", granted=True, words="同意,汛期结束即复工")

    action: Literal["decide_suspension"]
    granted: bool
    words: WordsOfNobody


class Suspend(BaseModel):
    """Stop the clocks at once, for a reason that nobody here can do anything about. It ends by itself at the latest on its last day."""

    model_config = example(action="suspend", reason="waiting_for_season", review_in_working_days=20, words="汛期结束后方可施工")

    action: Literal["suspend"]
    reason: SuspensionReason
    review_in_working_days: int = Field(default=5, ge=1, le=60, description="Until the end of which working day; it ends by itself then.")
    words: WordsOfNobody


class Resume(BaseModel):
    """Go on after a suspension."""

    model_config = example(action="resume", words="汛期已过,恢复施工")

    action: Literal["resume"]
    words: WordsOfNobody
