"""One person is recognised across channels, within the reader's scope, and nothing is merged for it."""

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.platform.actor import COMPLAINANT
from tests.county import PENGZHAI, SHUIKOU, YANGMING, actor, sign_in


async def told(channel: str, message: str, contact: Contact | None, place: str = SHUIKOU, *, confidential: bool = False) -> str:
    telling = Telling(words=f"第{message}件事", place=Place(unit_code=place), contact=contact, confidential=confidential)
    return (await file_complaint(FileComplaint(channel, message, telling), COMPLAINANT)).number


async def seen(intake, login: str, number: str) -> list[str]:
    answer = await intake.get(f"/v1/tickets/{number}/same-person", headers=await sign_in(intake, login))
    assert answer.status_code == 200, answer.text
    return [line["number"] for line in answer.json()]


async def test_telephone_and_wechat_of_one_person_come_together_over_a_complaint_that_has_both(intake, county):
    called = await told("hotline", "1", Contact(phone="+86 138-0000-0123"))
    both = await told("wechat", "2", Contact(phone="13800000123", openid="oOne"))
    wrote = await told("wechat", "3", Contact(openid="oOne"))
    await told("wechat", "4", Contact(openid="oAnother"))
    await told("hotline", "5", None)
    assert set(await seen(intake, "hotline", called)) == {both, wrote}
    assert set(await seen(intake, "hotline", wrote)) == {both, called}
    assert await county.value("SELECT count(*) FROM tickets WHERE merged_into_id IS NOT NULL") == 0


async def test_nobody_is_recognised_beyond_the_reader_s_scope(intake, county):
    here = await told("hotline", "1", Contact(phone="13800000123"))
    await told("hotline", "2", Contact(phone="13800000123"), place=YANGMING)
    assert await seen(intake, "pengzhai", here) == []
    outside = await intake.get(f"/v1/tickets/{here}/same-person", headers=await sign_in(intake, "yangming"))
    assert outside.status_code == 404


async def test_a_complaint_in_confidence_ties_nobody_to_anything_for_those_who_may_not_know(intake, county):
    open_one = await told("hotline", "1", Contact(phone="13800000123"))
    secret = await told("hotline", "2", Contact(phone="13800000123"), confidential=True)
    await county.settle()
    assert await seen(intake, "shuikou", open_one) == []
    assert await seen(intake, "shuikou", secret) == []
    assert await seen(intake, "hotline", open_one) == [secret]
    desk = await actor("pengzhai")
    assert any(seat.unit_code == PENGZHAI for seat in desk.seats)
    assert await seen(intake, "pengzhai", secret) == [open_one]


async def test_an_anonymous_complaint_has_no_person(intake, county):
    first = await told("hotline", "1", None)
    await told("hotline", "2", None)
    assert await seen(intake, "hotline", first) == []
