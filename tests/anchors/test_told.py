"""Anchors go where others keep them: to whoever subscribed, and into bulletins."""

from services.anchors.files import check
from services.bulletins.collecting import collect
from services.bulletins.periods import period_of
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from tests.anchors.world import KEY, Journal, day, noon, subjects
from tests.county import PENGZHAI
from tests.notifications.hooks import Hooks
from tests.notifications.platform import playing


async def test_subscribers_are_told_of_each_anchor_once_and_bulletins_print_the_newest(intake, county, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_WEBHOOK_ALLOW_PRIVATE", "true")
    settings.cache_clear()
    try:
        async with playing() as platform:
            hooks = Hooks(intake, county, platform)
            wanted = await hooks.subscribe(event_types=["history.anchored"], unit=PENGZHAI)
            other = await hooks.subscribe(path="/other")  # ticket.*
            journal = Journal(county)
            await journal.write(noon(3), *subjects(2))
            await journal.close(at=noon(2))
            await journal.close()
            await hooks.work()
            assert await hooks.log(other) == []
            told = sorted((call.json for call in platform.asked), key=lambda one: str(one["data"]["anchor"]["day"]))
            assert [one["data"]["anchor"]["day"] for one in told] == [str(day(2)), str(day(1))], "what was closed since"
            keys = [{"key_id": KEY.key_id, "public_key": KEY.public.hex()}]
            for one in told:
                assert one["type"] == "history.anchored"
                assert check({"form": "daguanjia.signed-anchor@1", "anchor": one["data"]["anchor"], "keys": keys}, frozenset())[0]
            assert len(await hooks.log(wanted)) == 2
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        figures = await collect(work, "441624", period_of("month", "2026-10"))
    newest = told[-1]["data"]["anchor"]
    assert figures.anchor is not None
    assert (str(figures.anchor.day), figures.anchor.root, figures.anchor.signature) == (newest["day"], newest["root"], newest["signature"])
