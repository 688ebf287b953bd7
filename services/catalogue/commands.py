"""Bodies of the requests that change the catalogue."""

from pydantic import BaseModel, ConfigDict

from services.platform.text import Code, ShortTextOfNobody


class PutAreaRow(BaseModel):
    """Which unit handles a category in an area, in place of the category's own handler."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"handler_code": "441624-D-SLJ", "note": "整镇由县水利局直管"}]}
    )

    handler_code: Code
    note: ShortTextOfNobody | None = None
