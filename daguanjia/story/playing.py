"""Playing the story from beginning to end."""

from rich.console import Console
from rich.table import Table

from daguanjia.story.doors import open_doors
from daguanjia.story.figures import the_figures
from daguanjia.story.plot import STEPS, Told
from daguanjia.story.setting import Cast, Setting
from daguanjia.story.telling import Teller


def play(setting: Setting, cast: Cast, console: Console) -> str:
    """Play every step; return the number of the ticket. Raises StoryError at the first thing that is not as it must be."""
    teller = Teller(console)
    teller.title("大管家", "the 580 story, through HTTP")
    with open_doors(setting.intake_url, setting.reporting_url, setting.patience) as (intake, reporting):
        told = Told(setting, cast, intake, reporting, teller)
        for step in (*STEPS, the_figures):
            step(told)
        repeats = intake.repeats + reporting.repeats
    console.print()
    if repeats:
        teller.say(f"途中有门重启,重发请求 {repeats} 次,没有一件事做了两遍。 {repeats} requests were repeated, nothing was done twice.")
    teller.say(f"故事讲完,用时 {teller.seconds:.1f} 秒:工单 {told.number}。 Told in {teller.seconds:.1f} s.")
    return told.number


def accounts(cast: Cast) -> Table:
    """Return how to sign in as each of them."""
    table = Table("账号 login", "姓名", "单位", title="可用以下账号登录 POST /v1/sessions", caption=f"口令 password: {cast.password}")
    for person in cast.people.values():
        table.add_row(person.login, person.name, person.unit.name)
    return table
