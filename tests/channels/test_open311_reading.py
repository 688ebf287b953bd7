"""What clients ask for, read without a door."""

from datetime import UTC, datetime, timedelta

import pytest

from services.channels.open311.reading import (
    Fields,
    own_id,
    read_contact,
    read_instant,
    read_page,
    read_period,
    read_point,
    read_statuses,
    sender_marks,
)
from services.platform.errors import Problem

NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)


def fields(**values: str) -> Fields:
    return Fields(values.items())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T02:10:00Z", NOW),
        ("2026-11-22T10:10:00+08:00", NOW),
        ("2026-11-22T10:10:00 08:00", NOW),
        ("2026-11-22T10:10:00+0800", NOW),
        ("2026-11-22T10:10+08:00", NOW),
        ("2026-11-21T18:10:00.250-08:00", NOW + timedelta(milliseconds=250)),
    ],
)
def test_instants_carry_their_zone(text, instant):
    assert read_instant(text, "start_date") == instant


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T02:10:00", "2026-11-22", "22.11.2026", "2026-13-01T00:00:00Z", "2026-11-22T02:10:00+99:00", "0001-01-01T00:00:00+14:00",
     "２０２６-11-22T02:10:00Z", "1763777400", "2026-11-22T02:10:00Zx"],
)  # fmt: skip
def test_other_dates_are_refused_with_their_name(text):
    with pytest.raises(Problem, match="start_date") as refused:
        read_instant(text, "start_date")
    assert refused.value.status == 400


def test_the_period_is_ninety_days_unless_only_its_beginning_is_said():
    days = timedelta(days=90)
    earlier = NOW - timedelta(days=300)
    assert read_period(fields(), NOW) == (NOW - days, NOW)
    assert read_period(fields(end_date=earlier.isoformat()), NOW) == (earlier - days, earlier)
    assert read_period(fields(start_date=earlier.isoformat()), NOW) == (earlier, NOW)
    assert read_period(fields(start_date="2026-11-01T00:00:00Z"), NOW) == (datetime(2026, 11, 1, tzinfo=UTC), NOW)
    assert read_period(fields(start_date="", end_date=" "), NOW) == (NOW - days, NOW)
    assert read_period(fields(start_date="9999-12-31T00:00:00Z"), NOW)[0].year == 9999
    assert read_period(fields(end_date="0001-01-02T00:00:00Z"), NOW)[1].year == 1


@pytest.mark.parametrize(
    ("start", "end"), [("2026-01-01T00:00:00Z", "2026-04-02T00:00:01Z"), ("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z")]
)
def test_longer_and_backward_periods_are_refused(start, end):
    with pytest.raises(Problem, match="90 days"):
        read_period(fields(start_date=start, end_date=end), NOW)


def test_pages_and_statuses_are_read_and_nonsense_refused():
    assert read_page(fields()) == (0, 1000)
    assert read_page(fields(page="3", page_size="50")) == (100, 50)
    assert read_page(fields(count="20")) == (0, 20)
    assert read_statuses(fields()) == {"open", "closed"}
    assert read_statuses(fields(status="Open")) == {"open"}
    assert read_statuses(fields(status="open,closed")) == {"open", "closed"}
    for wrong in ({"page": "0"}, {"page": "-1"}, {"page_size": "1001"}, {"page": "x"}, {"page": "１"}, {"page": "9" * 30}):
        with pytest.raises(Problem, match="whole number"):
            read_page(fields(**wrong))
    with pytest.raises(Problem, match="status"):
        read_statuses(fields(status="open,done"))


def test_a_point_has_both_halves_and_lies_on_the_globe():
    assert read_point(fields(lat="24.44", long="114.93")) == (24.44, 114.93)
    assert read_point(fields(lat="24.44")) is None
    assert read_point(fields(lat="24.44", long="")) is None
    for lat, long in (("nan", "1"), ("91", "1"), ("1", "-181"), ("inf", "0"), ("x", "1"), ("1e400", "1")):
        with pytest.raises(Problem, match="WGS-84"):
            read_point(fields(lat=lat, long=long))


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("三", "张", "张三"), ("San", "Zhang", "San Zhang"), ("", "张三", "张三"), ("三", "-", "三"), ("-", "-", None), ("x" * 201, "", None)],
)
def test_names_are_put_together_as_they_are_said(first, last, name):
    assert read_contact(fields(first_name=first, last_name=last)).name == name


def test_what_cannot_be_used_of_a_contact_does_not_stop_the_filing():
    contact = read_contact(fields(phone="请勿来电", email="nobody", last_name="张三"))
    assert (contact.name, contact.phone, contact.email) == ("张三", None, None)
    usable = read_contact(fields(phone="0762-5600000", email=" zhang@example.org "))
    assert (usable.phone, usable.email) == ("0762-5600000", "zhang@example.org")


def test_parameters_are_told_apart_and_empty_ones_are_absent():
    given = Fields(
        [("service_request_id", "1,2"), ("service_request_id", "3"), ("a", ""), ("attribute[X]", "1"), ("attribute[Y][]", "a"),
         ("attribute[Y][]", "b"), ("attribute", "X"), ("api_key", "secret")]
    )  # fmt: skip
    assert given.all("service_request_id") == ["1", "2", "3"]
    assert given.one("a") is None
    assert given.attributes == {"X": ("1",), "Y": ("a", "b")}
    assert "api_key" not in given.besides()
    assert "api_key" not in given.content()
    assert given.besides()["attribute"] == ["X"]
    assert "secret" not in repr(given)


def test_the_clients_own_id_and_the_senders_marks_are_found():
    assert own_id(Fields([("attribute[fixmystreet_id]", "77")])) == "77"
    assert own_id(fields(description="x")) is None
    assert sender_marks(fields(device_id="d"))
    assert not sender_marks(fields(last_name="张", first_name="三"))
