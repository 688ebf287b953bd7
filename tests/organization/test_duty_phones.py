"""The numbers everybody may read are of offices; a mobile one only where somebody wrote down why."""

import pytest
from pydantic import ValidationError

from services.organization.commands import AddUnit, ChangeUnit
from services.organization.duty_phones import duty_number, is_mobile, published_number
from services.organization.parsing import parse_units
from tests.county import SHUIKOU, sign_in

OFFICES = {
    "0762-5631234": "0762-5631234", "0762 5631234": "0762-5631234", "+86 762 5631234": "0762-5631234", "010-12345678": None,
    "010-62345678": "010-62345678", "580": "580", "12345": "12345", "4008123456": "4008123456", "400-812-3456": "4008123456",
    "0762-5631234-801": "0762-5631234-801", "5631234": None, "99": None, "13800000123 0": None, "008613800000123": "13800000123",
}  # fmt: skip
MOBILES = ("13800000123", "+86 138-0000-0123", "013800000123")


@pytest.mark.parametrize(("given", "said"), OFFICES.items())
def test_a_duty_phone_is_an_offices_number_in_one_spelling(given, said):
    if said is None:
        with pytest.raises(ValueError, match=r"telephone number|office's number"):
            duty_number(given)
    else:
        assert duty_number(given) == said


@pytest.mark.parametrize("number", MOBILES)
def test_a_mobile_number_is_taken_with_a_reason_only_and_a_reason_with_a_mobile_number_only(number):
    assert is_mobile(duty_number(number))
    with pytest.raises(ValidationError, match="duty_phone_reason"):
        ChangeUnit(duty_phone=number)
    taken = ChangeUnit(duty_phone=number, duty_phone_reason="村委会没有固定电话，本人同意公开")
    assert taken.duty_phone == "13800000123"
    with pytest.raises(ValidationError, match="duty_phone_reason"):
        ChangeUnit(duty_phone="0762-5631234", duty_phone_reason="x")
    with pytest.raises(ValidationError, match="duty_phone_reason"):
        ChangeUnit(duty_phone_reason="x")
    with pytest.raises(ValidationError, match="duty_phone_reason"):
        AddUnit(code="1", parent_code="2", name="x", kind="grid", tier="grid", duty_phone=number)


def test_what_was_kept_before_is_shown_only_where_it_is_an_offices_number():
    assert published_number("0762-5631234", None) == "0762-5631234"
    assert published_number("13800000123", None) is None
    assert published_number("13800000123", "本人同意公开") == "13800000123"
    assert [published_number(one, None) for one in (None, "", "call me", "0762-1")] == [None] * 4


def test_a_list_of_units_cannot_publish_a_mobile_number():
    head = "code,parent_code,name,tier,duty_phone\n441624,,和平县,county,{}\n"
    assert parse_units(head.format("0762 5631234")).units[0].duty_phone == "0762-5631234"
    for number in (*MOBILES, "12"):
        assert [error.column for error in parse_units(head.format(number)).errors] == ["duty_phone"], number


async def test_nobody_reads_a_mobile_number_that_was_not_published_on_purpose(intake, county):
    admin = {**await sign_in(intake, "admin"), "If-Match": "*"}
    at, shown = f"/v1/units/{SHUIKOU}", f"/v1/units/{SHUIKOU}/responsible"
    await county.owner.execute("UPDATE units SET duty_phone = '13800000123' WHERE code = $1", SHUIKOU)
    assert "13800000123" not in (await intake.get(shown)).text
    refused = await intake.patch(at, json={"duty_phone": "13800000123"}, headers=admin)
    assert (refused.status_code, "13800000123" in refused.text) == (422, False)
    reason = "村委会没有固定电话，本人同意公开"
    taken = await intake.patch(at, json={"duty_phone": "138 0000 0123", "duty_phone_reason": reason}, headers=admin)
    assert (taken.status_code, taken.json()["duty_phone_reason"]) == (200, reason), taken.text
    assert "13800000123" in (await intake.get(shown)).text
    told = await county.value("SELECT data::text FROM events WHERE type = 'unit.changed' ORDER BY id DESC LIMIT 1")
    assert reason in told
    assert "13800000123" not in told
    back = await intake.patch(at, json={"duty_phone": "0762-5631234"}, headers=admin)
    assert (back.json()["duty_phone"], back.json()["duty_phone_reason"]) == ("0762-5631234", None)
    assert "0762-5631234" in (await intake.get(shown)).text
