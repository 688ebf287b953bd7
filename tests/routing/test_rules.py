import json
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.policy import AreaRow, Catalogue, CategoryPolicy
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.errors import Unavailable
from services.platform.ids import new_id
from services.routing.rules import Route, RouteQuestion, route

TODAY = date(2026, 11, 22)


def policy(code: str, handler: str = "lowest", **more: object) -> CategoryPolicy:
    plain = CategoryPolicy(
        code=code,
        parent_code=None,
        name=code,
        leaf=True,
        urgency="normal",
        privacy="normal",
        place_needed=False,
        evidence=(),
        limits={},
        handler=handler,
        co_handler=None,
        surfaces_directly=False,
        urgent_ring=False,
        keywords=(),
        active=True,
        version=7,
    )
    return replace(plain, **more)


@dataclass
class Land:
    """A county in a few lines: units by name, and who of them has people."""

    units: dict[str, UnitNode] = field(default_factory=dict)
    posts: list[PostNode] = field(default_factory=list)

    def add(self, name: str, kind: str, tier: str, parent: str | None = None, *, roles: str = "grid_worker", **more: object) -> UnitNode:
        above = self.units[parent] if parent else None
        path = (above.path if above else "/") + f"{name}/"
        unit = UnitNode(
            id=new_id(),
            code=name,
            kind=kind,
            tier=tier,
            name=f"{name}名",
            aliases=(),
            parent_id=above.id if above else None,
            path=path,
            function=more.get("function"),
            lat=None,
            lon=None,
            active=more.get("active", True),
        )
        self.units[name] = unit
        self.posts += [PostNode(new_id(), new_id(), unit.id, role, date(2026, 1, 1), more.get("until")) for role in roles.split()]
        return unit

    def tree(self) -> UnitTree:
        return UnitTree(self.units.values(), self.posts, TODAY, "county")

    def id(self, name: str) -> UUID:
        return self.units[name].id


def heping() -> Land:
    land = Land()
    land.add("county", "county", "county", roles="county_supervisor")
    land.add("water", "department", "county", "county", roles="department_officer", function="water")
    land.add("roads", "department", "county", "county", roles="", function="roads")
    land.add("town", "township", "township", "county", roles="township_dispatcher")
    land.add("town-water", "station", "township", "town", roles="department_officer", function="water")
    land.add("village", "village", "village", "town", roles="village_secretary")
    land.add("grid", "grid", "grid", "village")
    land.add("blank-grid", "grid", "grid", "village", roles="")
    land.add("blank-town", "township", "township", "county", roles="analyst")
    land.add("blank-village", "village", "village", "blank-town", roles="")
    return land


def ask(land: Land, catalogue: Catalogue, place: str | None, category: str | None = None, **more: object) -> Route:
    unit = land.units[place] if place else None
    question = RouteQuestion(
        category_code=category,
        place_unit_id=unit.id if unit else None,
        area_path=unit.path if unit else "/county/",
        urgency=str(more.get("urgency", "normal")),
        surface_to_id=land.id(str(more["surface_to"])) if "surface_to" in more else None,
        today=TODAY,
    )
    return route(question, land.tree(), catalogue)


def lead(land: Land, found: Route) -> str:
    return land.tree().by_id[found.lead_unit_id].code


CATALOGUE = Catalogue(
    [
        policy("pipe", urgent_ring=True, co_handler="department:water"),
        policy("dispute", "township"),
        policy("letter", "county"),
        policy("reservoir", "department:water", place_needed=True, co_handler="township"),
        policy("road", "department:roads"),
        policy("circus", "department:circus"),
        policy("corruption", "department:water", surfaces_directly=True),
    ]
)


