"""Playing the story of the canal from beginning to end, once in a database: what half a year left behind is there for good."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from pathlib import Path

from rich.console import Console

from daguanjia.canal import plot, striking, works
from daguanjia.canal.doors import Doors, open_doors
from daguanjia.canal.hours import Hours, months_before, story_clock
from daguanjia.canal.people import settle
from daguanjia.story.setting import COUNTY, VILLAGE, Cast, Setting
from daguanjia.story.telling import Teller
from services.platform.clock import SHANGHAI, local_day, now
from services.platform.settings import settings

_STEPS = (
    plot.the_doors, plot.the_others, plot.the_candidate, plot.the_register, works.the_plan, works.the_months, works.the_task,
    striking.the_refusal, striking.the_inspection, striking.the_households, striking.the_notice,
)  # fmt: skip


async def play(setting: Setting, cast: Cast, console: Console) -> str:
    """Play every step; return the number of the matter, or that of the one that is there. Raises StoryError where something is not so."""
    teller = Teller(console)
    teller.title("水渠", "the canal of 水口村: registered, and struck off when done")
    months = months_before(local_day(now()))
    began = datetime.combine(months[0].replace(day=15), time(7, 30), SHANGHAI)
    hours = Hours(began)
    async with open_doors(settings().database_url, list(cast.people), began - timedelta(days=1)) as doors:
        there = await _there(doors, cast)
        if there is not None:
            told_whole = there["state"] == "struck_off"
            ended = "讲过了" if told_whole else "讲到一半断了,要从头讲请用新库"
            teller.say(f"水渠的故事在本库{ended}:{there['number'] or plot.TITLE} {there['state_name']}。 Told here before.")
            _links(teller, setting, cast, str(there["id"]), None)
            return str(there["number"])
        village = await settle(cast, months[0])
        with story_clock(hours):
            told = plot.Told(cast, village, doors, hours, teller, months)
            for step in _STEPS:
                await step(told)
            file = await striking.the_end(told, setting.home, setting.patience)
            await striking.the_ledger(told)
    console.print()
    teller.say(f"故事讲完,半年的事用时 {teller.seconds:.1f} 秒:{told.number}。 Told in {teller.seconds:.1f} s.")
    _links(teller, setting, cast, told.matter, file)
    return told.number


async def _there(doors: Doors, cast: Cast) -> dict[str, object] | None:
    found: Sequence[dict[str, object]] = (await doors.report(COUNTY, "/v1/matters", unit=cast.unit(VILLAGE).code))["items"]
    return next((one for one in found if one["title"] == plot.TITLE), None)


def _links(teller: Teller, setting: Setting, cast: Cast, matter: str, file: Path | None) -> None:
    """Say where it is to be found, by whoever is signed in."""
    one = f"{setting.reporting_url}/v1/matters/{matter}"
    for name, address in (
        ("事项", one), ("证书", f"{one}/certificate"),
        ("村级问题台账", f"{setting.reporting_url}/v1/reports/villages/{cast.unit(VILLAGE).code}/problems"),
    ):  # fmt: skip
        teller.say(f"{name}:{address}")
    if file is not None:
        teller.say(f"离线核验:python3 tools/verify_history.py {file}")
