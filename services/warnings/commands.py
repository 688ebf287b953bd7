"""What can be done about a warning."""

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import WordsOfNobody


class AcknowledgeWarning(BaseModel):
    """Say what was found out about a warning and what is being done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: WordsOfNobody = Field(examples=["连日暴雨致多处水渠受损，已派水利局现场处置。"])
