"""A phone without much of a network: every command once, at its own time, and nothing lost that cannot be applied."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.attachments.expecting import arrived
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.channels.phone import WORDS, Phone, what
from tests.county import STAFFED_GRID, actor
from tests.journeys.people import Desk
from tests.told import only_told_in

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(intake, county, tmp_path, monkeypatch):
    from services.platform.settings import settings

    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Desk(intake, county)
    settings.cache_clear()


@pytest.fixture
def phone(desk):
    return Phone(desk)


async def at_work(phone: Phone) -> tuple[str, dict]:
    """A report whose ticket the grid has accepted: its number, and the report."""
    report = phone.report()
    number = (await phone.does(report))["number"]
    await phone.does(phone.action(report, "accept"))
    return number, report


async def test_a_day_without_network_arrives_whole_at_its_own_times(desk, phone):
    told = phone.report(ago=timedelta(days=2), contact={"name": "黄大山", "phone": "13800000123"})
    accepted = phone.action(told, "accept", ago=47 * HOUR, after=(told,))
    worked = phone.action(told, "log_work", ago=46 * HOUR, after=(accepted,), words="已先关阀止水", contacted=True)
    first = await phone.send(told, accepted, worked)
    assert what(first) == [("applied", None), ("waiting", "command.waits_for_dispatch"), ("waiting", "command.waits")]
    assert first[0]["tracking_code"]
    await desk.county.settle()

    answer = (await phone.post()).json()
    assert what(answer["caught_up"]) == [("applied", None)] * 2
    assert what(await phone.send(told, accepted, worked)) == [("replayed", None)] * 3

    ticket = await desk.read(first[0]["number"])
    assert (ticket["status"], ticket["holder"]["code"], ticket["channel"]) == ("accepted", STAFFED_GRID, "field")
    (log,) = await desk.county.fetch("SELECT * FROM work_logs")
    assert log["happened_at"] == datetime.fromisoformat(worked["happened_at"])
    assert log["recorded_at"] - log["happened_at"] > 45 * HOUR
    (complaint,) = await desk.county.fetch("SELECT * FROM complaints")
    assert complaint["happened_at"] == datetime.fromisoformat(told["happened_at"])
    assert complaint["received_at"] - complaint["happened_at"] > 47 * HOUR
    events = {row["type"]: row for row in await desk.county.fetch("SELECT * FROM events WHERE subject_kind = 'ticket'")}
    assert events["ticket.accepted"]["happened_at"] == datetime.fromisoformat(accepted["happened_at"])
    # work done before anybody could hand it out counts, for limits, from when it was handed out: nobody was late and nobody early
    assert (await desk.county.value("SELECT first_contact_at >= dispatched_at FROM tickets")) is True
    assert (await desk.county.value("SELECT accepted_at = assigned_at FROM assignments WHERE part = 'lead'")) is True


async def test_the_same_batch_from_two_devices_at_once_is_taken_once(desk, phone):
    other = Phone(desk)
    number, _ = await at_work(phone)
    commands = [phone.report(f"第{place}处漏水") for place in range(4)]
    commands += [phone.action(number, "log_work", words=f"第{place}次到场") for place in range(4)]
    batches = await asyncio.gather(*(device.send(*commands) for device in (phone, other, phone, other)))
    for told in zip(*batches, strict=True):
        assert sorted(one["status"] for one in told) == ["applied", "replayed", "replayed", "replayed"]
        assert len({one["number"] for one in told}) == 1
    assert await desk.county.value("SELECT count(*) FROM complaints") == 5
    assert await desk.county.value("SELECT count(*) FROM work_logs") == 4
    assert await desk.county.value("SELECT count(*) FROM field_commands") == 10
    assert await desk.county.value("SELECT count(*) FROM device_clocks") == 2


async def test_a_bad_item_harms_no_neighbour(desk, phone):
    good, again = phone.report(), phone.report()
    unreadable = [
        3,
        None,
        {"kind": "report"},
        {**phone.report(), "surplus": 1},
        {**phone.report(), "command_id": "4f1c1a3e-6c1f-4f0a-9f63-0a1b2c3d4e5f"},  # not of version 7
        {**phone.report(), "happened_at": "0001-01-01T00:00:00+14:00"},
        phone.report(happened_at="0001-01-01T00:00:00+14:00"),
        phone.action("x", "accept", uploads=[{"upload_id": str(new_id())}]),
    ]
    impossible = [
        phone.action("20990101-000001-0", "accept"),
        phone.report(attachment_ids=[str(new_id())]),
        phone.report(place={"unit_code": "441624109"}),
        phone.report(ago=timedelta(days=367)),
        phone.command("supplement", report_id=str(new_id()), words="补充"),
    ]
    answer = await phone.post(good, *unreadable, *impossible, again)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert (results[0]["status"], results[-1]["status"]) == ("applied", "applied")
    assert {one["code"] for one in results[1:9]} == {"command.invalid"}
    assert results[4]["problem"]["errors"] == [{"pointer": "/commands/4/surplus", "detail": "Extra inputs are not permitted"}]
    assert what(results[9:14]) == [
        ("refused", "ticket.unknown"),
        ("refused", "attachment.unknown"),
        ("refused", "field_report.outside_area"),
        ("refused", "command.too_old"),
        ("waiting", "command.waits_for_report"),
    ]
    assert await desk.county.value("SELECT count(*) FROM tickets") == 2
    # what could be read is kept, and said again whenever it is sent again
    assert len(await phone.kept()) == 4
    assert what(await phone.send(*impossible)) == what(results[9:14])


async def test_the_id_of_a_command_stands_for_it_alone(desk, phone):
    report = phone.report()
    await phone.does(report)
    changed = {**report, "report": {**report["report"], "words": "另一件事"}}
    assert what(await phone.send(changed)) == [("refused", "command.payload_differs")]
    (strange,) = await Phone(desk, "shuikou").send(report)
    assert (strange["status"], strange["code"], strange["number"], strange["ticket"]) == ("refused", "command.id_taken", None, None)
    unknown = await desk.client.get(f"/v1/field-reports/sync/{report['command_id']}", headers=await desk.as_("shuikou"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "command.unknown")
    # twice in one batch it is the same command too, and another in disguise is found out
    other = phone.report()
    twice = await phone.send(other, other, {**other, "report": {**other["report"], "words": "第三件事"}})
    assert what(twice) == [("applied", None), ("replayed", None), ("refused", "command.payload_differs")]


async def test_one_report_id_never_covers_two_reports(desk, phone):
    report = phone.report()
    await phone.does(report)
    same = phone.report(report_id=report["report"]["report_id"])
    assert (await phone.does(same))["number"]
    other = phone.report("完全是另一件事", report_id=report["report"]["report_id"])
    (told,) = await phone.send(other)
    assert (told["status"], told["code"]) == ("conflict", "field_report.id_taken")
    assert told["ticket"]["channel"] == "field"
    assert (await phone.kept())[0]["command"]["report"]["words"] == "完全是另一件事"
    stolen = await Phone(desk, "shuikou").send(Phone(desk, "shuikou").report(report_id=report["report"]["report_id"]))
    assert (stolen[0]["status"], stolen[0]["code"], stolen[0]["ticket"]) == ("conflict", "field_report.id_taken", None)
    assert await desk.county.value("SELECT count(*) FROM tickets") == 1


async def test_a_ticket_that_went_elsewhere_is_a_conflict_with_its_present_state_and_the_words_are_kept(desk, phone):
    number, _ = await at_work(phone)
    seen = (await desk.read(number))["version"]
    await desk.does("pengzhai", number, "transfer", unit="441624108213", words="由村里办理")
    done = phone.action(number, "resolve", if_version=seen, words="已换好水管")
    builds_on = phone.action(number, "log_work", after=(done,), words="清理现场")
    for _ in range(2):
        told = await phone.send(done, builds_on)
        assert what(told) == [("conflict", "ticket.version_conflict"), ("conflict", "command.dependency_failed")]
        assert told[0]["ticket"]["holder"]["code"] == "441624108213"
        assert told[0]["ticket"]["version"] > seen
    await desk.does("shuikou", number, "accept")
    late = phone.action(number, "resolve", words="我已换好水管")
    assert what(await phone.send(late)) == [("conflict", "ticket.not_yours")]
    kept = await phone.kept()
    assert [one["command"]["action"]["words"] for one in kept] == ["已换好水管", "清理现场", "我已换好水管"]
    assert await Phone(desk, "shuikou").kept() == []

    for one in kept:
        for _ in range(2):
            gone = await desk.client.delete(f"/v1/field-reports/sync/conflicts/{one['command_id']}", headers=await desk.as_("grid"))
            assert gone.status_code == 204
    assert await phone.kept() == []
    assert what(await phone.send(done)) == [("conflict", "ticket.version_conflict")], "dismissed is not forgotten"
    assert (await desk.read(number))["status"] == "accepted"


async def test_what_is_dismissed_or_was_applied_after_waiting_is_erased_by_the_worker(desk, phone):
    from services.channels.field.showing import erase_dismissed
    from services.platform.actor import SYSTEM
    from services.platform.database import WORKER

    report = phone.report()
    later = phone.action(report, "accept", after=(report,))
    old = phone.report(ago=timedelta(days=400))
    await phone.send(report, later, old)
    await desk.county.settle()
    await phone.post()
    await desk.client.delete(f"/v1/field-reports/sync/conflicts/{old['command_id']}", headers=await desk.as_("grid"))
    async with desk.county.as_role(WORKER):
        async with unit_of_work(SYSTEM) as work:
            assert await erase_dismissed(work.session) == 2
        async with unit_of_work(SYSTEM) as work:
            assert await erase_dismissed(work.session) == 0
    assert await desk.county.value("SELECT count(*) FROM sealed_papers WHERE kind = 'field_command' AND row_key IS NOT NULL") == 0


async def test_own_doings_and_mere_reminders_are_no_conflict_with_what_was_seen(desk, phone):
    number, _ = await at_work(phone)
    seen = (await desk.read(number))["version"]
    worked = phone.action(number, "log_work", if_version=seen, words="到场")
    await phone.does(worked)
    await desk.does("pengzhai", number, "urge", words="请抓紧")
    extended = phone.action(number, "request_extension", if_version=seen, working_days=2, reason="materials", words="等管件")
    assert (await phone.does(extended))["version"] == seen + 3
    assert what(await phone.send(phone.action(number, "hand_up", if_version=99, reason="needs_funds", words="没钱"))) == [
        ("conflict", "ticket.version_conflict")
    ]
    await desk.does("pengzhai", number, "triage", urgency="urgent", words="加急")
    assert (await phone.does(phone.action(number, "log_work", if_version=seen, words="再到场")))["status"] == "applied"


async def test_a_second_acceptance_for_the_same_seat_finds_nothing_left_to_do(desk, phone):
    number, _ = await at_work(phone)
    (told,) = await phone.send(phone.action(number, "accept"))
    assert (told["status"], told["code"]) == ("applied", "ticket.accepted_already")
    assert await desk.county.value("SELECT count(*) FROM events WHERE type = 'ticket.accepted'") == 1


async def test_what_waits_for_a_command_is_applied_when_that_comes(desk, phone):
    number, _ = await at_work(phone)
    first = phone.action(number, "log_work", words="一")
    second = phone.action(number, "log_work", after=(first,), words="二")
    third = phone.action(number, "log_work", after=(second,), words="三")
    assert what(await phone.send(third)) == [("waiting", "command.waits")]
    assert what(await phone.send(second)) == [("waiting", "command.waits")]
    assert [one["status"] for one in await phone.kept("waiting")] == ["waiting", "waiting"]
    dismissed = await desk.client.delete(f"/v1/field-reports/sync/conflicts/{third['command_id']}", headers=await desk.as_("grid"))
    assert (dismissed.status_code, dismissed.json()["code"]) == (409, "command.waiting")
    answer = (await phone.post(first)).json()
    assert what(answer["results"]) == [("applied", None)]
    assert what(answer["caught_up"]) == [("applied", None)] * 2
    logs = [row["words"] for row in await desk.county.fetch("SELECT words FROM work_logs ORDER BY id")]
    assert logs == ["一", "二", "三"]
    ring = [phone.action(number, "log_work", words="甲"), phone.action(number, "log_work", words="乙")]
    ring[0]["depends_on"], ring[1]["depends_on"] = [ring[1]["command_id"]], [ring[0]["command_id"]]
    assert what(await phone.send(*ring)) == [("waiting", "command.waits")] * 2


async def test_somebody_elses_command_is_nothing_to_build_on(desk, phone):
    theirs = Phone(desk, "shuikou").report()
    await Phone(desk, "shuikou").does(theirs)
    assert what(await phone.send(phone.report(after=(theirs,)))) == [("waiting", "command.waits")]


async def test_an_own_report_is_supplemented_and_reworded_and_its_ticket_learns_of_it(desk, phone):
    report = phone.report()
    number = (await phone.does(report))["number"]
    report_id = report["report"]["report_id"]
    picture = await desk.upload("grid")
    more = phone.command("supplement", report_id=report_id, words="水已漫进小学", attachment_ids=[picture])
    other = phone.command("reword", report_id=report_id, words="应为村小学门口")
    assert [one["number"] for one in await phone.send(more, other)] == [number, number]
    assert what(await phone.send(more, other)) == [("replayed", None)] * 2
    (told,) = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("grid"))).json()
    assert (told["words"], told["rewordings"][0]["words"], told["attachment_ids"]) == (WORDS, "应为村小学门口", [picture])
    assert await only_told_in(desk.county, "supplements") == "水已漫进小学"
    assert await desk.county.value("SELECT count(*) FROM events WHERE type = 'ticket.supplemented'") == 1


async def come(login: str, upload_id: str, attachment_id: str) -> int:
    """Complete an upload, as the upload server does."""
    person = await actor(login)
    async with unit_of_work(person) as work:
        return await arrived(work, person.account_id, upload_id, attachment_id)


async def test_files_that_come_later_are_linked_when_they_come(desk, phone):
    here, later = new_id(), new_id()
    first = await desk.upload("grid")
    await come("grid", here, first)
    report = phone.report(upload_ids=[str(here), str(later)])
    assert (await phone.does(report))["files_to_come"] == [str(later)]
    await phone.does(phone.action(report, "accept"))
    worked = phone.action(report, "log_work", words="到场", uploads=[{"upload_id": str(later), "role": "before"}])
    assert (await phone.does(worked))["files_to_come"] == [str(later)]
    links = "SELECT attachment_id::text, subject_kind, role FROM attachment_links ORDER BY linked_at, subject_kind"
    assert [tuple(row) for row in await desk.county.fetch(links)] == [(first, "complaint", "evidence")]

    assert await come("shuikou", later, await desk.upload("shuikou")) == 0, "somebody else's upload of that id is another"
    second = await desk.upload("grid")
    assert await come("grid", later, second) == 2
    assert await come("grid", later, await desk.upload("grid")) == 0
    assert [tuple(row) for row in await desk.county.fetch(links)] == [
        (first, "complaint", "evidence"),
        (second, "complaint", "evidence"),
        (second, "work_log", "before"),
    ]


async def test_an_upload_that_completes_at_the_same_moment_is_not_missed(desk, phone):
    uploads = [new_id() for _ in range(6)]
    files = [await desk.upload("grid") for _ in uploads]
    reports = [phone.report(f"第{place}处", upload_ids=[str(upload)]) for place, upload in enumerate(uploads)]
    await asyncio.gather(
        *(phone.send(report) for report in reports), *(come("grid", upload, file) for upload, file in zip(uploads, files, strict=True))
    )
    assert await desk.county.value("SELECT count(*) FROM attachment_links WHERE subject_kind = 'complaint'") == 6


async def test_work_that_is_judged_by_its_pictures_waits_for_them(desk, phone):
    number, _ = await at_work(phone)
    before, after = new_id(), new_id()
    uploads = [{"upload_id": str(before), "role": "before"}, {"upload_id": str(after), "role": "after"}]
    done = phone.action(number, "resolve", words="已换好水管", uploads=uploads)
    spot = phone.report("路口井盖已复位", discovered=True, solved_on_the_spot={"words": "已复位", "upload_ids": [str(before), str(after)]})
    waiting = [("waiting", "command.waits_for_uploads"), ("waiting", "field_report.uploads_missing")]
    assert what(await phone.send(done, spot)) == waiting
    await come("grid", before, await desk.upload("grid"))
    assert what(await phone.send(done)) == waiting[:1]
    await come("grid", after, await desk.upload("grid"))
    assert what((await phone.post()).json()["caught_up"])[0] == ("applied", None)
    assert (await desk.read(number))["status"] == "resolved"


async def test_a_wrong_clock_is_seen_recorded_and_corrected(desk):
    phone = Phone(desk, behind=timedelta(days=3, hours=5))
    report = phone.report(ago=HOUR)
    answer = (await phone.post(report)).json()
    (told,) = answer["results"]
    assert abs(answer["clock_offset_ms"] / 1000 - timedelta(days=3, hours=5).total_seconds()) < 20
    assert datetime.fromisoformat(told["happened_at"]) == datetime.fromisoformat(report["happened_at"])
    (row,) = await desk.county.fetch("SELECT * FROM complaints")
    assert abs(datetime.now(UTC) - HOUR - row["happened_at"]) < timedelta(seconds=20)
    (command,) = await desk.county.fetch("SELECT * FROM field_commands")
    assert command["counted_at"] == row["happened_at"]
    assert command["counted_at"] - command["happened_at"] == timedelta(milliseconds=command["offset_ms"]) or (
        abs(command["counted_at"] - command["happened_at"] - timedelta(milliseconds=command["offset_ms"])) < timedelta(milliseconds=1)
    )
    ahead = Phone(desk, behind=-timedelta(hours=9))
    await ahead.does(ahead.report("时钟快了"))
    assert (await desk.county.value("SELECT max(happened_at) <= max(received_at) FROM complaints")) is True
    assert await desk.county.value("SELECT offset_ms < -32000000 FROM device_clocks ORDER BY offset_ms LIMIT 1") is True


async def test_who_does_not_work_in_the_field_sends_nothing_from_there(desk):
    answer = await Phone(desk, "hotline").post()
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")
    many = [Phone(desk).report()] * 101
    assert (await Phone(desk).post(*many)).status_code == 422


async def test_no_contact_and_no_words_lie_open_in_what_is_kept(desk, phone):
    report = phone.report("邻居吴秀英家漏水", ago=timedelta(days=400), contact={"name": "吴秀英", "phone": "13912345678"})
    await phone.send(report)
    dump = str(await desk.county.fetch("SELECT f::text FROM field_commands f UNION ALL SELECT p::text FROM sealed_papers p"))
    assert "吴秀英" not in dump
    assert "13912345678" not in dump
    assert (await phone.kept())[0]["command"]["report"]["contact"]["name"] == "吴秀英"


async def test_a_report_and_an_action_may_say_their_own_time(desk, phone):
    report = phone.report(happened_at=(phone.now() - 3 * HOUR).isoformat())
    told = await phone.does(report)
    assert datetime.fromisoformat(told["happened_at"]) == datetime.fromisoformat(report["report"]["happened_at"])
    await phone.does(phone.action(report, "accept"))
    worked = phone.action(report, "log_work", words="到场", happened_at=(phone.now() - 2 * HOUR).isoformat())
    await phone.does(worked)
    said = await desk.county.value("SELECT happened_at FROM work_logs")
    assert said == datetime.fromisoformat(worked["action"]["happened_at"])
