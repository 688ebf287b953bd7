"""Evidence: what a category demands before work counts as done, and what about pictures somebody must have looked at before they close."""

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import permutations
from types import SimpleNamespace
from uuid import UUID

import pytest
from PIL import Image

from bench.scenes import Shot, jpeg, photo, scaled, stamped
from dispatch_worker.handlers import HANDLERS
from dispatch_worker.jobs.likenesses import likenesses
from services.attachments.expecting import arrived, expect
from services.attachments.likeness import likeness
from services.journal.subscriptions import INSPECT
from services.platform.database import WORKER
from services.platform.errors import Conflict
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.routing.geo import Point, to_gcj02
from services.tickets.case import Case, FlagState
from services.tickets.command_parts import File
from services.tickets.evidence import FAR, Finding, Matter, Picture, compared, findings, missing_evidence, of_itself, refuse_unreviewed
from tests.attachments.samples import TAKEN
from tests.attachments.test_pictures import exif
from tests.county import STAFFED_GRID, YANGMING, actor
from tests.journeys.people import Desk

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MATTER = (24.4412, 114.9386)


def ids(*numbers: int) -> list[UUID]:
    return [UUID(int=number) for number in numbers]


A, B, C = ids(1, 2, 3)


@cache
def original(seed: int) -> bytes:
    return jpeg(scaled(photo(Shot(seed)), 640), 92)


@cache
def fingerprint(seed: int) -> bytes:
    found = likeness(Image.open(io.BytesIO(original(seed))))
    assert found is not None
    return found


def shown(number: int, ticket: UUID = A, role: str = "after", *, at: datetime = NOON, seed: int | None = 1, **more) -> Picture:
    """A picture of a place (None: one that tells nothing), shown by a work log; each with bytes of its own."""
    made = Picture(
        attachment_id=UUID(int=100 + number),
        ticket_id=ticket,
        family_id=ticket,
        subject_id=UUID(int=500 + number),
        told=False,
        role=role,
        round=1,
        shown_at=at,
        sha256=number.to_bytes(32, "big"),
        likeness=None if seed is None else fingerprint(seed),
    )
    return replace(made, **more)


def told(number: int, ticket: UUID = A, **more) -> Picture:
    return shown(number, ticket, "evidence", told=True, **({"round": 0} | more))


def kinds(found: list[Finding]) -> list[tuple[str, int]]:
    return [(finding.kind, finding.picture.attachment_id.int - 100) for finding in found]


# -- what is demanded -------------------------------------------------------------------------------------------------


def case(*demands: str, place: bool = True, evidence: set[str] = frozenset(), pictures: set[UUID] = frozenset()) -> Case:
    ticket = SimpleNamespace(place_unit_id=A if place else None)
    return Case(ticket, None, category=SimpleNamespace(evidence=demands), evidence=frozenset(evidence), pictures=frozenset(pictures))


EVERYTHING = ("text", "photo", "before_photo", "after_photo", "place")


@pytest.mark.parametrize(
    ("demands", "given", "evidence", "missing"),
    [
        (EVERYTHING, {}, set(), ["photo", "before_photo", "after_photo"]),
        (EVERYTHING, {1: "evidence"}, set(), ["before_photo", "after_photo"]),
        (EVERYTHING, {1: "before"}, set(), ["after_photo"]),
        (EVERYTHING, {1: "after"}, {"before"}, []),
        (EVERYTHING, {1: "before", 2: "after"}, set(), []),
        (("photo",), {1: "signature"}, {"recording"}, ["photo"]),
        (("after_photo",), {1: "evidence"}, {"before", "signature"}, ["after_photo"]),
        (("text", "place"), {}, set(), []),
        ((), {}, set(), []),
    ],
)
def test_each_demand_is_met_by_what_shows_it_and_by_nothing_else(demands, given, evidence, missing):
    files = [File(id=UUID(int=number), role=role) for number, role in given.items()]
    assert missing_evidence(case(*demands, evidence=evidence, pictures={file.id for file in files}), files) == missing


def test_a_place_that_is_demanded_must_be_known():
    assert missing_evidence(case("text", "place", place=False), []) == ["place"]


