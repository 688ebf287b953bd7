"""Where the story plays, and who is in it."""

from dataclasses import dataclass
from pathlib import Path

HOTLINE = "story-hotline"
VILLAGE = "story-village"
TOWNSHIP = "story-township"
WATER = "story-water"
COUNTY = "story-county"
ORGANIZATION = "story-organization"
DISCIPLINE = "story-discipline"
ANALYST = "story-analyst"
ADMIN = "story-admin"
OFFICE = "story-office"
MEMBERS = ("story-member-1", "story-member-2", "story-member-3")
"""挂钩党员 of the county office, which looks after the village."""


class StoryError(Exception):
    """Something is not as it must be: one sentence for people, one in English."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The doors, the village it plays in, where the password is kept, and how many seconds to wait for anything.

    `outbox` is the file in which messages to the caller end up; empty where they go elsewhere.
    """

    intake_url: str
    reporting_url: str
    home: Path
    village: str
    patience: float
    outbox: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A unit of the story."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the story: login, invented name, role, and the unit they sit in."""

    login: str
    name: str
    role: str
    unit: Seat
    party_member: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the story, their one password, and the blank grid that the call is about."""

    people: dict[str, Person]
    password: str
    grid: Seat

    def unit(self, login: str) -> Seat:
        """Return the unit in which somebody sits."""
        return self.people[login].unit
