"""From tellings to a focus issue: households by the register, signs shown, decisions by two people, once however often they are sent."""

from uuid import UUID

from services.platform import clock
from services.platform.ids import new_id
from tests.county import BLANK_GRID, SHUIKOU, STAFFED_GRID, WATER, YANGMING
from tests.matters.world import World

ASSET = {"code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠", "水圳"], "length_m": 320_000}
WORDS = ("水渠断了,田里放不到水", "水渠塌了一大段", "稻田没水,水圳堵死", "修修水渠吧,秧苗都要干死了")


async def _canal(world: World) -> None:
    """The canal, and its 3.5 km in 水口村."""
    asset = await world.did("county", "/v1/assets", ASSET)
    await world.did("pengzhai", f"/v1/assets/{asset['id']}/segments", {"unit": SHUIKOU, "from_m": 118_000, "to_m": 121_500})


async def _told(world: World) -> list[str]:
    """Four households of 水口村 tell of the canal, one of them from two telephones of which the register knows one."""
    await _canal(world)
    await world.did("shuikou", "/v1/households", {"unit": STAFFED_GRID, "number": "3-012", "head": "黄某某", "phone": "13800000000"})
    numbers = [await world.tell(words, f"1380000000{n}", unit=(BLANK_GRID, STAFFED_GRID)[n % 2]) for n, words in enumerate(WORDS)]
    again = await world.tell("水渠还没有修", "13800000000")
    secret = await world.tell("水渠的钱被人拿了", "13911112222", confidential=True)
    lamp = await world.tell("路灯不亮", "13900000001", category="roads.damage")
    assert {secret, lamp}.isdisjoint(numbers)
    return sorted([*numbers, again])


async def test_what_many_households_tell_is_proposed_and_decided_once(world: World) -> None:
    numbers = await _told(world)
    await world.look(3)
    before = clock.now()
    await world.look()
    [found] = await world.candidates()
    assert (found["households"], found["weight"]["tellings"], found["state"]) == (4, 5, "open")
    assert sorted(found["tickets"]) == numbers, "neither the lamp nor what was told in confidence"
    assert found["unit"]["code"] == SHUIKOU
    assert found["segment_id"] is not None
    assert await world.county.value("SELECT count(*) FROM matter_candidate_looks") == 1, "a look that sees the same is kept once"
    assert await world.candidates("yangming") == []
    assert (await world.doors.get("shuikou", "/v1/matter-candidates")).status_code == 403
    kept = str(await world.county.value("SELECT figures FROM matter_candidates"))
    assert not any(word in kept for word in (*WORDS, "1380000", "黄某")), "counts and numbers of tickets alone"

    body = {
        "candidate_id": found["id"], "title": "水口村水渠修复", "category": "water.canal", "urgency": "urgent", "tension": 4,
        "origin_on": "2016-03-01", "because": "群众反映最多且亟需解决。",
    }  # fmt: skip
    both = [await world.post("pengzhai", "/v1/matters", body, key="determine") for _ in range(2)]
    assert [one.status_code for one in both] == [201, 201]
    matter = both[0].json()
    assert matter["id"] == both[1].json()["id"]
    assert (matter["households"], matter["counted"]["rank"]) == (4, {"of": 1, "place": 1})
    assert (matter["state"], matter["number"], matter["age_days"] > 3650) == ("determined", None, True)
    assert sorted(matter["tickets"]) == numbers
    taken = await world.post("pengzhai", "/v1/matters", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "candidate.decided")
    await world.look()
    assert await world.candidates(state="open") == [], "what is part of a matter is not proposed again"
    [then] = await world.candidates(as_of=before.isoformat())
    assert then["state"] == "open"
    later = await world.tell("水渠又塌了", "13700000009")
    frozen = await world.act("pengzhai", matter["id"], "join", tickets=[later])
    assert later in frozen["tickets"]
    assert frozen["households"] == 4, "what was counted is frozen"


async def test_what_is_set_aside_waits_until_twice_as_many_tell_it(world: World) -> None:
    for n in range(3):
        await world.tell(f"路灯坏了{n}盏不亮", f"1380000000{n}", category="roads.damage")
    await world.look()
    [found] = await world.candidates()
    address = f"/v1/matter-candidates/{found['id']}/set-aside"
    assert (await world.post("yangming", address, {"because": "不归我们。"})).status_code == 404
    aside = await world.did("pengzhai", address, {"because": "已列入计划。"})
    assert aside["state"] == "set_aside"
    for n in range(3, 6):
        await world.look()
        assert await world.candidates(state="open") == []
        await world.tell(f"路灯坏了{n}盏不亮", f"1380000000{n}", category="roads.damage")
    await world.look()
    [again] = await world.candidates(state="open")
    assert (again["id"], again["households"]) == (found["id"], 6)
    kinds = await world.county.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", UUID(found["id"]))
    assert [row["type"] for row in kinds] == ["candidate.opened", "candidate.set_aside", "candidate.opened_again"]


