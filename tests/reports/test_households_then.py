"""What the counts of households told at an instant is told of it for good, or refused: never another figure."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from services.attachments.store import store
from services.platform.clock import now
from services.platform.database import OWNER
from services.privacy.wholly import Wanted, erase_now
from tests.conftest import TestDatabase
from tests.county import WATER
from tests.journeys.people import Desk

PLACES = ("households", "satisfaction-by-household")


class Figures(Desk):
    """Asks both figures."""

    async def ask(self, what: str, **query: str) -> tuple[int, dict[str, Any]]:
        answer = await self.client.get(f"/v1/figures/{what}", params=query, headers=await self.as_("hotline"))
        found: dict[str, Any] = answer.json()
        return answer.status_code, {key: value for key, value in found.items() if key not in {"as_of", "answers", "instance", "request_id"}}

    async def instant(self) -> tuple[str, dict[str, Any]]:
        """Return an instant with all that is told at it."""
        told = {what: await self.ask(what) for what in PLACES}
        assert all(status == 200 for status, _ in told.values()), told
        return now().isoformat(), told

    async def verified(self, number: str, *, satisfied: bool) -> None:
        await self.does("county", number, "transfer", unit=WATER, words="请县水利局办理")
        await self.does("water", number, "accept")
        await self.does("water", number, "log_work", words="已联系来电人", contacted=True)
        await self.does("water", number, "resolve", words="已修好", files=await self.evidence("water"))
        await self.does("hotline", number, "answer", words="已修好")
        await self.called(number, satisfied=satisfied)

    async def called(self, number: str, *, satisfied: bool) -> None:
        await self.does("hotline", number, "call_back", reached=True, contacted=True, solved=True, satisfied=satisfied)


async def test_both_figures_are_told_as_they_were_known(intake: AsyncClient, county: TestDatabase) -> None:
    desk = Figures(intake, county)
    numbers = [await desk.file(f"第{n}件", contact={"name": "某人", "phone": f"1380000010{n % 3}"}) for n in range(4)]
    await desk.file("无名", contact=None)
    moments = [await desk.instant()]
    again = {
        "words": "还没修好",
        "channel": "hotline",
        "channel_message_id": "again-1",
        "contact": {"name": "另人", "phone": "13800000200"},
    }
    answer = await intake.post(f"/v1/tickets/{numbers[0]}/repeats", json=again, headers=await desk.as_("hotline"))
    assert answer.status_code in {200, 201}, answer.text
    await county.settle()
    moments.append(await desk.instant())
    await desk.does("county", numbers[1], "merge", into=numbers[0], words="同一处")
    moments.append(await desk.instant())
    await desk.verified(numbers[2], satisfied=False)
    moments.append(await desk.instant())
    await desk.called(numbers[2], satisfied=True)
    moments.append(await desk.instant())
    await desk.does("county", numbers[1], "unmerge", words="两处")
    await desk.file("后来的", contact={"name": "后来", "phone": "13800000300"})
    moments.append(await desk.instant())
    told = [moment[1] for moment in moments]
    assert len({str(one["households"]) for one in told}) >= 4, "each of them was another figure"
    assert len({str(one["satisfaction-by-household"]) for one in told}) == 3
    for at, one in moments:
        assert {what: await desk.ask(what, as_of=at) for what in PLACES} == one, at
    before = (now() - timedelta(days=400)).isoformat()
    assert (await desk.ask("households", as_of=before))[1]["tickets"] == 0
    for what in PLACES:
        status, refused = await desk.ask(what, as_of=(now() + timedelta(hours=1)).isoformat())
        assert (status, refused["code"]) == (422, "as_of.future")
        assert (await desk.ask(what, as_of="0001-01-01T00:00:00+14:00"))[0] == 422

    await desk.does("county", numbers[3], "seal", words="请保密")
    assert (await desk.ask("households", as_of=moments[0][0]))[1]["code"] == "as_of.not_kept", "it would tie them to their other matters"


@pytest.mark.parametrize("way", ["erased", "corrected"])
async def test_a_contact_that_was_changed_since_is_refused_and_nothing_else(intake: AsyncClient, county: TestDatabase, way: str) -> None:
    desk = Figures(intake, county)
    number = await desk.file("第一件", contact={"name": "某人", "phone": "13800000101"})
    await desk.file("第二件", contact={"name": "某人", "phone": "13800000101"}, category="roads.damage")
    await desk.verified(number, satisfied=True)
    at, told = await desk.instant()
    if way == "erased":
        async with county.as_role(OWNER):
            await erase_now(Wanted(ticket=number), store())
    else:
        await county.owner.execute(
            "UPDATE complainants SET phone_index = $2 WHERE complaint_id = (SELECT c.id FROM complaints c JOIN tickets t"
            " ON t.id = c.ticket_id WHERE t.number = $1)", number, b"another",
        )  # fmt: skip
    for what in PLACES:
        status, refused = await desk.ask(what, as_of=at)
        assert (status, refused["code"]) == (422, "as_of.not_kept"), what
    assert (await desk.ask("households", as_of=at, category="roads"))[0] == 200, "who is not counted does not matter"
    since, later = await desk.instant()
    assert later != told
    assert {what: await desk.ask(what, as_of=since) for what in PLACES} == later
