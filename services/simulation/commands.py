"""What can be asked of a trial."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.simulation.matters import Period, last_quarter

MATTERS_AT_MOST = 10_000
DAYS_AT_MOST = 366
_Day = Annotated[date | None, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class Simulate(BaseModel):
    """Try a version on the matters received from one day to another, both included; on the last quarter, where absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_day: _Day = Field(default=None, examples=["2026-07-01"])
    last_day: _Day = Field(default=None, examples=["2026-09-30"])

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.first_day is None) != (self.last_day is None):
            raise ValueError("give both days, or none for the last quarter")
        if self.first_day is not None and self.last_day is not None and not 0 <= (self.last_day - self.first_day).days < DAYS_AT_MOST:
            raise ValueError(f"a period has 1 to {DAYS_AT_MOST} days")
        return self

    def period(self, today: date) -> Period:
        """Return the days that were asked for."""
        return Period(self.first_day, self.last_day) if self.first_day and self.last_day else last_quarter(today)
