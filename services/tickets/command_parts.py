"""What several commands are made of."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonValue

FileRole = Literal["evidence", "before", "after", "signature", "recording"]


def example(**values: JsonValue) -> ConfigDict:
    """Return the configuration of a command that takes nothing it does not know, shown by these values."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class File(BaseModel):
    """An uploaded file, and what it shows."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    role: FileRole = "evidence"
