"""The mapping of a platform's orders: what must be there, what is left out and noted, and what is never guessed."""

from datetime import UTC, datetime

import pytest

from services.channels.platforms.mapping import Unmappable, look_up, more_urgent, read_order
from services.connections.platform_options import read_options

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FIELDS = {
    name: name
    for name in (
        "order_no", "words", "kind", "category", "division", "address", "lat", "lon", "name", "phone", "urgency", "confidential",
        "wants_answer", "happened_at", "deadline", "urged",
    )
}  # fmt: skip
BASE = {"order_no": "1", "words": "水管爆了"}


def read(payload, **options):
    return read_order(read_options({"fields": FIELDS, **options}), {**BASE, **payload}, NOW, {"441624108203"}.__contains__)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-22 11:30:00", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("2026/11/22 11:30:00", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("20261122113000", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("2026-11-22T11:30:00+08:00", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("2026-11-22T03:30:00Z", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        (1795318200, datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("1795318200000", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_platform_s_zone(given, meant):
    assert read({"deadline": given}).deadline == meant
    assert read({"happened_at": given}).telling.happened_at == meant


def test_another_zone_is_an_option():
    assert read({"deadline": "2026-11-22 11:30:00"}, zone="UTC").deadline == datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        ({"deadline": "尽快"}, {"deadline": "malformed"}),
        ({"happened_at": "2020-01-01 00:00:00"}, {"happened_at": "impossible"}),
        ({"happened_at": "2027-01-01 00:00:00"}, {"happened_at": "impossible"}),
        ({"phone": "不详"}, {"phone": "malformed"}),
        ({"lat": "23.9"}, {"lon": "missing"}),
        ({"lat": 423, "lon": 115}, {"lat": "malformed"}),
        ({"lat": "NaN", "lon": 115}, {"lat": "malformed"}),
        ({"division": "999"}, {"division": "unit_unknown"}),
        ({"urgency": "火急"}, {"urgency": "not_in_table"}),
        ({"kind": "夸奖"}, {"kind": "not_in_table"}),
        ({"category": "道路/路灯"}, {"category": "not_in_table"}),
        ({"name": "张" * 201}, {"name": "too_long"}),
        ({"address": "太" * 201}, {"address": "too_long"}),
    ],
)
def test_what_cannot_be_read_is_left_out_and_noted_and_stops_nothing(payload, note):
    order = read(payload)
    assert order.order_no == "1"
    assert note.items() <= order.notes.items()


@pytest.mark.parametrize(
    ("payload", "faults"),
    [
        ({"order_no": ""}, {"order_no": "missing"}),
        ({"order_no": "x" * 129}, {"order_no": "malformed"}),
        ({"order_no": "a\nb"}, {"order_no": "malformed"}),
        ({"order_no": True}, {"order_no": "missing"}),
        ({"words": "  "}, {"words": "missing"}),
        ({"words": "水" * 4001}, {"words": "too_long"}),
        ({"words": {"zh": "水"}}, {"words": "missing"}),
        ({"words": "a\x00b"}, {"words": "missing"}),
    ],
)
def test_without_a_number_and_words_it_is_no_order(payload, faults):
    with pytest.raises(Unmappable) as found:
        read(payload)
    assert found.value.faults == faults


def test_a_division_code_is_taken_as_it_is_or_by_the_table():
    assert read({"division": "441624108203"}).telling.place.unit_code == "441624108203"
    assert read({"division": "太平"}, divisions={"太平": "441624108203"}).telling.place.unit_code == "441624108203"


def test_coordinates_have_the_system_the_options_say_and_zeros_are_none():
    place = read({"lat": "23.9", "lon": "115.2"}, coordinate_system="WGS-84").telling.place
    assert (place.lat, place.lon, place.coordinate_system) == (23.9, 115.2, "WGS-84")
    assert read({"lat": 23.9, "lon": 115.2}).telling.place.coordinate_system == "GCJ-02"
    assert read({"lat": 0, "lon": 0}).telling.place is None


@pytest.mark.parametrize(("given", "meant"), [("是", True), (1, True), (True, True), ("Y", True), ("否", False), (0, False), (None, False)])
def test_yes_has_many_spellings(given, meant):
    assert read({"confidential": given}).telling.confidential is meant


def test_who_wants_an_answer_is_asked_for_only_where_the_platform_says_so():
    assert read({}).telling.wants_answer is True
    assert read({"wants_answer": "0"}).telling.wants_answer is False


def test_kinds_urgencies_and_categories_go_by_the_tables():
    order = read({"kind": "意见建议", "urgency": "特急", "category": "供水"}, categories={"供水": "water.outage"})
    assert (order.kind, order.urgency, order.telling.category, order.their_category) == ("suggestion", "emergency", "water.outage", "供水")
    assert read({"kind": "03"}, kinds={"03": "report"}).kind == "report"


def test_a_withheld_number_is_no_contact():
    assert read({"phone": "anonymous"}).telling.contact is None


def test_a_platform_makes_a_matter_more_urgent_never_less():
    assert more_urgent("normal", "urgent") == "urgent"
    assert more_urgent("emergency", "normal") == "emergency"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1), ("/a/b", 1), ("l.1.x", 2), ("/l/1/x", 2), ("/odd~1key", 3), ("/ti~0lde", 4),
        ("a.c", None), ("l.9", None), ("l.x", None), ("a.b.c", None), ("l.²", None),
    ],
)  # fmt: skip
def test_places_are_dotted_paths_or_pointers(path, found):
    assert look_up({"a": {"b": 1}, "l": [0, {"x": 2}], "odd/key": 3, "ti~lde": 4}, path) == found


def test_an_order_shows_nobody_in_a_log():
    order = read({"name": "欧阳张三", "phone": "13800000123"})
    assert "张三" not in repr(order)
