"""Each vendor's posts, with its own names, zone, units, empty values and acknowledgement."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest

from services.calls.adapters import ADAPTERS
from services.calls.adapters.values import Post, Source
from services.calls.reading import Heard, read_call
from tests.calls.vectors import ASTERISK

BEIJING = Source(ZoneInfo("Asia/Shanghai"), frozenset({"580", "07622000580"}), sides={"0": "caller", "1": "agent"})
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MICRO = 1_795_312_694_000_000


def told(adapter, body, kind="application/json", source=BEIJING):
    text = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return ADAPTERS[adapter].read(Post(text, kind), source)


def read(adapter, *bodies, root=None, kind="application/json"):
    events = []
    for body in bodies:
        for item in told(adapter, body, kind):
            assert item.error is None, item.error
            events += item.events
    heard = [Heard(one.call_id, one.kind, one.event, one.happened_at, AT, one.facts) for one in events]
    return read_call(root or events[0].call_id, heard), events


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


ALIYUN = {
    "call_id": "116012854210^10281427", "caller": "13905550001", "callee": "580", "start_time": "2026-11-22 10:00:09",
    "end_time": "2026-11-22 10:00:40", "duration": "31", "status_code": "200000", "status_msg": "用户接听", "hangup_direction": "0",
    "originate_time": "2026-11-22 10:00:00", "ring_time": "2026-11-22 10:00:04", "out_id": "", "voice_type": "voice", "toll_type": "LOCAL",
}  # fmt: skip


def test_aliyun_sends_an_array_of_beijing_times_and_counts_seconds_as_text():
    call, (event,) = read("aliyun", [ALIYUN])
    assert (call.disposition, call.wait_seconds, call.talk_seconds, call.hang_up_side) == ("answered", 5, 31, "caller")
    assert (call.arrived_at, call.ended_at) == (at("2026-11-22T02:00:00Z"), at("2026-11-22T02:00:40Z"))
    assert (event.number, call.dnis, call.basis) == ("13905550001", "580", "record")
    missed, _ = read("aliyun", [ALIYUN | {"start_time": "", "duration": "0", "status_code": "200010"}])
    assert (missed.disposition, missed.talk_seconds, missed.agent) == ("failed", 0, None)
    assert ADAPTERS["aliyun"].body == '{"code":0,"msg":"接收成功"}'


def test_one_bad_report_of_an_array_spoils_only_itself():
    good, bad = told("aliyun", [ALIYUN, ALIYUN | {"call_id": "2", "end_time": "22/11"}])
    assert (good.error, bad.error) == (None, "time.malformed")
    assert json.loads(bad.raw)["call_id"] == "2"


VOLCENGINE = {
    "accountId": "21000", "callId": "v-1", "caller": "13905550001", "callee": "580",
    "beginCallTime": 1795312694000, "ringTime": 1795312696000,
    "startTime": 1795312699500, "endTime": 1795312720000, "releaseType": 1, "callDuration": 20, "callResult": 0,
    "audioRecordFlag": 1, "userData": "", "digits": "",
}  # fmt: skip


def test_volcengine_counts_milliseconds():
    call, _ = read("volcengine", VOLCENGINE)
    assert (call.disposition, call.wait_seconds, call.talk_seconds, call.hang_up_side) == ("answered", 3, 20, "agent")
    assert call.answered_at == datetime(2026, 11, 22, 1, 58, 19, 500_000, tzinfo=UTC)
    missed, _ = read("volcengine", VOLCENGINE | {"startTime": 0, "callDuration": 0})
    assert (missed.disposition, missed.answered_at) == ("failed", None)


CTI = {
    "id": "88", "companycode": "hp", "direction": "in", "type": "1", "starttime": "2026-11-22 09:58:14",
    "answertime": "2026-11-22 09:58:20",
    "endtime": "2026-11-22 09:58:50", "duration": "36", "billsec": "30", "ext": "8001", "disnumber": "13905550001", "destnumber": "580",
    "recordfilename": "2026/11/22/88.wav", "downloadip": "10.1.0.9",
    "hangupdirection": "1", "hangupcause": "16", "uuid": "u-88", "customuuid": "",
}  # fmt: skip


def test_a_small_vendor_writes_nothing_where_nobody_answered():
    call, (event,) = read("cti", urlencode(CTI), kind="application/x-www-form-urlencoded")
    assert (call.disposition, call.agent, call.talk_seconds) == ("answered", "8001", 30)
    assert (event.number, event.recording, call.dnis) == ("13905550001", "2026/11/22/88.wav", "580")
    missed, _ = read("cti", CTI | {"answertime": "", "billsec": "0"})
    assert (missed.disposition, missed.answered_at, missed.agent, missed.talk_seconds) == ("failed", None, None, 0)
    out, (event,) = read("cti", CTI | {"direction": "out", "disnumber": "580", "destnumber": "13905550001"})
    assert (out.direction, event.number, out.dnis) == ("outbound", "13905550001", "580")


XSWITCH = {
    "caller_id_number": "13905550001", "destination_number": "580", "start_stamp": "2026-11-22 09:58:14",
    "ring_stamp": "2026-11-22 09:58:16",
    "answer_stamp": "2026-11-22 09:58:20", "end_stamp": "2026-11-22 09:58:50", "duration": "36", "billsec": "30",
    "hangup_cause": "NORMAL_CLEARING", "uuid": "x-1", "bleg_uuid": "x-2", "direction": "inbound", "media_file_id": "77",
}  # fmt: skip


def test_xswitch_is_answered_by_a_person_only_where_there_is_a_second_leg():
    call, _ = read("xswitch", XSWITCH)
    assert (call.disposition, call.wait_seconds, call.talk_seconds) == ("answered", 4, 30)
    menu, _ = read("xswitch", XSWITCH | {"bleg_uuid": ""})
    assert (menu.disposition, menu.answered_at, menu.talk_seconds) == ("ivr_only", None, 0)


def leg(uuid="a-1", **more):
    variables = {
        "uuid": uuid, "direction": "inbound", "caller_id_number": "13905550001", "destination_number": "580",
        "start_uepoch": str(MICRO), "answer_uepoch": str(MICRO + 1_000_000), "end_uepoch": str(MICRO + 40_000_000),
        "start_stamp": "2026-11-22%2009%3A58%3A14", "hangup_cause": "NORMAL_CLEARING", "record_file": "%2Fvar%2Frec%2Fa-1.wav",
    }  # fmt: skip
    return {"core-uuid": "c", "channel_data": {}, "variables": variables | more, "app_log": {}, "callflow": []}


QUEUE = {
    "cc_queue": "hotline%40default", "cc_queue_joined_epoch": "1795312698", "cc_queue_answered_epoch": "1795312705",
    "cc_queue_terminated_epoch": "1795312730", "cc_agent": "1001", "cc_side": "member",
}  # fmt: skip


def test_freeswitch_says_the_same_as_json_as_form_in_base64_and_percent_encoded():
    text = json.dumps(leg(**QUEUE))
    plain, _ = read("freeswitch", text)
    assert (plain.disposition, plain.wait_seconds, plain.talk_seconds, plain.agent) == ("answered", 7, 25, "1001")
    assert (plain.queue, plain.basis) == ("hotline", "queue")
    assert plain.arrived_at == datetime(2026, 11, 22, 1, 58, 14, tzinfo=UTC)
    encoded = base64.b64encode(text.encode()).decode()
    form = "application/x-www-form-urlencoded"
    for body, kind in ((f"cdr={quote(text)}", form), (f"cdr={quote(encoded)}", form), (encoded, "text/plain"), (quote(text), form)):
        again, events = read("freeswitch", body, kind=kind)
        assert again == plain
        assert events[-1].recording == "/var/rec/a-1.wav"


def test_freeswitch_callers_leg_is_answered_by_the_menu_and_the_agents_leg_by_a_person():
    menu, _ = read("freeswitch", leg())
    assert (menu.disposition, menu.queued) == ("ivr_only", False)
    agents = leg("b-1", originating_leg_uuid="a-1", direction="outbound", dialed_user="1001", answer_uepoch=str(MICRO + 12_000_000))
    both, events = read("freeswitch", leg(), agents)
    assert (both.disposition, both.talk_seconds, both.agent) == ("answered", 28, "1001")
    assert [event.number for event in events if event.call_id == "b-1"] == [None, None]
    reversed_, _ = read("freeswitch", agents, leg(), root="a-1")
    assert reversed_ == both
    in_vain = leg("b-1", originating_leg_uuid="a-1", direction="outbound", answer_uepoch="0")
    assert read("freeswitch", leg(), in_vain)[0].disposition != "answered"


def test_freeswitch_calls_inbound_what_a_desk_telephone_dials_and_it_goes_out_all_the_same():
    desk = leg("o-1", caller_id_number="1001", destination_number="13905550001")
    called = leg("o-2", originating_leg_uuid="o-1", direction="outbound", answer_uepoch=str(MICRO + 12_000_000))
    call, events = read("freeswitch", desk, called)
    assert (call.direction, call.disposition, call.talk_seconds) == ("outbound", "answered", 28)
    assert {event.number for event in events if event.call_id == "o-1"} == {"13905550001"}, "whom it was with is found by their number"
    for more in ({"destination_number": "1002"}, {"destination_number": "07622000580"}):
        assert read("freeswitch", leg("o-3", caller_id_number="1001", **more))[0].direction == "inbound", "inside, or to the hotline itself"


def test_freeswitch_caller_who_left_the_queue():
    gone = {
        **QUEUE,
        "cc_queue_answered_epoch": "",
        "cc_queue_canceled_epoch": "1795312709",
        "cc_cancel_reason": "BREAK_OUT",
        "cc_agent": "",
    }
    call, _ = read("freeswitch", leg(**gone))
    assert (call.disposition, call.wait_seconds, call.hang_up_side) == ("abandoned_in_queue", 11, "caller")
    late, _ = read("freeswitch", leg(**{**gone, "cc_cancel_reason": "TIMEOUT"}))
    assert (late.disposition, late.queued) == ("failed", True)


def twilio(**fields):
    usual = {"CallSid": "CA1", "From": "+8613905550001", "To": "580", "Direction": "inbound"}
    return urlencode(usual | fields)


def test_twilio_states_tell_a_person_from_the_platform():
    form = "application/x-www-form-urlencoded"
    beginning = twilio(CallStatus="ringing", Timestamp="Sun, 22 Nov 2026 01:58:14 +0000")
    picked = twilio(CallStatus="in-progress", Timestamp="Sun, 22 Nov 2026 01:58:15 +0000")
    over = twilio(CallStatus="completed", CallDuration="40", Timestamp="Sun, 22 Nov 2026 01:58:54 +0000")
    menu, _ = read("twilio", beginning, picked, over, kind=form)
    assert (menu.disposition, menu.arrived_at) == ("ivr_only", datetime(2026, 11, 22, 1, 58, 14, tzinfo=UTC))
    bridged = twilio(CallStatus="in-progress", QueueResult="bridged", QueueTime="6", QueueSid="QU1")
    dialled = twilio(
        CallSid="CA2",
        ParentCallSid="CA1",
        CallStatus="completed",
        CallDuration="20",
        To="1001",
        Timestamp="Sun, 22 Nov 2026 01:58:53 +0000",
    )
    call, _ = read("twilio", beginning, bridged, dialled, over, kind=form)
    assert (call.disposition, call.wait_seconds, call.talk_seconds) == ("answered", 6, 20)
    gone, _ = read("twilio", beginning, twilio(CallStatus="in-progress", QueueResult="hangup", QueueTime="9"), over, kind=form)
    assert (gone.disposition, gone.wait_seconds) == ("abandoned_in_queue", 9)
    _, (ready,) = read("twilio", twilio(RecordingUrl="https://api.twilio.example/RE1", RecordingSid="RE1"), kind=form)
    assert (ready.kind, ready.recording) == ("recording", "https://api.twilio.example/RE1")


def test_our_own_json_as_one_as_an_array_and_as_a_member():
    events = [
        {"event": "started", "call_id": "g-1", "at": "2026-11-22T09:58:14+08:00", "caller": "13905550001", "callee": "580"},
        {"event": "queued", "call_id": "g-1", "at": "2026-11-22 09:58:16", "queue": "hotline"},
        {"event": "answered", "call_id": "g-1", "at": "2026-11-22T01:58:20Z", "agent": "1001", "wait_seconds": 4},
        {"event": "ended", "call_id": "g-1", "at": "2026-11-22T09:59:00+08:00", "hang_up_side": "agent", "recording": "g-1.wav"},
    ]
    one, _ = read("generic", *events)
    assert (one.disposition, one.wait_seconds, one.talk_seconds, one.agent) == ("answered", 4, 40, "1001")
    assert read("generic", events)[0] == read("generic", {"events": events})[0] == one


def test_manager_events_come_as_lines_too():
    lines = "\n".join(json.dumps(one) for one in ASTERISK["ami_asterisk22_answered"])
    items = told("ami", lines)
    assert len(items) == 12
    assert [item.error for item in items if item.error] == []


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"1.10",
        b"[[[]]]",
        b"[1]",
        b'{"variables": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"a=%ff",
        b"\x00",
        b"NaN",
    ],
)
def test_nothing_that_comes_breaks_an_adapter(adapter, body):
    for kind in ("application/json", "application/x-www-form-urlencoded", ""):
        for item in ADAPTERS[adapter].read(Post(body, kind), BEIJING):
            assert item.error or item.events


async def test_every_vendor_hears_what_it_expects(pbx):
    wanted = {"aliyun": {"code": 0, "msg": "接收成功"}, "volcengine": {"code": 0, "message": "success"}, "generic": {"taken": True}}
    for adapter, body in wanted.items():
        other = await pbx.again_as(adapter, adapter)
        answer = await other.json("[]")
        assert (answer.status_code, answer.json()) == (200, body)
        assert answer.headers["content-type"].startswith("application/json")
    own = await pbx.again_as("cti", "cti", acknowledgement={"body": "SUCCESS", "content_type": "text/html"})
    answer = await own.form(**CTI)
    assert (answer.text, answer.headers["content-type"]) == ("SUCCESS", "text/html; charset=utf-8")