@pytest.mark.parametrize(
    ("category", "place", "expected", "rule"),
    [
        ("pipe", "grid", "grid", "category"),
        ("pipe", "village", "village", "category"),
        ("pipe", "town", "town", "category"),
        ("pipe", "blank-grid", "village", "category"),
        ("pipe", "blank-village", "county", "category"),
        ("dispute", "grid", "town", "category"),
        ("dispute", "blank-village", "county", "category"),
        ("letter", "grid", "county", "category"),
        ("reservoir", "grid", "water", "category"),
        ("reservoir", None, "county", "no_place"),
        ("road", "grid", "county", "category"),
        ("circus", "grid", "county", "category"),
        ("corruption", "grid", "water", "direct"),
        ("pipe", None, "county", "category"),
        ("unheard-of", "grid", "grid", "lowest"),
        (None, "grid", "grid", "lowest"),
        (None, None, "county", "backstop"),
    ],
)
def test_the_first_rule_that_matches_names_the_lead(category: str | None, place: str | None, expected: str, rule: str) -> None:
    land = heping()
    found = ask(land, CATALOGUE, place, category)
    assert (lead(land, found), found.why["rule"]) == (expected, rule)
    assert found.tier == land.units[expected].tier


def test_the_complainant_may_ask_for_a_department_directly() -> None:
    land = heping()
    found = ask(land, CATALOGUE, "grid", "pipe", surface_to="water")
    assert (lead(land, found), found.why["rule"]) == ("water", "direct")


def test_a_department_without_people_gives_way_to_the_county_and_why_says_so() -> None:
    land = heping()
    found = ask(land, CATALOGUE, "grid", "pipe", surface_to="roads")
    assert lead(land, found) == "county"
    assert found.why["skipped"] == [{"code": "roads", "name": "roads名", "reason": "nobody holds a post there now"}]


def test_the_catalogue_row_of_the_deepest_area_wins_over_the_category() -> None:
    land = heping()
    rows = [AreaRow("dispute", "/county/", land.id("water")), AreaRow("dispute", "/county/town/village/", land.id("town-water"))]
    catalogue = Catalogue([policy("dispute", "township")], rows)
    deep, wide = ask(land, catalogue, "grid", "dispute"), ask(land, catalogue, "town", "dispute")
    assert (lead(land, deep), deep.why["rule"]) == ("town-water", "catalogue_row")
    assert lead(land, wide) == "water"


def test_why_names_every_empty_seat_that_was_passed_over_and_who_could_have_been_next() -> None:
    land = heping()
    found = ask(land, CATALOGUE, "blank-village", "pipe")
    assert [(skipped["code"], skipped["reason"]) for skipped in found.why["skipped"]] == [
        ("blank-village", "nobody holds a post there now"),
        ("blank-town", "nobody holds a post there now"),
    ]
    alternatives = [unit["code"] for unit in ask(land, CATALOGUE, "grid", "pipe").why["alternatives"]]
    assert alternatives == ["village", "town", "county"]


def test_a_seat_that_was_left_yesterday_is_empty_today() -> None:
    land = heping()
    land.add("left-grid", "grid", "grid", "village", until=TODAY)
    land.add("leaving-grid", "grid", "grid", "village", until=date(2026, 11, 23))
    assert lead(land, ask(land, CATALOGUE, "left-grid")) == "village"
    assert lead(land, ask(land, CATALOGUE, "leaving-grid")) == "leaving-grid"


def test_a_unit_that_has_ended_gives_way_upward() -> None:
    land = heping()
    land.add("old-grid", "grid", "grid", "village", active=False)
    found = ask(land, CATALOGUE, "old-grid")
    assert lead(land, found) == "village"
    assert found.why["skipped"][0]["reason"] == "the unit no longer exists"


def test_an_urgent_matter_rings_the_township_unless_it_acts_itself() -> None:
    land = heping()
    town = (land.id("town"),)
    assert ask(land, CATALOGUE, "grid", "pipe").ring_unit_ids == town
    assert ask(land, CATALOGUE, "grid", "letter", urgency="emergency").ring_unit_ids == town
    assert ask(land, CATALOGUE, "grid", "letter").ring_unit_ids == ()
    assert ask(land, CATALOGUE, "town", "pipe").ring_unit_ids == ()
    assert ask(land, CATALOGUE, None, "pipe").ring_unit_ids == ()


