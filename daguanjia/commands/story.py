"""``daguanjia story``: the 大管家 story, through HTTP against running doors, and the 水渠 story after it."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def story(
    *,
    intake_url: Annotated[str, typer.Option(envvar="DAGUANJIA_INTAKE_URL", help="The intake door.")] = "http://127.0.0.1:8000",
    reporting_url: Annotated[str, typer.Option(envvar="DAGUANJIA_REPORTING_URL", help="The reporting door.")] = "http://127.0.0.1:8001",
    village: Annotated[str, typer.Option(metavar="CODE", help="The village it plays in.")] = "441624108213",
    home: Annotated[Path, typer.Option(envvar="DAGUANJIA_HOME", help="Where story.json keeps the password.")] = Path(".local"),
    patience: Annotated[float, typer.Option(min=1, help="Seconds to wait for a door or the worker.")] = 30.0,
    only: Annotated[Literal["daguanjia", "canal"] | None, typer.Option(help="Play one of the two alone.")] = None,
) -> None:
    """Play the 大管家 story, a call at 02:10 in two rounds, and the 水渠 story, a matter from the doors to 销号 in half a year.

    Makes sure that their people exist (DATABASE_URL, as owner) and prints how to sign in as each. Every run is a new call; the canal is
    repaired once in a database.
    """
    import asyncio

    from rich.console import Console

    from daguanjia.canal.playing import play as play_canal
    from daguanjia.command import say_failure
    from daguanjia.story.people import gather
    from daguanjia.story.playing import accounts, play
    from daguanjia.story.setting import Setting, StoryError
    from services.platform.settings import settings

    outbox = "" if settings().sms_url else settings().outbox_file  # the file takes only what no carrier takes
    setting = Setting(intake_url, reporting_url, home, village, patience, outbox)
    try:
        cast, console = asyncio.run(gather(home, village)), Console()
        if only != "canal":
            play(setting, cast, console)
        if only != "daguanjia":
            asyncio.run(play_canal(setting, cast, console))
        console.print(accounts(cast))
    except StoryError as problem:
        say_failure(str(problem))
        raise typer.Exit(1) from None