def test_what_is_no_picture_is_no_photo_whatever_it_is_called():
    files = [File(id=A, role="before"), File(id=B, role="after")]
    assert missing_evidence(case("photo", "before_photo", "after_photo", pictures={A}), files) == ["after_photo"]
    assert missing_evidence(case("photo", "before_photo"), files) == ["photo", "before_photo"]


def test_one_file_cannot_be_before_and_after():
    files = [File(id=A, role="before"), File(id=A, role="after")]
    assert missing_evidence(case("before_photo", "after_photo", pictures={A}), files) == ["before_photo"]


def test_without_a_category_nothing_is_demanded():
    assert missing_evidence(replace(case("photo"), category=None), []) == []


# -- what is flagged --------------------------------------------------------------------------------------------------


def test_of_two_tickets_the_later_picture_is_flagged_whichever_is_looked_at():
    first, second = shown(1, A), shown(2, B, at=NOON + HOUR)
    for looked_at, others in (([first], [second]), ([second], [first]), ([first, second], [first, second])):
        (found,) = findings(looked_at, others, {})
        assert (found.kind, found.picture, found.other, found.distance) == ("reused", second, first, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_many_alike_the_first_is_told_in_whatever_order_they_come(order):
    three = [shown(number, ticket, at=NOON + number * HOUR) for number, ticket in ((1, A), (2, B), (3, C))]
    found = findings([three[place] for place in order], [three[place] for place in reversed(order)], {})
    assert [(finding.picture, finding.other) for finding in found] == [(three[1], three[0]), (three[2], three[0])]


def test_the_same_bytes_are_the_same_file_even_where_they_tell_nothing():
    first, second = shown(1, A, seed=None), shown(2, B, seed=None, at=NOON + HOUR)
    assert compared(first, second) is None, "two black pictures are not one"
    (found,) = findings([replace(second, sha256=first.sha256)], [first], {})
    assert (found.kind, found.distance) == ("same_file", 0)


def test_one_file_linked_to_two_tickets_is_the_same_file_in_the_later():
    first = shown(1, A)
    again = replace(first, ticket_id=B, family_id=B, subject_id=UUID(int=900), shown_at=NOON + HOUR)
    assert kinds(findings([first], [first, again], {})) == [("same_file", 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (shown(1, A), shown(2, B, at=NOON + HOUR, family_id=A)),
        (shown(1, A, "after"), shown(2, A, "after", at=NOON + HOUR, round=2)),
        (shown(1, A, "evidence"), shown(2, A, "evidence", at=NOON + HOUR)),
        (shown(1, A, "after"), shown(2, A, "before", at=NOON + HOUR, round=2)),
        (shown(1, A, "signature"), shown(2, B, "signature", at=NOON + HOUR)),
        (shown(1, A), shown(2, B, seed=2, at=NOON + HOUR)),
        (shown(1, A), told(2, B, at=NOON + HOUR)),
        (told(1, A), told(2, B, at=NOON + HOUR)),
        (told(1, A), shown(2, B, "before", at=NOON + HOUR)),
        (shown(1, A), told(2, A, at=NOON + HOUR)),
    ],
    ids=[
        "merged tickets are one matter",
        "rounds are one matter",
        "shown twice in one ticket",
        "how it was before the next round is how it was left",
        "forms that are signed look alike",
        "another picture",
        "a villager shows what somebody else did",
        "two villagers show the same",
        "a villager's picture shows how it was",
        "a villager sends back what they were sent",
    ],
)
def test_what_is_all_right_is_not_flagged(one, other):
    assert compared(one, other) is None
    assert compared(other, one) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shown(1, role="before"), shown(2, at=NOON + HOUR)),
        (shown(1, role="before", at=NOON + HOUR), shown(2)),
        (shown(1, role="before"), shown(2, subject_id=UUID(int=501))),
        (shown(1, role="before"), shown(2, at=NOON + HOUR, round=2)),
        (told(1), shown(2, at=NOON + HOUR)),
        (shown(1, role="before"), shown(2, attachment_id=UUID(int=101), at=NOON + HOUR)),
    ],
    ids=["before first", "before came late", "in one log", "in an earlier round", "as the villager showed it", "one file in two logs"],
)
def test_an_after_that_is_the_before_is_flagged(before, after):
    for pair in ((before, after), (after, before)):
        (found,) = findings(pair[:1], pair, {})
        assert (found.kind, found.picture, found.other) == ("before_is_after", after, before)