def test_the_helper_comes_from_the_category_and_is_never_the_lead_nor_an_empty_seat() -> None:
    land = heping()
    assert ask(land, CATALOGUE, "grid", "pipe").co_unit_ids == (land.id("water"),)
    assert ask(land, CATALOGUE, "grid", "reservoir").co_unit_ids == (land.id("town"),)
    catalogue = Catalogue([policy("a", "department:water", co_handler="department:water"), policy("b", co_handler="department:roads")])
    assert ask(land, catalogue, "grid", "a").co_unit_ids == ()
    assert ask(land, catalogue, "grid", "b").co_unit_ids == ()


def test_the_desk_is_the_township_of_the_place_else_the_county() -> None:
    land = heping()
    assert ask(land, CATALOGUE, "grid", "letter").desk_unit_id == land.id("town")
    assert ask(land, CATALOGUE, "town", "letter").desk_unit_id == land.id("town")
    assert ask(land, CATALOGUE, None, "letter").desk_unit_id == land.id("county")


def test_what_passes_the_township_is_watched_by_the_county() -> None:
    land = heping()
    catalogue = Catalogue([policy("a", "department:water", surfaces_directly=True)])
    assert ask(land, catalogue, "grid", "a").desk_unit_id == land.id("county")


def test_without_any_unit_the_one_who_runs_it_is_told_what_to_load() -> None:
    with pytest.raises(Unavailable, match="load-units"):
        route(RouteQuestion(None, None, "/", "normal", None, TODAY), UnitTree([], [], TODAY, "county"), CATALOGUE)


@st.composite
def lands(draw: st.DrawFn) -> Land:
    """A random county: any seat may be empty, any unit ended, any depth missing."""
    land = Land()
    seats = st.sampled_from(["", "analyst", "grid_worker", "township_dispatcher", "department_officer county_supervisor"])
    land.add("county", "county", "county", roles=draw(seats))
    for number in range(draw(st.integers(0, 3))):
        function = draw(st.sampled_from(["water", "roads"]))
        land.add(f"dep{number}", "department", "county", "county", roles=draw(seats), function=function, active=draw(st.booleans()))
    kinds = {"county": ("township", "township"), "township": ("village", "village"), "village": ("grid", "grid")}
    for number in range(draw(st.integers(0, 8))):
        parents = [name for name, unit in land.units.items() if unit.kind in kinds]
        parent = draw(st.sampled_from(parents))
        kind, tier = kinds[land.units[parent].kind]
        land.add(f"unit{number}", kind, tier, parent, roles=draw(seats), active=draw(st.booleans()))
    return land


@given(land=lands(), data=st.data())
def test_a_route_always_leads_somewhere_and_can_be_explained(land: Land, data: st.DataObject) -> None:
    names = [*land.units, None]
    rows = [AreaRow("road", unit.path, land.id(data.draw(st.sampled_from([*land.units])))) for unit in land.units.values()][:2]
    catalogue = Catalogue(CATALOGUE.all(), rows)
    more: dict[str, object] = {"urgency": data.draw(st.sampled_from(["normal", "urgent", "emergency"]))}
    asked = data.draw(st.sampled_from(names))
    if asked is not None:
        more["surface_to"] = asked
    category = data.draw(st.sampled_from(["pipe", "road", "reservoir", "corruption", "x", None]))
    found = ask(land, catalogue, data.draw(st.sampled_from(names)), category, **more)
    tree = land.tree()
    unit = tree.by_id[found.lead_unit_id]
    assert unit.code == "county" or (unit.active and tree.staffed(unit.id))
    assert found.lead_unit_id not in (*found.co_unit_ids, *found.ring_unit_ids)
    assert tree.by_id[found.desk_unit_id].kind in ("township", "county")
    assert found.tier == unit.tier
    assert json.loads(json.dumps(found.why)) == found.why
    assert set(found.why) >= {"rule", "rule_version", "inputs", "chosen", "alternatives", "skipped", "catalogue_version"}
