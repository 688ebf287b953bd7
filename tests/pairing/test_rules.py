"""How households are shared out: everybody once, evenly, neighbours together."""

from collections import Counter
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.organization.tree import UnitNode
from services.pairing.rules import Neighbour, require_fitting, require_partner, shared_out, shares
from services.platform.errors import Invalid

_LOADS = st.lists(st.integers(0, 60), min_size=1, max_size=12)


@given(st.integers(0, 200), _LOADS)
def test_shares_are_as_even_as_they_can_be(count: int, loads: list[int]) -> None:
    got = shares(count, loads)
    assert sum(got) == count
    assert min(got) >= 0
    after = [load + more for load, more in zip(loads, got, strict=True)]
    for nth, more in enumerate(got):
        if more:  # whoever got one does not have more than one above anybody else
            assert after[nth] <= min(after) + 1


@given(st.lists(st.sampled_from(["/c/v/1/", "/c/v/2/", "/c/w/1/"]), max_size=60), _LOADS)
def test_every_household_goes_to_one_member_and_neighbours_stay_together(paths: list[str], loads: list[int]) -> None:
    homes = [Neighbour(UUID(int=nth + 1), path) for nth, path in enumerate(paths)]
    members = {UUID(int=1000 + nth): load for nth, load in enumerate(loads)}
    taken = shared_out(homes, members)
    assert set(taken) == {home.id for home in homes}
    assert [Counter(taken.values())[one] for one in members] == shares(len(homes), loads)
    in_order = [taken[home.id] for home in sorted(homes, key=lambda home: (home.path, home.id))]
    changes = sum(first != second for first, second in pairwise(in_order))
    assert changes <= max(0, len(set(in_order)) - 1), "each takes one stretch of neighbours"


def test_nobody_can_take_nothing() -> None:
    with pytest.raises(ValueError, match="nobody"):
        shared_out([], {})


def test_kinds_fit_their_places() -> None:
    village = UnitNode(UUID(int=1), "v", "village", "village", "v", (), None, "/v/", None, None, None, active=True)
    require_fitting("secretary_village", village)
    for wrong in (lambda: require_fitting("leader_township", village), lambda: require_partner(village)):
        with pytest.raises(Invalid):
            wrong()
