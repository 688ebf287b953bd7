"""``daguanjia erase``: erase the personal data of somebody, by ticket or by telephone number."""

from typing import Annotated

import typer


async def erase(
    *,
    ticket: Annotated[str, typer.Option(help="Number of the ticket; of several complainants choose one with --complaint.")] = "",
    complaint: Annotated[str, typer.Option(help="Id of the complaint, where the ticket has several.")] = "",
    phone: Annotated[
        bool, typer.Option("--phone", help="Everything left with a telephone number; it is asked for, and not shown.")
    ] = False,
    linked: Annotated[bool, typer.Option("--linked", help="With --phone: also what came from WeChat accounts left with it.")] = False,
    because: Annotated[str, typer.Option(help="request, retention, order or unlawful.")] = "request",
    kinds: Annotated[str, typer.Option(help="contact,papers,conversations,files,recordings,words; all where not given.")] = "",
    whole_words: Annotated[
        bool, typer.Option("--whole-words", help="Nothing of the words stays, else what tells of somebody goes.")
    ] = False,
    passage: Annotated[
        list[str] | None, typer.Option(help="A passage to take out of words, and to seek in papers; as often as needed.")
    ] = None,
) -> None:
    """Destroy row keys and everything made from what lay under them; files are dropped from the store. It cannot be taken back.

    Backups lose it too once the key of the day is turned: the worker does that when the day is over (docs/personal-data.md).
    """
    from daguanjia.loading import opened
    from services.attachments.store import store
    from services.platform.errors import Invalid
    from services.privacy.wholly import Wanted, erase_now

    if bool(ticket) == phone:
        raise Invalid("privacy.whose", "Say whose: --ticket NUMBER, or --phone.")
    number = typer.prompt("Telephone number", hide_input=True) if phone else None
    wanted = Wanted(
        ticket=ticket or None,
        complaint=complaint or None,
        phone=number,
        because=because,
        kinds=tuple(kinds.split(",")) if kinds else (),
        whole=whole_words,
        passages=tuple(passage or ()),
        linked=linked,
    )
    async with opened(seals=True):
        done = await erase_now(wanted, store())
    typer.echo(f"{done.complaints} complaints, {done.erasures} erasures, {done.papers} further papers; {done.left} still owed.")
    for held in done.held:
        typer.echo(f"{held} is under a legal hold and was left as it is.")
