"""The permission table and whose matters somebody sees."""

from dataclasses import replace

import pytest

from services.identity.permissions import ALL, NEVER_ACTED_FOR, OVERSIGHT, PERMISSIONS, ROLE_WEIGHT, Scope, may, require, scope_of
from services.organization.models import ROLES
from services.platform.actor import COMPLAINANT, SYSTEM, Actor, Seat
from services.platform.errors import Forbidden
from services.platform.ids import new_id

COUNTY = "/441624/"
TOWN = "/441624/441624108/"
VILLAGE = "/441624/441624108/441624108213/"
WATER = "/441624/441624-D-SLJ/"


def _actor(*seats):
    return Actor("member", new_id(), new_id(), "甲", seats)


def _seat(role, path, kind, function=None):
    return Seat(role, new_id(), path.strip("/").rpartition("/")[2], path, kind, kind, function)


def test_every_role_is_known_to_the_table_and_has_a_weight():
    assert set(ROLES) == ALL == set(ROLE_WEIGHT)
    assert all(roles <= ALL for roles in PERMISSIONS.values())


@pytest.mark.parametrize("action", ["unit.change", "member.change", "category.change"])
def test_only_administrators_change_the_organisation(action):
    allowed = {role for role in ROLES if may(_actor(_seat(role, COUNTY, "county")), action)}
    assert allowed == {"administrator"}


def test_analysts_never_see_who_complained():
    assert not may(_actor(_seat("analyst", COUNTY, "county")), "contact.read")


def test_one_of_several_posts_suffices():
    both = _actor(_seat("grid_worker", VILLAGE, "grid"), _seat("hotline_operator", "/441624/441624-H-580/", "station"))
    assert may(both, "hotline.file")
    assert may(both, "field.report")


def test_without_a_post_nothing_is_allowed():
    for action in PERMISSIONS:
        assert not may(_actor(), action)
        assert not may(COMPLAINANT, action)
        assert may(SYSTEM, action)
    with pytest.raises(Forbidden) as refused:
        require(_actor(), "ticket.read")
    assert refused.value.code == "permission.denied"


def test_an_unknown_action_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        may(SYSTEM, "ticket.eat")


def test_an_office_of_the_county_sees_everything():
    for role, path, kind in (
        ("county_supervisor", COUNTY, "county"),
        ("administrator", COUNTY, "county"),
        ("hotline_operator", "/441624/441624-H-580/", "station"),
        ("county_supervisor", "/441624/441624-D-XZB/", "department"),
    ):
        scope = scope_of(_actor(_seat(role, path, kind)))
        assert (scope.everything, scope.prefixes) == (True, (COUNTY,))


def _places(actor):
    """Whose matters somebody sees, apart from those that are about themselves."""
    return replace(scope_of(actor), recused=())


def test_a_dispatcher_sees_the_township_also_from_a_station_in_it():
    for path, kind in ((TOWN, "township"), (TOWN + "zx/", "station")):
        actor = _actor(_seat("township_dispatcher", path, kind))
        assert _places(actor) == Scope(prefixes=(TOWN,), unit_ids=(actor.seats[0].unit_id,))


def test_a_department_officer_sees_the_own_line_in_the_whole_county_and_the_own_desk():
    actor = _actor(_seat("department_officer", WATER, "department", "water"))
    assert _places(actor) == Scope(functions=(("water", COUNTY),), unit_ids=(actor.seats[0].unit_id,))


def test_a_district_s_department_sees_its_district_only():
    actor = _actor(_seat("department_officer", "/3405/340503/340503-D/", "department", "water"))
    assert scope_of(actor).functions == (("water", "/3405/340503/"),)


def test_a_department_without_a_line_sees_its_own_desk_only():
    actor = _actor(_seat("department_officer", WATER, "department"))
    assert _places(actor) == Scope(unit_ids=(actor.seats[0].unit_id,))


def test_of_areas_inside_each_other_the_widest_counts():
    actor = _actor(_seat("grid_worker", VILLAGE + "g/", "grid"), _seat("village_secretary", VILLAGE, "village"))
    assert scope_of(actor).prefixes == (VILLAGE,)
    assert scope_of(actor).unit_ids == tuple(seat.unit_id for seat in actor.seats)


def test_a_complainant_sees_nothing_and_the_system_everything():
    assert scope_of(COMPLAINANT) == Scope()
    assert scope_of(SYSTEM) == Scope(everything=True)


@pytest.mark.parametrize("role", sorted(OVERSIGHT))
def test_whoever_oversees_reads_across_the_county_and_changes_nothing(role):
    inspector = _actor(_seat(role, "/441624/441624-D-JW/", "department", "discipline"))
    assert scope_of(inspector).everything
    allowed = {action for action in PERMISSIONS if may(inspector, action)}
    asks = {"dossier.ask", "dossier.answer", "dossier.oversee"} | ({"dossier.freeze"} if role == "organization_inspector" else set())
    changed = {action for action in allowed if not action.endswith((".read", ".report"))}
    assert changed == {"leave.enter"} | asks, "their own leave, and the year's questions 年终质询, which are theirs to ask"
    assert "contact.read" not in allowed
    assert ("reveal.read" in allowed) == (role == "discipline_inspector")
    assert {"ticket.read", "complaint.read", "report.read", "assessment.read", "message.read", "member.read", "export.read"} <= allowed


def test_who_gives_rights_or_oversees_is_acted_for_by_nobody():
    assert OVERSIGHT | {role for role in ROLES if role in PERMISSIONS["member.change"]} == NEVER_ACTED_FOR
