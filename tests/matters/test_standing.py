"""Who may do what to a matter: one table, over every action there is, for everybody who may have to do with it."""

import re
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from pydantic import TypeAdapter

import services.matters
from services.matters.acting import _TAKES
from services.matters.deeds import AnyDeed, Deed
from services.matters.standing import APART, WHO, People, allowed_in, offered, relations_of, require_standing
from services.platform.actor import Actor, Lent, Seat
from services.platform.errors import Conflict, Forbidden

VILLAGE, TOWNSHIP, COUNTY, WATER = "/441624/441624108/441624108213/", "/441624/441624108/", "/441624/", "/441624/441624-D-SLJ/"
ME = UUID(int=7)
PEOPLE = People(VILLAGE, WATER, (WATER, "/441624/441624-D-JTJ/"), frozenset([ME]), frozenset())


def seated(role: str, path: str, kind: str, member: int = 1, *, lent: Lent | None = None) -> Actor:
    code = path.strip("/").rpartition("/")[2]
    seat = Seat(role, UUID(int=1), code, path, "county", kind, None)
    return Actor("member", UUID(int=member), UUID(int=member), "甲", (seat,), lent)


@pytest.mark.parametrize(("actor", "relations"), [
    (seated("county_supervisor", COUNTY, "county"), {"county", "desk"}),
    (seated("township_dispatcher", TOWNSHIP, "township"), {"desk"}),
    (seated("township_dispatcher", "/441624/441624100/", "township"), set()),
    (seated("village_secretary", VILLAGE, "village"), {"village"}),
    (seated("village_secretary", "/441624/441624108/441624108201/", "village"), set()),
    (seated("department_officer", WATER, "department"), {"lead", "helper"}),
    (seated("department_officer", "/441624/441624-D-JTJ/", "department"), {"helper"}),
    (seated("grid_worker", VILLAGE + "441624108213001/", "grid"), set()),
    (seated("grid_worker", VILLAGE + "441624108213001/", "grid", 7), {"supervisor"}),
    (seated("county_supervisor", COUNTY, "county", lent=Lent(UUID(int=9), frozenset(["matter.read"]))), set()),
])  # fmt: skip
def test_how_somebody_stands_follows_from_their_seats_and_their_name(actor, relations):
    assert relations_of(actor, PEOPLE) == relations


def test_every_action_has_a_command_an_actor_and_an_effect():
    commands = get_args(Deed)
    actions = {command.model_fields["action"].annotation.__args__[0] for command in commands}
    assert actions == set(WHO) - APART, "what has an address of its own is no action"
    assert set(_TAKES) == set(commands)
    for command in commands:
        for example in command.model_json_schema()["examples"]:
            assert isinstance(TypeAdapter(AnyDeed).validate_python(example), command)


@pytest.mark.parametrize("state", ["determined", "registered", "declined", "struck_off"])
def test_what_is_offered_is_exactly_what_is_taken(state):
    for relations in ({"county", "desk"}, {"lead"}, {"helper"}, {"supervisor"}, {"follower"}, {"village"}, set()):
        for action in WHO:
            refused = _refusal(action, state, relations)
            assert (refused is None) == (action in offered(state, relations))
            assert refused in {None, "matter.not_yours" if WHO[action].isdisjoint(relations) else "matter.not_in_state"}
    assert not allowed_in("declined")


def _refusal(action, state, relations):
    try:
        require_standing(action, state, relations)
    except (Forbidden, Conflict) as refused:
        return refused.code
    return None


def test_who_registers_cannot_be_told_from_another_state():
    assert "register" not in allowed_in("registered")
    assert "set_task" not in allowed_in("determined")


def test_every_refusal_of_an_action_stands_in_the_handbook_of_matters():
    raised = re.compile(r'(?:Conflict|Invalid|Forbidden|NotFound|PreconditionFailed)\(\s*"([a-z_]+\.[a-z_]+)"')
    figures = {"figures", "followed", "funnel", "metrics", "rows", "turning"}  # they say theirs elsewhere, as year-end questioning does
    here = [path for path in Path(services.matters.__path__[0]).glob("*.py") if path.stem.partition("_")[0] not in {*figures, "dossiers"}]
    codes = {code for path in here for code in raised.findall(path.read_text(encoding="utf-8"))}
    words = Path("docs/matters.md").read_text(encoding="utf-8")
    assert len(codes) > 50
    assert {code for code in codes if f"`{code}`" not in words} == set()