async def test_one_household_often_is_no_candidate_and_few_households_often_are_a_sign(world: World) -> None:
    for n in range(9):
        await world.tell(f"水渠第{n}次断了", "13800000000")
    await world.look()
    assert await world.candidates() == []
    for n in (1, 2):
        await world.tell("水渠断了没水", f"1380000000{n}")
    await world.look()
    [found] = await world.candidates()
    assert (found["households"], found["weight"]["tellings"]) == (3, 11)
    assert "few_households" in {sign["kind"] for sign in found["signs"]}


async def test_segments_of_an_asset_do_not_overlap_and_lie_in_villages(world: World) -> None:
    asset = await world.did("county", "/v1/assets", ASSET)
    assert (await world.did("county", "/v1/assets", ASSET))["id"] == asset["id"]
    other = await world.post("county", "/v1/assets", {**ASSET, "length_m": 1})
    assert other.json()["code"] == "asset.code_taken"
    address, segment = f"/v1/assets/{asset['id']}/segments", {"unit": SHUIKOU, "from_m": 100, "to_m": 200}
    for _ in range(2):
        assert len((await world.did("pengzhai", address, segment))["segments"]) == 1
    for body, code in (
        ({**segment, "from_m": 199, "to_m": 300}, "segment.overlaps"), ({**segment, "unit": YANGMING}, "segment.not_a_village"),
        ({**segment, "from_m": 300, "to_m": 400_000}, "segment.too_long"), ({**segment, "to_m": 50}, "request.invalid"),
    ):  # fmt: skip
        assert (await world.post("pengzhai", address, body)).json()["code"] == code
    assert (await world.post("yangming", address, {**segment, "from_m": 300, "to_m": 400})).json()["code"] == "matter.outside_area"
    listed = (await world.client.get("/v1/assets", headers=await world.as_("grid"))).json()
    assert [one["code"] for one in listed["items"]] == ["canal-hfd"]


async def test_a_household_by_telephone_and_at_the_door_is_one_and_its_opinion_becomes_part_of_the_matter(world: World) -> None:
    await _canal(world)
    homes = []
    for n in range(4):
        listed = {"unit": SHUIKOU, "number": f"3-{n}", "head": "黄某", "phone": f"1380000000{n}"}
        homes.append((await world.did("shuikou", "/v1/households", listed))["id"])
        heard = {"opinion_id": str(new_id()), "household_id": homes[n], "words": WORDS[n], "heard_at": clock.now().isoformat()}
        await world.did("shuikou", "/v1/opinions", heard | {"category": "water.canal"})
    await world.tell(WORDS[0], "13800000000")
    await world.tell(WORDS[0], "13800000000", call_id=str(new_id()))
    await world.look()
    [found] = await world.candidates()
    assert (found["households"], found["weight"]["tellings"], found["opinions"]) == (4, 6, 4), "five ways of one household are one"
    kept = str(await world.county.value("SELECT figures FROM matter_candidates"))
    assert not any(word in kept for word in WORDS)
    matter = await world.determined(candidate_id=found["id"])
    assert (matter["households"], len(matter["opinions"])) == (4, 4)
    outcomes = "SELECT count(*) FROM opinion_outcomes WHERE kind = 'matter'"
    assert await world.county.value(outcomes) == 0, "nothing became of them until it is registered"
    await world.act("county", matter["id"], "register", lead=WATER, words="列入台账。")
    assert await world.county.value(outcomes) == 4
    late = {"opinion_id": str(new_id()), "household_id": homes[0], "words": "水渠几时修好", "heard_at": clock.now().isoformat()}
    await world.did("shuikou", "/v1/opinions", late)
    await world.refused("opinion.unknown", "pengzhai", matter["id"], "join", opinions=[str(new_id())])
    joined = await world.act("pengzhai", matter["id"], "join", opinions=[late["opinion_id"]])
    assert (len(joined["opinions"]), await world.county.value(outcomes)) == (5, 5)
    assert joined["households"] == 4, "what was counted is frozen"
