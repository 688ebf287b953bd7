"""``daguanjia up``: the whole stack on this machine, until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer


def up(
    *,
    story: Annotated[bool, typer.Option("--story", help="Play the two stories, 大管家 and 水渠, on the first run only.")] = False,
    story_again: Annotated[bool, typer.Option("--story-again", help="Play them also if they were told before.")] = False,
    intake_port: Annotated[int, typer.Option(envvar="DAGUANJIA_INTAKE_PORT", min=1, max=65535)] = 8000,
    reporting_port: Annotated[int, typer.Option(envvar="DAGUANJIA_REPORTING_PORT", min=1, max=65535)] = 8001,
    home: Annotated[Path, typer.Option(envvar="DAGUANJIA_HOME", help="Where data, logs and secrets live.")] = Path(".local"),
) -> None:
    """Run everything on this machine: servers, schema, Heping county, the three doors. Ctrl-C ends it.

    DATABASE_URL and REDIS_URL, where set, are used in place of the embedded servers.
    """
    from daguanjia.stack import Plan, Story, run

    wish: Story = "again" if story_again else "once" if story else "no"
    run(Plan(home.resolve(), intake_port, reporting_port, wish))
