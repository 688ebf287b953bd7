"""挂号销号公示: what anybody may read of the register, and that nobody is in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from uuid import UUID

from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from reporting_api.app import build
from services.notices.register import Told, band, phase_of, place_told
from services.platform.clock import local_day, now
from services.platform.database import REPORTING
from services.platform.ids import new_id
from tests.conftest import TestDatabase
from tests.county import PENGZHAI, SHUIKOU, WATER
from tests.matters.conftest import world
from tests.matters.world import World

__all__ = ["world"]
PATH = [("village", "水口村"), ("township", "彭寨镇"), ("county", "和平县")]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(2, 20))
def test_a_band_never_tells_a_number_and_few_never_point_at_a_village(tellings, households, k):
    told = Told(max(tellings, households), households)
    alike = {more for more in range(501) if band(Told(max(told.tellings, more), more), k) == band(told, k)}
    assert households in alike
    if told.tellings and households < k:
        assert place_told(PATH, told, k) == "彭寨镇"
        assert alike >= set(range(k)) - {0}
    elif told.tellings:
        assert place_told(PATH, told, k) == "水口村"
        assert band(told, k) != f"{households}户" or k in {9, 10, 29, 30, 99, 100}


def test_a_matter_can_be_objected_to_from_the_first_day_of_its_notice_to_the_last():
    days = (date(2026, 4, 1), date(2026, 4, 7))
    told = [phase_of("registered", days, date(2026, 3, 31) + timedelta(days=nth)) for nth in range(9)]
    assert told == ["registered", *["notice"] * 7, "registered"]
    assert [phase_of(state, days, days[0]) for state in ("determined", "declined", "struck_off")] == [None, None, "struck_off"]


@asynccontextmanager
async def _anybody(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """Somebody who is not signed in, at the reporting door."""
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client


async def _written(world: World) -> list[str]:
    """Have four matters: told by many, by two households, by nobody, and of a kind that is not public; the first in its notice."""
    owner = world.county.owner
    found = []
    for title, households in (("多户水渠", 42), ("两户水渠", 2), ("历史水渠", 0), ("不公开", 42)):
        matter = (await world.determined(title=f"金丝雀{title}", because="金丝雀说的话。"))["id"]
        await world.act("county", matter, "register", lead=WATER, words="金丝雀。")
        weight = f'{{"households": {households}, "tellings": {households}, "anonymous": 0}}'
        await owner.execute("UPDATE matters SET counted = jsonb_set(counted, '{weight}', $1) WHERE id = $2", weight, UUID(matter))
        found.append(matter)
    private = await owner.fetchval("SELECT code FROM categories WHERE privacy <> 'normal' LIMIT 1")
    await owner.execute("UPDATE matters SET category_code = $1 WHERE id = $2", private, UUID(found[3]))
    await world.act("pengzhai", found[0], "block", code="funding", since="2026-01-01", words="金丝雀欠款。")
    account, today = await owner.fetchval("SELECT id FROM accounts WHERE login = 'county'"), local_day(now())
    await owner.execute(
        "INSERT INTO matter_notices (id, matter_id, round, begins_on, ends_on, words, recorded_at, recorded_by_account_id)"
        " VALUES ($1, $2, 1, $3, $4, '金丝雀公示', now(), $5)",
        new_id(), UUID(found[0]), today, today + timedelta(days=6), account,
    )  # fmt: skip
    return found


async def test_anybody_reads_the_register_and_nobody_is_in_it(world: World) -> None:
    await _written(world)
    async with _anybody(world.county) as anybody:
        await _read(anybody)


async def _read(anybody: AsyncClient) -> None:
    answer = await anybody.get("/v1/notice/matters")
    items = answer.json()["items"]
    assert [(one["place"], one["households"], one["phase"]) for one in items] == [
        ("水口村村民委员会", "历史遗留问题，未统计", "registered"),
        ("彭寨镇", "不足5户", "registered"),
        ("水口村村民委员会", "30至99户", "notice"),
    ]
    assert (items[2]["blockers"], items[2]["notice_until"]) == (["资金缺口"], str(local_day(now()) + timedelta(days=6)))
    assert items[2]["lead"] == "和平县水利局"
    page = await anybody.get("/notice/matters")
    assert page.status_code == 200
    for text in (answer.text, page.text):
        assert "金丝雀" not in text
        assert "42" not in text.replace("441624", "").replace("0042", ""), "a number of households is told in a band"
    assert "正在公示，可提出异议" in page.text
    assert "拨打" in page.text
    noticed = (await anybody.get("/v1/notice/matters", params={"phase": "notice"})).json()["items"]
    assert [one["number"] for one in noticed] == [items[2]["number"]]
    assert len((await anybody.get("/v1/notice/matters", params={"area": PENGZHAI, "phase": "registered"})).json()["items"]) == 2
    village = (await anybody.get("/v1/notice/matters", params={"area": SHUIKOU})).json()["items"]
    assert [one["households"] for one in village] == ["历史遗留问题，未统计", "30至99户"], "asking for a village finds nobody behind few"
    before = (await anybody.get("/v1/notice/matters", params={"as_of": "2026-01-01T00:00:00Z"})).json()["items"]
    assert before == []
    first = (await anybody.get("/v1/notice/matters", params={"limit": 2})).json()
    rest = (await anybody.get("/v1/notice/matters", params={"limit": 2, "cursor": first["next"]})).json()
    assert [*first["items"], *rest["items"]] == items
    assert (await anybody.get("/v1/notice/matters", params={"area": "999"})).json()["code"] == "unit.unknown"
    lost = await anybody.get("/notice/matters", params={"area": "999"}, headers={"Accept": "text/html"})
    assert (lost.status_code, SHUIKOU in lost.text) == (404, False)
