"""All calendars of one version of the rules: the ordinary one, and those of units with hours of their own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.deadlines.calendar import WorkCalendar

DEFAULT = "default"


@dataclass(frozen=True)
class Calendars:
    """`by_code` has every calendar, "default" among them; `by_unit` says which unit (by code) has one of its own."""

    version: int
    by_code: Mapping[str, WorkCalendar]
    by_unit: Mapping[str, str] = field(default_factory=dict)

    def code_for(self, path: str) -> str:
        """Return the code of the calendar that counts at a place: that of the deepest unit on its tree path which has one."""
        if self.by_unit:
            for unit in reversed(path.strip("/").split("/")):
                if unit in self.by_unit:
                    return self.by_unit[unit]
        return DEFAULT

    def calendar(self, code: str) -> WorkCalendar:
        """Return a calendar by its code. Raises ``KeyError`` where there is none."""
        return self.by_code[code]