def test_a_villagers_earlier_picture_as_the_after_of_another_matter_is_flagged():
    assert kinds(findings([shown(2, B, at=NOON + HOUR)], [told(1, A)], {})) == [("reused", 2)]


@pytest.mark.parametrize(
    ("role", "taken", "matter", "flagged"),
    [
        ("after", -2 * HOUR, Matter(NOON), True),
        ("after", -HOUR / 3, Matter(NOON), False),
        ("after", HOUR, Matter(NOON), False),
        ("after", None, Matter(NOON), False),
        ("before", -2 * HOUR, Matter(NOON), False),
        ("after", -2 * HOUR, Matter(NOON, field=True), False),
        ("after", -25 * HOUR, Matter(NOON, field=True), True),
    ],
)
def test_an_after_older_than_the_matter_is_flagged_but_for_slow_clocks(role, taken, matter, flagged):
    picture = shown(1, role=role, taken_at=None if taken is None else NOON + taken)
    found = of_itself(picture, {A: matter})
    assert [finding.kind for finding in found] == (["older_than_matter"] if flagged else [])
    assert not found or found[0].since == NOON


def test_in_a_later_round_the_matter_begins_anew():
    picture = shown(1, taken_at=NOON - HOUR, round=2)
    assert kinds(of_itself(picture, {A: Matter(NOON - 9 * HOUR)})) == []
    assert kinds(of_itself(picture, {A: Matter(NOON - 9 * HOUR), picture.subject_id: Matter(NOON)})) == [("older_than_matter", 1)]


@pytest.mark.parametrize(
    ("place", "flagged"),
    [
        (MATTER, False),
        ((MATTER[0] + 0.017, MATTER[1]), False),
        ((MATTER[0] + 0.019, MATTER[1]), True),
        ((39.9, 116.4), True),
        ((51.5, -0.1), False),
        ((None, None), False),
    ],
    ids=["there", "1.9 km", "2.1 km", "Beijing", "London: no fix", "unknown"],
)
def test_a_picture_taken_far_away_is_flagged(place, flagged):
    found = of_itself(shown(1, role="before", lat=place[0], lon=place[1]), {A: Matter(NOON, lat=MATTER[0], lon=MATTER[1])})
    assert [finding.kind for finding in found] == (["elsewhere"] if flagged else [])
    assert not found or found[0].metres > FAR


def test_a_phone_that_writes_the_maps_system_is_not_elsewhere_for_that():
    shifted = to_gcj02(Point(*MATTER))
    assert of_itself(shown(1, lat=shifted.lat, lon=shifted.lon), {A: Matter(NOON, lat=MATTER[0], lon=MATTER[1])}) == []


def test_a_point_that_is_not_known_and_what_a_villager_showed_tell_nothing():
    far = shown(1, lat=39.9, lon=116.4, taken_at=NOON - 99 * HOUR)
    assert kinds(of_itself(far, {A: Matter(NOON)})) == [("older_than_matter", 1)]
    assert of_itself(replace(far, told=True), {A: Matter(NOON, lat=MATTER[0], lon=MATTER[1])}) == []
    assert of_itself(far, {}) == []


def test_a_close_is_refused_only_for_flags_nobody_reviewed():
    waiting = replace(case(), flags=(FlagState(A, "reused", B),))
    refuse_unreviewed(case(), None)
    refuse_unreviewed(waiting, "已核实")
    with pytest.raises(Conflict) as refused:
        refuse_unreviewed(waiting, None)
    assert refused.value.code == "ticket.evidence_flagged"
    assert INSPECT in HANDLERS
    refuse_unreviewed(replace(case(), look_owed=True), "看过")
    with pytest.raises(Conflict) as refused:
        refuse_unreviewed(replace(case(), look_owed=True), None)
    assert (refused.value.code, refused.value.headers) == ("ticket.evidence_unseen", {"Retry-After": "3"})


# -- against the real county ------------------------------------------------------------------------------------------


