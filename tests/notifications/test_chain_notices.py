"""Who is told what along the chain of responsibility: whoever is called, instructed, asked or left out. Pure."""

from datetime import UTC, datetime

import pytest

from services.journal.draining import Owed
from services.notifications.occasions import Matter, notices, units_named
from services.platform.ids import new_id

LEAD, DESK, WATER, ROADS, COUNTY = (new_id() for _ in range(5))
NAMES = {LEAD: "水口村", DESK: "彭寨镇", WATER: "水利局", ROADS: "交通运输局", COUNTY: "和平县"}
WHO = {name: unit for unit, name in NAMES.items()}
WHEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MATTER = Matter("20261122-000017-8", "自来水管破裂", 1, LEAD, DESK, WHEN, (new_id(),), "580")


def told(event, **data):
    owed = Owed(new_id(), new_id(), "notify", new_id(), event, {key: _text(value) for key, value in data.items()}, WHEN, WHEN, 0)
    assert units_named(owed) <= set(NAMES)
    return [(notice.template, NAMES.get(notice.recipient_id), notice.words) for notice in notices(owed, MATTER, NAMES)]


def _text(value):
    if isinstance(value, list):
        return [str(item) for item in value]
    return str(value) if value in NAMES else value


@pytest.mark.parametrize(
    ("event", "data", "expected", "says"),
    [
        ("returned", {"adjudication": True, "desk_unit_id": COUNTY, "reason": "not_ours"}, [("returned", "和平县")], "会商裁定"),
        ("returned", {"reason": "not_ours"}, [("returned", "彭寨镇")], "请重新派单"),
        ("adjudicated", {"unit_id": WATER, "words": "归你局"}, [("designated", "水利局")], "不得退单"),
        ("joined", {"unit_id": WATER, "task_due_at": "2026-11-24T16:00:00+00:00"}, [("order_co", "水利局")], "协办任务须在"),
        ("task_finished", {"unit_id": WATER}, [("task_finished", "水口村")], "水利局已完成"),
        (
            "resolved",
            {"unit_id": LEAD, "unfinished_unit_ids": [WATER]},
            [("resolved", "彭寨镇"), ("task_over", "水利局")],
            "水口村处置完成",
        ),
        (
            "resolved",
            {"unit_id": LEAD, "expected_unit_ids": [WATER, ROADS]},
            [("resolved", "彭寨镇"), ("called_off", "水利局"), ("called_off", "交通运输局")],
            "水口村处置完成",
        ),
        ("rejected", {"words": "不受理", "expected_unit_ids": [WATER]}, [("rejected", None), ("called_off", "水利局")], "不予受理"),
        ("cancelled", {"expected_unit_ids": [WATER]}, [("cancelled", None), ("ended", "水口村"), ("called_off", "水利局")], "已撤销"),
        ("instructed", {"to_unit_id": LEAD, "words": "请核实"}, [("instructed", "水口村")], "先在工单中签收"),
        (
            "extension_requested",
            {"working_days": 3, "natural_days": None, "to_unit_id": DESK},
            [("extension_requested", "彭寨镇")],
            "申请延期3个工作日，请审批",
        ),
        ("suspension_requested", {"working_days": 5, "to_unit_id": DESK}, [("suspension_requested", "彭寨镇")], "申请挂起5个工作日"),
        ("suspension_decided", {"granted": False, "working_days": 5}, [("suspension", "水口村")], "未获同意"),
        ("suspended", {"review_in_working_days": 7}, [("suspension", "水口村")], "期限7个工作日"),
        ("resumed", {}, [("work_resumed", "水口村")], "挂起已结束"),
        (
            "whistled",
            {"called_unit_ids": [WATER, ROADS], "meet_at": "2026-11-22T04:00:00+00:00", "place": "小学门前", "words": "请到场"},
            [("whistle", "水利局"), ("whistle", "交通运输局")],
            "到小学门前会商处置",
        ),
        (
            "whistle_answered",
            {"unit_id": WATER, "answer": "arrived"},
            [("whistle_answered", n) for n in ("水口村", "彭寨镇")],
            "水利局已到场",
        ),
        ("instruction_acknowledged", {"unit_id": LEAD, "to_unit_id": COUNTY}, [("acknowledged", "和平县")], "水口村已签收"),
        ("instruction_followed", {"unit_id": LEAD, "to_unit_id": COUNTY, "words": "已到场"}, [("followed", "和平县")], "已到场。"),
    ],
)
def test_each_event_tells_whom_it_concerns(event, data, expected, says):
    found = told(f"ticket.{event}", **data)
    assert [(template, unit) for template, unit, _ in found] == expected
    assert says in found[0][2]
    assert "None" not in "".join(words for _, _, words in found)


def test_an_outcome_orders_whoever_has_a_part_in_it():
    outcome = {"words": "水利局牵头", "co_unit_ids": [ROADS], "unit_id": WATER, "from_unit_id": LEAD, "assignment_id": new_id()}
    absent = told("ticket.whistle_concluded", words="不再需要", co_unit_ids=[], expected_unit_ids=[ROADS])
    assert [unit for _, unit, _ in absent] == ["水口村", "彭寨镇", "交通运输局"], "who is still on the way turns round"
    found = told("ticket.whistle_concluded", **outcome)
    assert [(template, unit) for template, unit, _ in found] == [
        ("order", "水利局"),
        ("order_co", "交通运输局"),
        ("relieved", "水口村"),
        ("whistle_concluded", "水口村"),
        ("whistle_concluded", "彭寨镇"),
    ]
