"""The register in figures and the funnel of opinions over HTTP: each number is the list behind it, as known when."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from services.matters.funnel import Heard, Stage, opinion_counts, things_counted
from services.platform import clock
from services.platform.ids import new_id
from tests.county import PENGZHAI, SHUIKOU, WATER, YANGMING
from tests.matters.world import World

_OF = UUID(int=7)
KINDS = ("on_the_spot", "answered", "ticket", "matter")
STAGES = {uuid5(_OF, str(n)): Stage(f"第{n}号" if n % 3 else None, struck_off=n % 3 == 2) for n in range(6)}


TICKETS = [uuid5(_OF, f"t{n}") for n in range(2)]


def _heard(bits: int) -> Heard:
    """Return an opinion with whatever became of it: a bit for each thing that may."""
    parts: list[Any] = [*KINDS, *TICKETS, *STAGES, uuid5(_OF, "declined"), True]
    there = [part for nth, part in enumerate(parts) if bits >> nth & 1]
    of = [one for one in there if isinstance(one, UUID)]
    return Heard(
        uuid5(_OF, f"o{bits}"), date(2026, 11, 1), _OF, True in there, {one for one in there if isinstance(one, str)},
        set(of) & set(TICKETS), set(of) - set(TICKETS),
    )  # fmt: skip


@given(st.lists(st.integers(0, 2**14 - 1).map(_heard), max_size=5))
def test_each_step_of_the_funnel_is_within_the_one_before_and_nobody_falls_out_unseen(heard: list[Heard]) -> None:
    counted = [opinion_counts(one, STAGES) for one in heard]
    for one in counted:
        assert "opinions_heard" in one
        assert ("opinions_struck_off" in one) <= ("opinions_registered" in one) <= ("opinions_to_matters" in one)
        followed = {"opinions_on_the_spot", "opinions_answered", "opinions_to_things", "opinions_to_matters"}
        assert ("opinions_without_follow_up" in one) <= (not followed & one)
    matters, registered, struck = (
        set(things_counted(name, heard, STAGES))
        for name in ("matters_of_opinions", "matters_of_opinions_registered", "matters_of_opinions_struck_off")
    )
    assert struck <= registered <= matters <= set(STAGES)
    assert bool(matters) == any("opinions_to_matters" in one for one in counted)


async def _read(world: World, path: str, login: str = "county", **query: Any) -> dict[str, Any]:
    answer = await world.doors.get(login, path, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _values(figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["metric"].partition("@")[0]: one.get("value", one.get("numerator")) for one in figures}


async def _each_list_is_its_number(world: World, path: str, report: dict[str, Any], **query: Any) -> None:
    for row in (None, *report["rows"]):
        for figure in report["total"] if row is None else row["figures"]:
            more = {"key": row["key"]} if row else {}
            listed = await _read(world, f"{path}/entries", metric=figure["metric"], **more, **query)
            number = figure["value"] if figure.get("numerator") is None else figure["numerator"]
            assert (listed["total"], len(listed["items"])) == (number, number), (figure, row and row["key"])


async def test_the_register_in_figures_is_the_lists_behind_it(world: World) -> None:
    first = await world.registered()
    before = clock.now().isoformat()
    await world.act("pengzhai", first, "block", code="land", since="2026-01-01", words="用地未批。")
    await world.act("pengzhai", first, "set_milestone", title="开工", planned_on="2026-01-01")
    other = (await world.determined("yangming", unit=YANGMING, title="另一件", origin_on="2026-11-01"))["id"]
    await world.act("county", other, "register", lead=WATER, words="列入。")
    await world.determined(title="还没有挂号的")
    report = await _read(world, "/v1/reports/matters", by="unit:township")
    told = _values(report["total"])
    assert told | {"matter_age": 0} == {
        "matters_registered": 2, "matters_struck_off": 0, "matters_open": 2, "strike_off_rate": None, "matters_stale": 0, "matters_late": 1,
        "matters_blocked": 1, "matter_age": 0,
    }  # fmt: skip
    rate = next(one for one in report["total"] if one["metric"] == "strike_off_rate@1")
    assert (rate["numerator"], rate["denominator"], rate["shown"]) == (0, 2, "0.00%")
    by_row = {row["key"]: _values(row["figures"]) for row in report["rows"]}
    assert (by_row[PENGZHAI]["matters_blocked"], by_row[YANGMING]["matters_blocked"]) == (1, 0)
    assert (by_row[PENGZHAI]["matters_open"], len(report["rows"])) == (1, 17)
    report["rows"] = [row for row in report["rows"] if row["key"] in {PENGZHAI, YANGMING}]
    await _each_list_is_its_number(world, "/v1/reports/matters", report, by="unit:township")
    below = await _read(world, "/v1/reports/matters/entries", metric="strike_off_rate", part="denominator")
    assert below["count"] == 2
    page = await _read(world, "/v1/reports/matters/entries", metric="matters_open", limit=1)
    rest = await _read(world, "/v1/reports/matters/entries", metric="matters_open", limit=1, cursor=page["next"])
    assert [one["matter"]["number"][-5:] for one in (*page["items"], *rest["items"])] == ["0001号", "0002号"]
    then = _values((await _read(world, "/v1/reports/matters", as_of=before))["total"])
    assert (then["matters_open"], then["matters_blocked"]) == (1, 0)
    assert _values((await _read(world, "/v1/reports/matters", "pengzhai"))["total"])["matters_open"] == 1, "of one's own area"
    flag = {"unit": SHUIKOU, "level": "city", "since": "2012-03-01", "because": "备案整顿。"}
    assert _values((await _read(world, "/v1/reports/matters", problem_villages=True))["total"])["matters_open"] == 0
    entry = (await world.did("county", "/v1/problem-villages", flag))["id"]
    listed = await _read(world, "/v1/reports/matters/entries", metric="matters_open", problem_villages=True)
    assert [one["matter"]["unit"]["code"] for one in listed["items"]] == [SHUIKOU]
    register = (await _read(world, "/v1/matters", problem_villages=True))["items"]
    assert {one["unit"]["code"] for one in register} == {SHUIKOU}
    flagged = clock.now().isoformat()
    await world.did("county", f"/v1/problem-villages/{entry}/end", {"until": "2026-01-01", "because": "整顿完成。"})
    assert (await _read(world, "/v1/reports/matters/entries", metric="matters_open", problem_villages=True))["count"] == 0
    assert (await _read(world, "/v1/reports/matters/entries", metric="matters_open", problem_villages=True, as_of=flagged))["count"] == 1
    for path in ("/v1/reports/matters", "/v1/reports/funnel", "/v1/reports/blockers", "/v1/notice/matters"):
        assert (await world.doors.get("county", path, as_of="0001-01-01T00:00:00+14:00")).status_code == 200, "nothing was known then"
    for query, code in (({"from": "2026-02-01", "to": "2026-01-01"}, "period.invalid"), ({"unit": "x9"}, "unit.unknown")):
        assert (await world.doors.get("county", "/v1/reports/matters", **query)).json()["code"] == code
    assert (await world.doors.get("county", "/v1/reports/matters/entries", metric="opinions_heard")).json()["code"] == "metric.unknown"


async def _opinions(world: World, how_many: int) -> list[str]:
    home = {"unit": SHUIKOU, "number": "3-1", "head": "黄某", "phone": "13800000001"}
    household = (await world.did("shuikou", "/v1/households", home))["id"]
    found = []
    for nth in range(how_many):
        heard = {"opinion_id": str(new_id()), "household_id": household, "words": f"金丝雀{nth}", "heard_at": clock.now().isoformat()}
        found.append((await world.did("shuikou", "/v1/opinions", heard))["id"])
    return found


async def test_the_funnel_follows_opinions_to_tickets_and_matters_and_lists_what_has_no_follow_up(world: World) -> None:
    opinions = await _opinions(world, 5)
    spot, by_ticket, dropped, joined, _nothing = opinions
    told = {"kind": "on_the_spot", "outcome_id": str(new_id()), "happened_at": clock.now().isoformat(), "words": "接好了。"}
    await world.did("shuikou", f"/v1/opinions/{spot}/outcomes", told)
    numbers = []
    for one in (by_ticket, dropped):
        ticket = {"outcome_id": str(new_id()), "happened_at": clock.now().isoformat(), "category": "water.canal"}
        filed = await world.did("shuikou", f"/v1/opinions/{one}/ticket", ticket)
        numbers.append(filed["outcomes"][0]["ticket"])
    matter = (await world.determined(tickets=[numbers[0]]))["id"]
    await world.act("pengzhai", matter, "join", opinions=[joined])
    before = clock.now().isoformat()
    await world.act("county", matter, "register", lead=WATER, words="列入台账。")
    await world.county.settle()
    address, headers = f"/v1/tickets/{numbers[1]}", await world.as_("county")
    match = {"If-Match": (await world.client.get(address, headers=headers)).headers["ETag"]}
    cancel = {"action": "cancel", "reason": "withdrawn", "words": "撤销"}
    cancelled = await world.client.post(f"{address}/actions", json=cancel, headers=headers | match)
    assert cancelled.status_code == 200, cancelled.text
    report = await _read(world, "/v1/reports/funnel", by="unit:village", unit=PENGZHAI)
    assert _values(report["total"]) == {
        "opinions_heard": 5, "opinions_on_the_spot": 1, "opinions_answered": 0, "opinions_to_things": 0, "opinions_to_tickets": 2,
        "tickets_of_opinions": 2, "opinions_to_matters": 2, "matters_of_opinions": 1, "opinions_registered": 2,
        "matters_of_opinions_registered": 1, "opinions_struck_off": 0, "matters_of_opinions_struck_off": 0, "opinions_without_follow_up": 2,
    }  # fmt: skip
    report["rows"] = [row for row in report["rows"] if row["key"] == SHUIKOU]
    assert _values(report["rows"][0]["figures"]) == _values(report["total"])
    await _each_list_is_its_number(world, "/v1/reports/funnel", report, by="unit:village", unit=PENGZHAI)
    left = await _read(world, "/v1/reports/funnel/entries", metric="opinions_without_follow_up")
    assert {one["id"] for one in left["items"]} == {dropped, _nothing}, "a ticket that was dropped ended nothing"
    assert "金丝雀" not in str(left)
    then = _values((await _read(world, "/v1/reports/funnel", as_of=before))["total"])
    assert (then["matters_of_opinions"], then["matters_of_opinions_registered"], then["opinions_without_follow_up"]) == (1, 0, 1)
    pages, cursor = [], None
    while True:
        page = await _read(world, "/v1/reports/funnel/entries", metric="opinions_heard", limit=2, **({"cursor": cursor} if cursor else {}))
        pages += [one["id"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert sorted(pages) == sorted(opinions)
    assert _values((await _read(world, "/v1/reports/funnel", "yangming"))["total"])["opinions_heard"] == 0