@pytest.fixture
async def desk(intake, county, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Desk(intake, county)
    monkeypatch.undo()
    settings.cache_clear()


async def upload(desk: Desk, login: str, content: bytes) -> str:
    headers = {**await desk.as_(login), "Content-Type": "application/octet-stream"}
    answer = await desk.client.post("/v1/attachments", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def files(desk: Desk, login: str, **contents: bytes) -> list[dict[str, str]]:
    return [{"id": await upload(desk, login, content), "role": role} for role, content in contents.items()]


async def accepted(desk: Desk, login: str, unit: str, **more) -> str:
    number = await desk.file(place={"unit_code": unit, **more})
    await desk.does(login, number, "accept")
    return number


async def evidence(desk: Desk, number: str, login: str = "county") -> dict:
    answer = await desk.client.get(f"/v1/tickets/{number}/evidence", headers=await desk.as_(login))
    assert answer.status_code == 200, answer.text
    return answer.json()


def stamp(seed: int) -> bytes:
    return jpeg(stamped(Image.open(io.BytesIO(original(seed)))), 70)


async def test_a_picture_of_another_matter_is_seen_before_anybody_closes(desk, county):
    elsewhere = await accepted(desk, "yangming", YANGMING)
    await desk.does("yangming", elsewhere, "log_work", words="已换管", files=await files(desk, "yangming", after=original(3)))
    here = await accepted(desk, "grid", STAFFED_GRID)
    before = await evidence(desk, here, "grid")
    assert before["missing"] == ["before_photo", "after_photo"]
    assert {item["code"]: item["there"] for item in before["demands"]} == {
        "text": True, "before_photo": False, "after_photo": False, "place": True,
    }  # fmt: skip
    given = await files(desk, "grid", before=original(58), after=stamp(3))
    await desk.does("grid", here, "log_work", words="先关阀")
    resolved = await desk.does("grid", here, "resolve", words="修好了", files=given)
    assert resolved["status"] == "resolved", "a flag holds up nobody's work"

    assert (await evidence(desk, elsewhere))["flags"] == [], "who was first is not accused"
    seen = await evidence(desk, here)
    (flag,) = seen["flags"]
    assert seen["missing"] == []
    assert (flag["kind"], flag["attachment_id"], flag["role"], flag["stands"]) == ("reused", given[1]["id"], "after", True)
    assert flag["compared_with"]["ticket"] == elsewhere
    assert 0 < flag["distance"] <= 40
    assert flag["compared_with"]["shown_at"] < flag["shown_at"]
    (by_unit,) = (await evidence(desk, here, "grid"))["flags"]
    assert (by_unit["compared_with"]["ticket"], by_unit["compared_with"]["attachment_id"]) == (None, None)
    assert by_unit["id"] == flag["id"]
    hidden = await desk.client.get(f"/v1/tickets/{elsewhere}/evidence", headers=await desk.as_("grid"))
    assert hidden.status_code == 404
    await is_told_once(county, here, flag)
    await closes_only_with_words(desk, county, here, flag)


async def is_told_once(county, number, flag):
    """Every event is delivered once more: nothing is flagged twice, and what was told names no other ticket."""
    before = await county.value("SELECT version FROM tickets WHERE number = $1", number)
    await county.owner.execute(
        "INSERT INTO deliveries (id, event_id, handler, subject_id, due_at, tries)"
        " SELECT gen_random_uuid(), id, $1, subject_id, now(), 0 FROM events WHERE type ~ 'work_logged|resolved|merged'",
        INSPECT,
    )
    await county.settle()
    assert await county.value("SELECT count(*) FROM evidence_flags") == 1
    assert await county.value("SELECT version FROM tickets WHERE number = $1", number) == before
    (told,) = await county.fetch("SELECT data::text, actor_kind FROM events WHERE type = 'ticket.evidence_flagged'")
    assert flag["id"] in told["data"]
    other = await county.value("SELECT other_ticket_id::text FROM evidence_flags")
    assert other not in told["data"]
    assert told["actor_kind"] == "system"


async def closes_only_with_words(desk, county, number, flag):
    await desk.does("hotline", number, "answer", words="已修好")
    close = {"verified_by": "site_check", "words": "现场查看已修好"}
    refused = await desk.try_("pengzhai", number, "close", **close)
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket.evidence_flagged")
    assert refused.json()["flags"] == [{"id": flag["id"], "kind": "reused", "attachment_id": flag["attachment_id"]}]
    assert (await desk.try_("pengzhai", number, "close", **close, flags_words="")).status_code == 422
    assert (await evidence(desk, number))["flags"][0]["reviewed_at"] is None
    closed = await desk.does("pengzhai", number, "close", **close, flags_words="两处同批施工,照片系误传,已现场核实")
    assert closed["status"] == "closed"
    (reviewed,) = (await evidence(desk, number))["flags"]
    assert (reviewed["reviewed_by"], reviewed["review_words"]) == ("调度员戊", "两处同批施工,照片系误传,已现场核实")
    assert await county.value("SELECT data->'flags_reviewed'->>0 FROM events WHERE type = 'ticket.closed'") == flag["id"]


async def test_nobody_closes_before_the_pictures_were_looked_at_but_who_says_that_they_did(desk, county):
    numbers = [await desk.file("路灯坏了", category=None, place={"unit_code": STAFFED_GRID}) for _ in range(3)]
    for seed, number in enumerate(numbers, 40):
        await desk.does("grid", number, "accept")
        given = await files(desk, "grid", after=original(seed)) if number != numbers[2] else []
        await desk.does("grid", number, "resolve", words="已修好", files=given)
        await desk.does("hotline", number, "answer", words="已修好")
    # as it is for a moment after the pictures were shown, and for as long as no worker runs
    await county.owner.execute(
        "INSERT INTO deliveries (id, event_id, handler, subject_id, due_at) SELECT gen_random_uuid(), e.id, 'inspect', e.subject_id, now()"
        " FROM events e WHERE e.type = 'ticket.resolved'"
    )
    close = {"verified_by": "site_check", "words": "现场查看已修好"}
    early = await desk.try_("pengzhai", numbers[0], "close", **close)
    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "ticket.evidence_unseen", "3")
    assert (await desk.try_("pengzhai", numbers[2], "close", **close)).status_code == 200, "without pictures there is nothing to look at"
    assert (await desk.try_("pengzhai", numbers[1], "close", **close, flags_words="照片已人工比对")).status_code == 200
    said = await county.value("SELECT data->>'evidence_unseen' FROM events WHERE type = 'ticket.closed' AND data ? 'evidence_unseen'")
    assert said == "照片已人工比对"
    await county.settle()
    assert (await desk.does("pengzhai", numbers[0], "close", **close))["status"] == "closed"


async def test_time_and_place_of_a_picture_and_a_before_shown_again_are_flagged(desk, county):
    number = await accepted(desk, "grid", STAFFED_GRID, lat=MATTER[0], lon=MATTER[1], coordinate_system="WGS-84")
    picture = Image.open(io.BytesIO(original(17)))
    old = jpeg(Image.open(io.BytesIO(original(3))), 90, exif=exif(when="2025:01:02 08:00:00", place=(MATTER[0] + 0.5, MATTER[1])))
    given = await files(desk, "grid", before=original(17), evidence=old)
    await desk.does("grid", number, "log_work", words="到场", files=given)
    assert [flag["kind"] for flag in (await evidence(desk, number))["flags"]] == ["elsewhere"]
    again = await files(desk, "grid", after=jpeg(picture, 60, exif=exif(when="2025:01:02 08:00:00", place=MATTER)))
    await county.owner.execute(
        "UPDATE picture_facts SET readable = false, likeness = NULL, bands = NULL WHERE attachment_id = $1", given[1]["id"]
    )
    await desk.does("grid", number, "resolve", words="修好了", files=again)
    found = {flag["kind"]: flag for flag in (await evidence(desk, number))["flags"]}
    assert set(found) == {"elsewhere", "older_than_matter", "before_is_after"}
    assert 50_000 < found["elsewhere"]["metres"] < 60_000
    assert found["older_than_matter"]["taken_at"] == "2025-01-02T00:00:00Z"
    assert found["older_than_matter"]["since"] == (await desk.read(number))["received_at"]
    assert found["before_is_after"]["compared_with"]["attachment_id"] == given[0]["id"]
    assert found["before_is_after"]["compared_with"]["ticket"] == number
    told = await county.fetch("SELECT data FROM events WHERE type = 'ticket.evidence_flagged' ORDER BY seq")
    assert len(told) == 2, "one event for all that one look found"


async def test_only_pictures_of_this_round_count(desk):
    number = await accepted(desk, "grid", STAFFED_GRID)
    paper = await files(desk, "grid", before=original(3), after=TAKEN["application/pdf"])
    refused = await desk.try_("grid", number, "resolve", words="修好了", files=paper)
    assert (refused.status_code, refused.json()["missing"]) == (422, ["after_photo"])
    await desk.does("grid", number, "log_work", words="说明", files=paper[1:])
    assert (await evidence(desk, number))["missing"] == ["before_photo", "after_photo"]
    first = await files(desk, "grid", before=original(3), after=original(17))
    await desk.does("grid", number, "resolve", words="修好了", files=first)
    await desk.does("hotline", number, "answer", words="已修好")
    again = await desk.does("hotline", number, "reopen", words="又漏了")
    assert (again["round"], (await evidence(desk, number))["missing"]) == (2, ["before_photo", "after_photo"])
    await desk.does("grid", number, "accept")
    assert await desk.refused("grid", number, "resolve", words="还是那样", files=first) == "ticket.evidence_missing"
    await desk.does("grid", number, "log_work", words="旧照", files=first)
    assert (await evidence(desk, number))["missing"] == []


async def test_what_comes_late_is_looked_at_in_the_order_it_was_named(desk, county):
    """A picture is named by its log and comes an hour after another ticket showed the same: that other one was second."""
    first = await accepted(desk, "grid", STAFFED_GRID)
    await desk.does("grid", first, "log_work", words="照片稍后上传")
    log_id = await county.value("SELECT id FROM work_logs WHERE words = '照片稍后上传'")
    upload_id, person = new_id(), await actor("grid")
    async with unit_of_work(person) as work:
        await expect(work, {upload_id: "after"}, "work_log", log_id)
    second = await accepted(desk, "yangming", YANGMING)
    await desk.does("yangming", second, "log_work", words="已换管", files=await files(desk, "yangming", after=stamp(3)))
    assert (await evidence(desk, second))["flags"] == []

    file_id = UUID(await upload(desk, "grid", original(3)))
    async with unit_of_work(person) as work:
        assert await arrived(work, person.account_id, upload_id, file_id) == 1
    await county.settle()
    assert (await evidence(desk, first))["flags"] == []
    (flag,) = (await evidence(desk, second))["flags"]
    assert (flag["kind"], flag["compared_with"]["attachment_id"]) == ("reused", str(file_id))


async def test_merged_tickets_are_one_matter_until_they_are_not(desk, county):
    one, other = [await accepted(desk, "grid", STAFFED_GRID) for _ in range(2)]
    await desk.does("grid", other, "log_work", words="到场", files=await files(desk, "grid", evidence=original(3)))
    await desk.does("pengzhai", other, "merge", into=one, words="同一处")
    await desk.does("grid", one, "log_work", words="到场", files=await files(desk, "grid", evidence=stamp(3)))
    assert (await evidence(desk, one))["flags"] == []
    await desk.does("pengzhai", other, "unmerge", words="两处")
    (flag,) = (await evidence(desk, one))["flags"]
    assert (flag["compared_with"]["ticket"], flag["stands"]) == (other, True)
    await desk.does("pengzhai", other, "merge", into=one, words="还是同一处")
    (flag,) = (await evidence(desk, one))["flags"]
    assert not flag["stands"]
    await desk.does("grid", one, "resolve", words="修好了", files=await files(desk, "grid", before=original(17), after=original(58)))
    await desk.does("hotline", one, "answer", words="已修好")
    assert (await desk.does("pengzhai", one, "close", verified_by="site_check", words="已查看"))["status"] == "closed"


async def test_pictures_from_before_are_compared_once_they_can_be(desk, county):
    first, second = [await accepted(desk, "grid", STAFFED_GRID) for _ in range(2)]
    for number, content in ((first, original(3)), (second, stamp(3))):
        await desk.does("grid", number, "log_work", words="到场", files=await files(desk, "grid", evidence=content))
        await county.owner.execute("UPDATE picture_facts SET likeness = NULL, bands = NULL, likeness_version = 0")
    assert await county.value("SELECT count(*) FROM evidence_flags") == 0
    station = SimpleNamespace(stopping=asyncio.Event())
    async with county.as_role(WORKER):
        await asyncio.gather(*(likenesses(station) for _ in range(3)))
        await likenesses(station)
    assert [flag["kind"] for flag in (await evidence(desk, second))["flags"]] == ["reused"]
    assert await county.value("SELECT count(*) FROM evidence_flags") == 1
