"""Taking a post of an exchange: read by its adapter where it can be, and kept in any case. An exchange posts once and never asks again."""

import structlog

from services.calls.adapters.values import Post
from services.calls.events import Told
from services.calls.exchanges import Exchange
from services.calls.in_clear import without_numbers
from services.calls.storing import Stored, store
from services.platform.unit_of_work import Work

log = structlog.get_logger()


async def take(work: Work, exchange: Exchange, post: Post) -> Stored:
    """Keep a post that is the exchange's, and what it says of calls. What nobody can read is kept for the operator to look at."""
    stored = await store(work, exchange.code, _read(exchange, post), post.content_type, fetches=exchange.options.recordings is not None)
    if stored.unreadable:
        log.warning("calls.unreadable", source=exchange.code, items=stored.unreadable)
    return stored


def _read(exchange: Exchange, post: Post) -> tuple[Told, ...]:
    if exchange.fault is not None:
        return (Told(post.body, error=exchange.fault),)
    try:
        return tuple(without_numbers(item, exchange.source) for item in exchange.adapter.read(post, exchange.source))
    except Exception as error:  # noqa: BLE001  a mistake in an adapter must not lose what an exchange says only once
        log.error("calls.adapter_broken", source=exchange.code, adapter=exchange.adapter.name, error=type(error).__name__)  # noqa: TRY400
        return (Told(post.body, error="adapter.broken"),)
