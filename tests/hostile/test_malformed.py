"""A volley of malformed requests at real processes, a small one; `make malformed` sends a hundred thousand (docs/threat-model.md)."""

from collections import Counter

import pytest

from services.organization.models import ROLES
from tests.hostile.faults import FAULTS
from tests.hostile.firing import fire
from tests.hostile.malformed import faults_of
from tests.hostile.siege import besieged
from tests.hostile.volley import GARBAGE_EVERY, Volley

REQUESTS = 2_000


@pytest.fixture
async def siege(servers, county_template, home):
    async with besieged(servers, county_template, home) as standing:
        yield standing


async def test_no_malformed_request_is_a_failure_of_ours_or_goes_unanswered(siege):
    volley = Volley(20261122, siege.world)
    same = [[str(shot), shot.said] for shot in (volley.shot(11), volley.shot(11))]
    assert same[0] == same[1], "whatever was sent before it, a number is the same request"
    assert set(ROLES) | {"nobody", "a key", "a forged token"} == set(volley.callers)

    tally = await fire(volley, range(REQUESTS), siege.doors, callers=12, renew=siege.renew)
    wrong = await faults_of(siege, tally)
    assert not wrong, f"{len(wrong)} of {tally.sent}:\n" + "\n".join(wrong[:20])

    whole: Counter[str] = sum(tally.by_route.values(), Counter())
    framed = REQUESTS - REQUESTS // GARBAGE_EVERY
    assert tally.sent == REQUESTS
    assert set(tally.by_route) >= {str(one) for one in volley.operations}, "every route was asked"
    assert set(tally.by_caller) == set(volley.callers), "by everybody"
    assert whole["2xx"] > framed * 0.05, "requests got as far as being done"
    assert whole["429"] < framed * 0.05, "and were not turned away by quotas"
    chosen = Counter(fault for number in range(REQUESTS) for fault in volley.shot(number).faults)
    assert set(FAULTS) <= set(chosen)
