"""Danger to life is an emergency on every channel, whatever the category: dispatched within the hour, the township rung at once."""

import pytest

from tests.county import PENGZHAI, SHUIKOU, sign_in

WORDS = "水口村小学旁边着火了，快来人！"
ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41"
TOLD = {"words": WORDS, "place": {"unit_code": SHUIKOU}}


@pytest.mark.parametrize(
    ("login", "path", "body"),
    [
        ("hotline", "/v1/hotline/complaints", {"call_id": "1.2"}),
        ("hotline", "/v1/petitions", {"filing_id": ID}),
        ("grid", "/v1/field-reports", {"report_id": ID, "place": {"unit_code": "441624108213001"}}),
    ],
)
async def test_the_township_is_rung_whatever_the_channel_and_category(intake, county, login, path, body):
    filed = await intake.post(path, json=TOLD | {"category": "water.drinking_water"} | body, headers=await sign_in(intake, login))
    assert filed.status_code == 201, filed.text
    await county.settle()
    (received,) = await county.fetch(
        "SELECT data->>'danger' AS danger, data->>'urgency' AS urgency FROM events WHERE type = 'ticket.received'"
    )
    assert dict(received) == {"danger": "着火", "urgency": "emergency"}
    told = "SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template IN ('ring', 'order', 'order_co')"
    rung = await county.fetch(told)
    assert PENGZHAI in {row["code"] for row in rung}
