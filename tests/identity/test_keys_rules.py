"""What a key can be, and how a seat is narrowed: never further than its owner, never outside of its area."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.identity.keys import (
    LENDABLE,
    PREFIX,
    WHOLE_JURISDICTION,
    digest_of,
    is_at,
    is_secret,
    lent_now,
    new_key,
    read_key,
    shown,
    signed_text,
)
from services.identity.keys_commands import MakeKey
from services.identity.permissions import PERMISSIONS, Scope, area_of, may, narrowed, reach_of, scope_of
from services.organization.models import KINDS, ROLES
from services.platform.actor import Actor, Lent, Seat
from services.platform.ids import new_id
from services.tickets.deciding import LENDABLE as TICKET_LENDABLE

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PATHS = st.lists(st.sampled_from("abc"), max_size=3).map(lambda parts: "/".join(["/r", *parts, ""]))
"""Of one tree: there is one root."""
SEATS = st.builds(
    lambda role, path, kind, function: Seat(role, UUID(int=1), "x", path, "county", kind, function),
    st.sampled_from(sorted(ROLES)), PATHS, st.sampled_from(KINDS), st.sampled_from([None, "water"]),
)  # fmt: skip


def _sees(scope: Scope, path: str, function: str | None, assigned: UUID | None) -> bool:
    """Tell whether a ticket at `path`, of a line, assigned to a unit, is in a scope: as `compile_scope` would."""
    return (
        scope.everything
        or path.startswith(scope.prefixes)
        or any(function == line and path.startswith(area) for line, area in scope.functions)
        or assigned in scope.unit_ids
    )


@given(st.lists(SEATS, min_size=1, max_size=3), PATHS, PATHS, st.sampled_from([None, "water"]), st.sampled_from([None, UUID(int=1)]))
def test_a_key_sees_what_its_owner_sees_inside_of_its_area_and_nothing_else(seats, area, path, function, assigned):
    owner = Actor("member", new_id(), new_id(), "甲", tuple(seats))
    left = tuple(seat for one in seats if (seat := narrowed(one, area)) is not None)
    key = Actor("member", new_id(), new_id(), "程序", left, Lent(new_id(), frozenset(PERMISSIONS)))
    if _sees(scope_of(key), path, function, assigned):
        assert path.startswith(area)
        assert _sees(scope_of(owner), path, function, assigned)
    elif path.startswith(area):
        assert not _sees(scope_of(owner), path, function, None), "what the owner sees there by place or line, the key sees"


@given(SEATS, PATHS, PATHS)
def test_narrowing_is_to_the_smaller_of_the_two_and_doing_it_again_changes_nothing(seat, area, further):
    left = narrowed(seat, area)
    if left is None:
        assert not area.startswith(reach_of(seat))
        assert not reach_of(seat).startswith(area)
        return
    assert reach_of(left) == area_of(left) == max(reach_of(seat), area, key=len)
    assert narrowed(left, area) == left
    assert (left.role, left.unit_id, left.unit_code) == (seat.role, seat.unit_id, seat.unit_code)
    twice = narrowed(left, further)
    assert twice is None or reach_of(twice).startswith(area)


@given(st.sampled_from(sorted(ROLES)), st.sets(st.sampled_from(sorted(PERMISSIONS))), st.booleans())
def test_a_key_may_what_both_its_owner_and_its_lending_allow(role, actions, area):
    seat = Seat(role, new_id(), "x", "/a/", "county", "county")
    owner = Actor("member", new_id(), new_id(), "甲", (seat,))
    key = Actor("member", new_id(), new_id(), "程序", (seat,), Lent(new_id(), lent_now(actions, area=area)))
    for action in PERMISSIONS:
        lent = action in actions and action in LENDABLE and not (area and action in WHOLE_JURISDICTION)
        assert may(key, action) == (may(owner, action) and lent)


def test_what_can_be_lent_is_of_the_tables_and_needs_no_second_pair_of_eyes():
    assert LENDABLE.issubset(PERMISSIONS)
    assert WHOLE_JURISDICTION <= LENDABLE
    gives_rights = {
        action for action in PERMISSIONS if action.startswith(("account.", "connection.", "key.", "member.change", "webhook.c"))
    }
    assert not gives_rights & LENDABLE
    assert (
        not {"ticket.close", "ticket.call_back", "ticket.decide_extension", "ticket.decide_suspension", "ticket.suspend"} & TICKET_LENDABLE
    )
    assert not TICKET_LENDABLE & set(PERMISSIONS), "the names of both tables are apart"


def test_a_key_is_recognised_and_only_its_secret_proves_it():
    key_id, other = new_id(), new_id()
    whole, secret = new_key(key_id)
    assert whole.startswith(PREFIX + key_id.hex)
    assert read_key(whole) == (key_id, secret)
    assert read_key(shown(key_id)) == (key_id, None)
    assert is_secret(key_id, secret, digest_of(key_id, secret))
    assert not is_secret(other, secret, digest_of(key_id, secret)), "a digest belongs to its key"
    assert secret.encode() not in digest_of(key_id, secret)
    for wrong in (
        "",
        "dgj_",
        whole + "\n",
        whole + "A",
        whole[:-1],
        whole.upper(),
        whole.replace("_", "-"),
        "dgj_" + "z" * 32,
        "dgj_" + "1" * 32 + "_",
    ):
        assert read_key(wrong) is None, wrong


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        ("10.20.3.4", ["10.20.0.0/16"], True),
        ("10.21.3.4", ["10.20.0.0/16"], False),
        ("::ffff:10.20.3.4", ["10.20.0.0/16"], True),
        ("2001:db8::1", ["10.0.0.0/8", "2001:db8::/32"], True),
        ("2001:db8::1", ["0.0.0.0/0"], False),
        ("testclient", ["0.0.0.0/0", "::/0"], False),
        (None, ["0.0.0.0/0"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
    ],
)
def test_an_address_is_in_its_networks_or_not(address, networks, inside):
    assert is_at(address, networks) is inside


def test_each_part_of_a_request_changes_what_is_signed():
    parts = ("GET", "/v1/tickets", "limit=5", b"{}")
    others = ("POST", "/v1/units", "limit=6", b"[]")
    texts = {signed_text(*parts)} | {signed_text(*(*parts[:place], other, *parts[place + 1 :])) for place, other in enumerate(others)}
    assert len(texts) == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"owner": None}, {"days": 0}, {"days": 366}, {"actions": ["ticket"]}, {"actions": []}, {"addresses": ["10.0.0.1/8"]},
        {"addresses": ["localhost"]}, {"name": ""}, {"surplus": 1}, {"seat": {"role": "king", "unit_code": "x"}},
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(changed):
    good = {"name": "x", "owner": "county", "actions": ["ticket.read"]}
    assert MakeKey.model_validate(good).days == 90
    with pytest.raises(ValidationError):
        MakeKey.model_validate({**good, **changed})
