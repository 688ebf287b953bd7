"""Who may enter leave, lend a post, and act; without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.leave_rules import (
    OWN_DAYS,
    Deputy,
    HeldPost,
    Span,
    around,
    authority,
    require_deputy,
    require_lendable,
    require_sensible,
    stretch,
)
from services.organization.models import ROLES
from services.platform.actor import SYSTEM, ActingFor, Actor, Seat
from services.platform.errors import Problem
from services.platform.ids import new_id

TODAY = date(2026, 11, 23)
HOLDER, OTHER = new_id(), new_id()
COUNTY, TOWN, VILLAGE = "/44/", "/44/1/", "/44/1/2/"


def _day(number: int) -> date:
    return TODAY + timedelta(days=number)


def _span(first: int, over_on: int) -> Span:
    return Span(_day(first), _day(over_on))


def _post(role: str = "village_secretary", path: str = VILLAGE, held: Span | None = None) -> HeldPost:
    return HeldPost(new_id(), HOLDER, role, new_id(), path, held or Span(date(2020, 1, 1), date.max))


def _sits(role: str, path: str, kind: str = "township", **more: object) -> Actor:
    return Actor("member", new_id(), new_id(), "甲", (Seat(role, new_id(), "x", path, kind, kind, **more),))  # type: ignore[arg-type]


def _code(call: object) -> str:
    with pytest.raises(Problem) as raised:
        call()  # type: ignore[operator]
    return raised.value.code


def test_leave_is_entered_by_oneself_a_desk_above_an_administrator_or_the_operator():
    post = _post()
    assert authority(Actor("member", new_id(), HOLDER), HOLDER, [post]) == "oneself"
    assert authority(_sits("administrator", COUNTY, "county"), HOLDER, []) == "administrator"
    assert authority(_sits("township_dispatcher", TOWN), HOLDER, [post]) == "desk_above"
    assert authority(_sits("county_supervisor", COUNTY, "county"), HOLDER, [post]) == "desk_above"
    assert authority(SYSTEM, HOLDER, []) == "operator"
    strangers = [
        _sits("township_dispatcher", "/44/9/"),
        _sits("village_secretary", VILLAGE, "village"),
        _sits("analyst", COUNTY, "county"),
        _sits("organization_inspector", "/44/D/", "department"),
        _sits("department_officer", "/44/D/", "department", function="water"),
    ]
    for actor in strangers:
        assert _code(lambda actor=actor: authority(actor, HOLDER, [post])) == "member.unknown"
    peer = Actor("member", new_id(), OTHER, "", (Seat("township_dispatcher", post.unit_id, "x", VILLAGE, "x", "township"),))
    assert _code(lambda: authority(peer, HOLDER, [post])) == "member.unknown", "the same desk is not above it"


def test_an_administrator_is_for_their_own_leave_nobody_but_themself():
    actor = Actor("member", new_id(), HOLDER, "", _sits("administrator", COUNTY, "county").seats)
    assert authority(actor, HOLDER, []) == "oneself"


@pytest.mark.parametrize(
    ("by", "span", "code"),
    [
        ("oneself", _span(0, 0), "leave.ends_before_it_starts"),
        ("administrator", _span(3, 2), "leave.ends_before_it_starts"),
        ("oneself", _span(-1, 2), "leave.too_late"),
        ("desk_above", _span(-93, 2), "leave.too_late"),
        ("oneself", _span(0, OWN_DAYS + 1), "leave.too_long_for_oneself"),
        ("administrator", _span(0, 367), "leave.too_long"),
        ("administrator", _span(367, 368), "leave.too_long"),
    ],
)
def test_days_nobody_may_enter(by, span, code):
    assert _code(lambda: require_sensible(by, span, TODAY, [])) == code


def test_days_that_are_fine():
    require_sensible("oneself", _span(0, OWN_DAYS), TODAY, [])
    require_sensible("desk_above", _span(-92, 200), TODAY, [])
    require_sensible("oneself", _span(10, 17), TODAY, [_span(0, 7)])


def test_a_week_for_oneself_is_not_lengthened_piece_by_piece():
    assert _code(lambda: require_sensible("oneself", _span(7, 9), TODAY, [_span(3, 7), _span(0, 3)])) == "leave.too_long_for_oneself"
    require_sensible("oneself", _span(5, 7), TODAY, [_span(0, 5)])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.randoms())
def test_a_stretch_is_as_long_as_its_pieces_in_whatever_order_they_were_entered(lengths, order):
    spans, at = [], 0
    for length in lengths:
        spans.append(_span(at, at + length))
        at += length
    apart = [_span(at + 1, at + 5), _span(-9, -1)]
    order.shuffle(spans)
    assert stretch(spans[0], [*spans[1:], *apart]) == sum(lengths)


@pytest.mark.parametrize("role", ["administrator", "organization_inspector", "discipline_inspector"])
def test_who_gives_rights_and_who_oversees_is_not_acted_for(role):
    post = _post(role, COUNTY)
    lend = lambda: require_lendable(_sits("administrator", COUNTY), "administrator", post, _span(0, 5), _span(0, 5), TODAY)  # noqa: E731
    assert _code(lend) == "acting.role_is_personal"


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"administrator", "organization_inspector", "discipline_inspector"}))
def test_every_other_post_is_lent_by_an_administrator(role):
    post = _post(role)
    assert require_lendable(_sits("administrator", COUNTY), "administrator", post, _span(0, 5), _span(0, 5), TODAY) is post


@pytest.mark.parametrize(
    ("leave", "span", "code"),
    [
        (_span(0, 5), _span(0, 6), "acting.outside_leave"),
        (_span(2, 5), _span(1, 5), "acting.outside_leave"),
        (_span(0, 5), _span(3, 3), "acting.outside_leave"),
        (_span(-5, 5), _span(-3, 5), "acting.too_late"),
        (_span(-5, 0), _span(-5, 0), "acting.too_late"),
        (_span(0, 9), _span(0, 9), "acting.post_not_held"),
    ],
)
def test_days_on_which_nobody_can_act(leave, span, code):
    post = _post(held=Span(date(2020, 1, 1), _day(8)))
    assert _code(lambda: require_lendable(_sits("administrator", COUNTY), "administrator", post, leave, span, TODAY)) == code


def test_a_desk_lends_only_what_is_below_it():
    town, post = _sits("township_dispatcher", TOWN), _post("county_supervisor", COUNTY)
    assert _code(lambda: require_lendable(town, "desk_above", post, _span(0, 5), _span(0, 5), TODAY)) == "acting.not_below"
    assert _code(lambda: require_lendable(town, "desk_above", None, _span(0, 5), _span(0, 5), TODAY)) == "post.unknown"


def _deputy(**more: object) -> Deputy:
    return Deputy(**{"member_id": OTHER, "signs_in": True, "away": False, "paths": (VILLAGE,), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("by", "deputy", "code"),
    [
        ("administrator", _deputy(member_id=HOLDER), "acting.own_post"),
        ("administrator", _deputy(signs_in=False), "acting.deputy_cannot"),
        ("administrator", _deputy(away=True), "acting.deputy_away"),
        ("oneself", _deputy(paths=("/44/9/3/",)), "acting.deputy_far"),
        ("oneself", _deputy(paths=()), "acting.deputy_far"),
    ],
)
def test_who_cannot_be_a_deputy(by, deputy, code):
    assert _code(lambda: require_deputy(_sits("administrator", COUNTY), by, _post(), deputy)) == code


def test_nobody_makes_themself_a_deputy():
    actor = _sits("county_supervisor", COUNTY, "county")
    assert _code(lambda: require_deputy(actor, "desk_above", _post(), _deputy(member_id=actor.member_id))) == "acting.oneself"


def test_a_colleague_from_beside_and_for_others_anybody():
    require_deputy(Actor("member", new_id(), HOLDER), "oneself", _post(), _deputy(paths=("/44/1/7/",)))
    require_deputy(_sits("administrator", COUNTY), "administrator", _post(), _deputy(paths=("/44/9/3/",)))
    assert [around(path) for path in ("/44/", "/44/1/", "/44/1/2/")] == ["/44/", "/44/", "/44/1/"]


def test_a_deed_names_for_whom_it_was_done_only_where_it_needed_their_seat():
    own, other = new_id(), new_id()
    away = ActingFor(new_id(), HOLDER, "乙", TODAY)
    seat = Seat("village_secretary", own, "own", VILLAGE, "village", "village")
    acted = Seat("township_dispatcher", other, "other", TOWN, "township", "township", acting=away)
    same = Seat("village_secretary", own, "own", VILLAGE, "village", "village", acting=away)
    further = Seat("guide", own, "own", VILLAGE, "village", "village", acting=away)
    assert Actor("member", seats=(seat, acted)).acting_from(own) == []
    assert Actor("member", seats=(seat, acted)).acting_from(other) == [away]
    assert Actor("member", seats=(seat, acted)).acting_from(None) == [away]
    assert Actor("member", seats=(seat, same)).acting_from(own) == [], "it needed no more than the own seat"
    assert Actor("member", seats=(seat, further)).acting_from(own) == [away]
    assert Actor("member", seats=(seat,)).acting_from(None) == []
