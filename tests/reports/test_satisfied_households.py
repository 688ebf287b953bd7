"""Satisfaction with each household weighing one: a household that is called ten times does not weigh ten; the official rate stays."""

from datetime import timedelta
from fractions import Fraction

from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from services.platform.clock import local_day, now
from services.platform.ids import new_id
from services.reports.satisfied_households import KEY, Answer, weighed
from tests.assessment.world import Doors
from tests.conftest import TestDatabase
from tests.journeys.people import Desk
from tests.reports import ground

ANSWERS = st.lists(
    st.builds(
        Answer, st.uuids(), st.booleans(), st.one_of(st.just(frozenset[bytes]()), st.integers(0, 5).map(lambda n: frozenset([bytes([n])]))),
        st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def said(key: bytes, *words: bool, secret: bool = False) -> list[Answer]:
    return [Answer(new_id(), word, frozenset([key]) if key else frozenset(), secret) for word in words]


def test_ten_answers_of_one_household_weigh_as_much_as_one_of_another() -> None:
    assert weighed([*said(b"a", *[False] * 10), *said(b"b", True)]) == (Fraction(1, 2), 2, 0)
    assert weighed([*said(b"a", True, False), *said(b"b", True)]) == (Fraction(3, 4), 2, 0)
    assert weighed([*said(b"a", False, False, secret=True), *said(b"a", True)]) == (Fraction(1, 3), 3, 0), "confidence ties nothing"
    assert weighed(said(b"", True, True)) == (None, 0, 2), "of nobody known there is no rate, and not 0 %"


@given(ANSWERS)
def test_with_one_matter_each_both_rates_are_one_and_no_repetition_moves_it(answers: list[Answer]) -> None:
    mean, households, anonymous = weighed(answers)
    assert (mean is None) == (households == 0)
    assert households + anonymous <= len(answers)
    assert mean is None or 0 <= mean <= 1
    alone = {answer.keys: answer for answer in answers if answer.keys and not answer.in_confidence}.values()
    if alone:
        official = Fraction(sum(answer.satisfied for answer in alone), len(alone))
        assert weighed(alone)[0] == official
        again = [Answer(new_id(), answer.satisfied, answer.keys) for answer in alone for _ in range(3)]
        assert weighed([*alone, *again]) == (official, len(alone), 0), "who says the same again weighs no more"
    assert weighed(list(reversed(answers))) == (mean, households, anonymous)


async def test_it_stands_beside_the_official_rate_of_the_very_same_tickets(intake: AsyncClient, county: TestDatabase) -> None:
    desk, doors = Desk(intake, county), Doors(county)
    phones = ["13800000001"] * 4 + ["13800000002", "13800000003", None]
    words = [False, False, False, False, True, True, True]
    numbers = [await desk.file(f"第{n}件", contact={"phone": phone} if phone else None) for n, phone in enumerate(phones)]
    rows = await county.fetch("SELECT t.id, number, c.id AS complaint FROM tickets t JOIN complaints c ON c.ticket_id = t.id")
    ids = {row["number"]: (row["id"], row["complaint"]) for row in rows}
    for number, word in zip(numbers, words, strict=True):
        ticket, complaint = ids[number]
        for back, heard in ((2, not word), (1, word)):  # they changed their mind: the newest word counts
            await county.owner.execute(
                "INSERT INTO call_backs (id, ticket_id, complaint_id, round, way, reached, satisfied, called_at, by_account_id)"
                " SELECT $1, $2, $3, 1, 'phone', true, $4, $5, id FROM accounts WHERE login = 'hotline'",
                new_id(), ticket, complaint, heard, now() - timedelta(minutes=back),
            )  # fmt: skip
    await ground.tell([ticket for ticket, _ in ids.values()])
    await county.settle()

    async def read(login: str, **query: str) -> dict[str, object]:
        answer = await intake.get("/v1/figures/satisfaction-by-household", params=query, headers=await desk.as_(login))
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    found = await read("county")
    assert found["metric"] == KEY
    assert found["kept"] == {"tickets": 7, "households": 3, "anonymous": 1, "fraction": "2/3", "percent": "66.67"} == found["removed"]
    assert found["official"] == {"satisfied": 3, "tickets": 7, "percent": "42.86"}
    report = (await doors.get("county", "/v1/reports/satisfaction_rate@1")).json()["total"]
    assert (report["numerator"], report["denominator"]) == (3, 7), "the official rate is what it was"
    listed = (await doors.get("county", str(found["answers"]))).json()
    assert listed["total"] == 7
    assert {one["number"] for one in listed["items"]} == set(numbers)
    assert (await read("yangming"))["kept"] == {"tickets": 0, "households": 0, "anonymous": 0, "fraction": None, "percent": None}
    tomorrow = str(local_day(now()) + timedelta(days=1))
    assert (await read("county", **{"from": tomorrow}))["official"] == {"satisfied": 0, "tickets": 0, "percent": None}
