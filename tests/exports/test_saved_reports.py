"""Saved reports: who may run them, what they answer, and how schedules tell them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from services.exports import delivering
from services.exports.delivering import deliver_due
from services.exports.schedules import Schedule, due, next_after
from services.notifications.webhooks.sending import call_due
from services.platform.clock import SHANGHAI
from services.platform.database import WORKER
from services.platform.settings import settings
from tests import county as heping
from tests.notifications.platform import playing

MONTHS = {"from": "2026-10-01", "to": "2026-12-31"}
BY_TOWN = {"metric": "received", "by": "unit:township", **MONTHS}
SCHEDULES = st.one_of(
    st.builds(Schedule, st.just("daily"), st.integers(0, 23)),
    st.builds(Schedule, st.just("weekly"), st.integers(0, 23), st.integers(1, 7)),
    st.builds(Schedule, st.just("monthly"), st.integers(0, 23), st.none(), st.integers(1, 28)),
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        (Schedule("daily", 8), "2026-11-22T07:59:59+08:00", "2026-11-22T08:00:00+08:00"),
        (Schedule("daily", 8), "2026-11-22T08:00:00+08:00", "2026-11-23T08:00:00+08:00"),
        (Schedule("weekly", 0, 1), "2026-11-22T23:00:00+08:00", "2026-11-23T00:00:00+08:00"),
        (Schedule("weekly", 9, 7), "2026-11-22T09:00:00+08:00", "2026-11-29T09:00:00+08:00"),
        (Schedule("monthly", 9, None, 28), "2026-02-28T09:00:01+08:00", "2026-03-28T09:00:00+08:00"),
        (Schedule("monthly", 23, None, 1), "2026-12-31T22:00:00+08:00", "2027-01-01T23:00:00+08:00"),
    ],
)
def test_a_schedule_comes_round_when_people_say(schedule, after, expected):
    assert next_after(schedule, datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


@given(SCHEDULES, INSTANTS, st.integers(0, 60))
def test_of_what_was_missed_the_newest_is_told_and_each_other_named_once(schedule, began, days):
    first, now = next_after(schedule, began), began + timedelta(days=days)
    found = due(schedule, first, now)
    if now < first:
        assert found is None
        return
    told = [*found.missed, found.occurrence]
    assert told == sorted(set(told))
    assert told[0] == first
    assert found.occurrence <= now < found.following
    assert all(next_after(schedule, one) == after for one, after in zip(told, [*told[1:], found.following], strict=True))
    assert all(one.astimezone(SHANGHAI).hour == schedule.hour for one in told)


async def save(doors, login="county", *, status=201, **more):
    body = {"name": "各镇受理量", "source": "reports", "question": BY_TOWN, **more}
    answer = await doors.intake("POST", "/v1/saved-reports", login, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_shared_report_is_run_by_those_of_the_unit_each_seeing_their_own_part(doors):
    saved = await save(doors, unit=heping.COUNTY)
    at = f"/v1/saved-reports/{saved['id']}/result"
    towns = {}
    for login in ("county", "yangming", "grid"):
        told = (await doors.reporting(at, login)).json()
        key, numerator = (next(nth for nth, one in enumerate(told["columns"]) if one["code"] == code) for code in ("key", "numerator"))
        towns[login] = {row[key]: row[numerator] for row in told["rows"]}
    whole = towns["county"]
    assert whole[heping.YANGMING] > 0
    assert whole[heping.PENGZHAI] > whole[heping.YANGMING]
    assert towns["yangming"][heping.YANGMING] == whole[heping.YANGMING]
    assert heping.PENGZHAI not in towns["yangming"]
    assert sum(towns["grid"].values()) == 0
    listed = (await doors.reporting("/v1/saved-reports", "yangming")).json()["items"]
    assert [(one["id"], one["own"], one["unit"]) for one in listed] == [(saved["id"], False, heping.COUNTY)]
    private = await save(doors)
    assert (await doors.reporting(f"/v1/saved-reports/{private['id']}", "yangming")).status_code == 404
    csv = await doors.reporting(at, params={"format": "csv"})
    assert csv.headers["X-Total-Count"] == str(len(whole))
    assert csv.text.startswith("\ufeff指标,")
    assert (await doors.reporting(at, params={"format": "parquet"})).content.startswith(b"PAR1")
    long_ago = (await doors.reporting(at, params={"as_of": "2020-01-01T00:00:00+08:00"})).json()
    assert (long_ago["as_of"], long_ago["question"]["as_of"]) == ("2019-12-31T16:00:00Z", "2019-12-31T16:00:00+00:00")
    assert {row[numerator] for row in long_ago["rows"]} == {0}, "nothing was known then"
    for wrong, code in (("yesterday", "period.invalid"), ("2099-01-01T00:00:00Z", "as_of.future")):
        assert (await doors.reporting(at, params={"as_of": wrong})).json()["code"] == code
    definitions = await save(doors, source="metrics", question={})
    timeless = await doors.reporting(f"/v1/saved-reports/{definitions['id']}/result", params={"as_of": "2020-01-01T00:00:00Z"})
    assert (timeless.status_code, timeless.json()["code"]) == (422, "question.parameter_unknown")


async def test_a_saved_report_is_its_owners_to_change_and_is_kept_only_where_it_can_be_asked(doors):
    await save(doors, status=404, source="moon")
    await save(doors, status=422, question={"metric": "received", "surprise": "1"})
    await save(doors, "yangming", status=403, question={"metric": "received"}, unit=heping.PENGZHAI)
    await save(doors, "grid", status=403)
    saved = await save(doors, "pengzhai", question={"metric": "received"}, unit=heping.PENGZHAI)
    at = f"/v1/saved-reports/{saved['id']}"
    assert (await doors.intake("DELETE", at, "county")).status_code == 404
    assert (await doors.intake("DELETE", at, "pengzhai", headers={"If-Match": '"9"'})).status_code == 412
    assert (await doors.intake("DELETE", at, "pengzhai", headers={"If-Match": '"1"'})).status_code == 200
    assert (await doors.reporting(at, "pengzhai")).status_code == 404
    assert (await doors.intake("DELETE", at, "pengzhai")).status_code == 404


async def test_however_much_others_share_ones_own_reports_are_listed(doors):
    own, shared = await save(doors, "yangming"), await save(doors, unit=heping.COUNTY)
    await doors.county.owner.execute(
        "INSERT INTO saved_reports (id, account_id, name, source, question, unit_id, version, created_at, updated_at)"
        " SELECT gen_random_uuid(), account_id, name, source, question, unit_id, version, created_at, updated_at"
        " FROM saved_reports, generate_series(1, 250) WHERE id = $1",
        shared["id"],
    )
    await doors.county.owner.execute("UPDATE saved_reports SET id = '00000000-0000-7000-8000-000000000001' WHERE id = $1", own["id"])
    listed = (await doors.reporting("/v1/saved-reports", "yangming")).json()["items"]
    assert (len(listed), listed[0]["own"], listed[1]["own"]) == (200, True, False)


async def test_a_list_that_is_longer_than_an_answer_says_so(doors, monkeypatch):
    monkeypatch.setattr("services.exports.answering.answer.__kwdefaults__", {"most": 7})
    saved = await save(doors, source="tickets", question={})
    told = (await doors.reporting(f"/v1/saved-reports/{saved['id']}/result")).json()
    assert (len(told["rows"]), told["total"], told["truncated"]) == (7, 60, True)


@pytest.fixture
async def told(doors, monkeypatch):
    """A subscriber that takes reports, and the turns of the worker."""
    monkeypatch.setenv("DAGUANJIA_WEBHOOK_ALLOW_PRIVATE", "true")
    settings.cache_clear()
    async with playing() as platform:
        yield Told(doors, platform)
    settings.cache_clear()


class Told:
    """The subscriber's side."""

    def __init__(self, doors, platform):
        self.doors, self.platform = doors, platform

    async def subscribe(self, *, types=("report.delivered",), **more):
        body = {"name": "县数据局", "url": f"{self.platform.url}/hook", "event_types": list(types), **more}
        answer = await self.doors.intake("POST", "/v1/webhook-subscriptions", "admin", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def schedule(self, saved, subscription, *, status=200, login="county", **more):
        body = {"frequency": "daily", "hour": 8, "subscription": subscription["id"], **more}
        answer = await self.doors.intake("PUT", f"/v1/saved-reports/{saved['id']}/schedule", login, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def days_later(self, saved, days):
        """Have so many days pass: put the next occurrence back, and forget what was told."""
        await self.doors.county.owner.execute("DELETE FROM report_deliveries WHERE saved_report_id = $1 AND state = 'told'", saved["id"])
        await self.doors.county.owner.execute(
            "UPDATE saved_reports SET next_at = next_at - make_interval(days => $2) WHERE id = $1", saved["id"], days
        )

    async def turn(self):
        async with self.doors.county.as_role(WORKER):
            settled = await deliver_due()
            while await call_due(allow_private=True):
                pass
        return settled


async def test_a_schedule_tells_each_occurrence_once_signed_and_names_what_was_missed(told):
    saved, hook = await save(told.doors), await told.subscribe()
    scheduled = await told.schedule(saved, hook)
    assert datetime.fromisoformat(scheduled["schedule"]["next_at"]).astimezone(SHANGHAI).hour == 8
    assert await told.turn() == 0
    await told.days_later(saved, 4)
    assert await told.turn() == 1
    assert await told.turn() == 0
    (asked,) = told.platform.asked
    body = Webhook(hook["secret"]).verify(asked.body, asked.headers)
    data = body["data"]
    assert body["type"] == "report.delivered"
    assert (data["saved_report"], data["missed_count"], len(data["missed"])) == ({"id": saved["id"], "name": "各镇受理量"}, 3, 3)
    assert data["missed"] == sorted(data["missed"])
    assert data["missed"][-1] < data["occurrence"] == body["timestamp"]
    assert data["total"] == len(data["rows"]) > 1
    (delivered,) = (await told.doors.reporting(f"/v1/saved-reports/{saved['id']}/deliveries")).json()["items"]
    assert (delivered["state"], delivered["missed"], delivered["delivery"]) == ("told", 3, asked.headers["webhook-id"])
    log = (await told.doors.intake("GET", f"/v1/webhook-subscriptions/{hook['id']}/deliveries", "admin")).json()["items"]
    assert [(one["event_type"], one["state"]) for one in log] == [("report.delivered", "sent")]


async def test_what_is_told_is_what_the_owner_may_see_then(told):
    saved, hook = await save(told.doors, "yangming", source="tickets", question={}), await told.subscribe()
    await told.schedule(saved, hook, login="yangming")
    await told.days_later(saved, 1)
    await told.turn()
    assert told.platform.asked[-1].json["data"]["total"] == 20
    await told.doors.county.owner.execute(
        "UPDATE posts SET unit_id = (SELECT id FROM units WHERE code = $1)"
        " WHERE member_id = (SELECT member_id FROM accounts WHERE login = 'yangming')",
        heping.PENGZHAI,
    )
    await told.days_later(saved, 1)
    await told.turn()
    assert told.platform.asked[-1].json["data"]["total"] == 40
    await told.doors.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'yangming'")
    await told.days_later(saved, 1)
    assert await told.turn() == 1
    assert len(told.platform.asked) == 2
    refused = await told.doors.county.fetch("SELECT problem_code FROM report_deliveries WHERE state = 'refused'")
    assert [row[0] for row in refused] == ["saved_report.owner_gone"]


async def test_only_a_subscription_that_takes_reports_is_told_and_none_beyond_its_own_unit(told):
    saved = await save(told.doors)
    await told.schedule(saved, await told.subscribe(types=("ticket.*",)), status=404)
    narrow = await told.subscribe(unit=heping.PENGZHAI)
    await told.schedule(saved, narrow, status=422)
    inside = await save(told.doors, question={"metric": "received", "unit": heping.SHUIKOU})
    await told.schedule(inside, narrow)
    await told.schedule(saved, narrow, status=422, weekday=3)
    hook = await told.subscribe()
    await told.schedule(saved, hook)
    await told.doors.intake("DELETE", f"/v1/webhook-subscriptions/{hook['id']}", "admin", headers={"If-Match": "*"})
    await told.days_later(saved, 1)
    assert await told.turn() == 1
    assert await told.doors.county.value("SELECT problem_code FROM report_deliveries") == "webhook.unknown"
    assert (await told.doors.intake("DELETE", f"/v1/saved-reports/{saved['id']}/schedule")).json()["schedule"] is None
    assert told.platform.asked == []


async def test_a_subscription_that_is_narrowed_later_is_told_no_more_than_it_may_hear(told):
    saved, hook = await save(told.doors), await told.subscribe()
    await told.schedule(saved, hook)
    at = f"/v1/webhook-subscriptions/{hook['id']}"
    narrowed = await told.doors.intake("PATCH", at, "admin", json={"unit": heping.PENGZHAI}, headers={"If-Match": "*"})
    assert narrowed.status_code == 200
    await told.days_later(saved, 1)
    assert await told.turn() == 1
    assert told.platform.asked == []
    assert await told.doors.county.value("SELECT problem_code FROM report_deliveries") == "saved_report.subscription_narrower"


async def test_an_occurrence_that_was_told_is_not_told_again_though_the_clock_was_put_back(told):
    saved, hook = await save(told.doors), await told.subscribe()
    await told.schedule(saved, hook)
    await told.days_later(saved, 1)
    assert await told.turn() == 1
    await told.doors.county.owner.execute("UPDATE saved_reports SET next_at = next_at - interval '1 day'")
    assert await told.turn() == 0
    assert len(told.platform.asked) == 1
    assert await told.doors.county.value("SELECT next_at > now() FROM saved_reports")


async def test_of_two_workers_that_read_the_same_only_one_tells_it(told, monkeypatch):
    saved, hook = await save(told.doors), await told.subscribe()
    await told.schedule(saved, hook)
    await told.days_later(saved, 1)
    real, again = delivering._write_down, []

    async def both(work, seen, *more):
        if not again:
            again.append(True)
            async with told.doors.county.as_role(WORKER):
                again.append(await deliver_due())
        return await real(work, seen, *more)

    monkeypatch.setattr(delivering, "_write_down", both)
    assert await told.turn() == 0  # the other one did it in between
    assert again == [True, 1]
    assert len(told.platform.asked) == 1
