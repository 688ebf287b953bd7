"""What must be true afterwards: everything acknowledged is there, once; nothing that nobody sent; every ticket's story is whole."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg
import orjson

from bench.soak.ways import Parcel
from services.journal.chain import first_broken
from services.platform.sealed_words import SealedWords

PRESENT = {
    "hotline": "SELECT channel_message_id FROM complaints WHERE channel = 'hotline'",
    "petition": "SELECT c.channel_message_id FROM complaints c JOIN receptions r ON r.complaint_id = c.id WHERE channel = 'petition'",
    # a text is a complaint or a supplement; a place is part of one of them, or waits for words
    "wechat": "SELECT channel_message_id FROM complaints WHERE channel = 'wechat'"
    " UNION ALL SELECT channel_message_id FROM supplements WHERE channel = 'wechat' AND sealed_words IS NOT NULL"
    " UNION ALL SELECT dedupe_key FROM wechat_messages WHERE kind = 'location' AND processed_at IS NOT NULL",
    "exchange": "SELECT e.call_id || ' ' || split_part(e.event, ':', 1) FROM call_events e JOIN calls c USING (source, call_id)",
    "field": "SELECT c.channel_message_id FROM complaints c JOIN supplements s ON s.complaint_id = c.id WHERE c.channel = 'field'",
    "open311": "SELECT id, row_key, sealed_words, words FROM complaints WHERE channel = 'open311'",
    "platform": "SELECT o.order_no FROM platform_orders o JOIN complaints c ON c.id = o.complaint_id",
    "upload": "SELECT u.id::text FROM uploads u JOIN attachments a ON a.id = u.attachment_id",
}
OWED = {
    "deliveries": "SELECT count(*) FROM deliveries",
    "messages": "SELECT count(*) FROM messages WHERE state = 'queued' AND next_try_at < now() + interval '30 seconds'",
    "turns of talks": "SELECT count(*) FROM wechat_messages WHERE processed_at IS NULL",
    "commands that wait": "SELECT count(*) FROM field_commands WHERE state = 'waiting'",
    "webhook calls": "SELECT count(*) FROM webhook_deliveries WHERE state = 'queued'",
}
WHOLE = {
    "tickets without a unit": "SELECT count(*) FROM tickets WHERE status = 'received'",
    "complaints without their event": """
        SELECT count(*) FROM complaints c
        WHERE (SELECT count(*) FROM events e WHERE e.subject_id = c.ticket_id AND e.type = 'ticket.received') <> 1""",
    "events given a number twice or left out": """
        SELECT count(*) FROM
        (SELECT 1 FROM events WHERE subject_kind = 'ticket' GROUP BY subject_id HAVING count(*) <> max(seq)) AS broken""",
    "tickets the reports do not know": """
        SELECT count(*) FROM tickets t WHERE NOT EXISTS (SELECT FROM report_facts f WHERE f.ticket_id = t.id)""",
    "dispatched twice": """
        SELECT count(*) FROM
        (SELECT 1 FROM assignments WHERE part = 'lead' AND ended_at IS NULL GROUP BY ticket_id HAVING count(*) > 1) AS twice""",
    "messages doubled": """
        SELECT count(*) FROM
        (SELECT 1 FROM messages GROUP BY event_id, audience, complaint_id, unit_id HAVING count(*) > 1) AS twice""",
}


@dataclass
class Line:
    """The ledger of one way."""

    way: str
    sent: int
    deliveries: int
    acknowledged: int
    present: int
    missing: list[str]
    doubled: list[str]
    unknown: list[str]

    @property
    def right(self) -> bool:
        """Whether everything acknowledged is there, once, and nothing else."""
        return not (self.missing or self.doubled or self.unknown)


async def owed(connection: asyncpg.Connection) -> dict[str, int]:
    """Return what is still to be done."""
    counts = {name: int(await connection.fetchval(query)) for name, query in OWED.items()}
    return {name: count for name, count in counts.items() if count}


async def balance(connection: asyncpg.Connection, parcels: Iterable[Parcel]) -> list[Line]:
    """Return the ledger, way by way."""
    by_way: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        by_way.setdefault(parcel.way, []).append(parcel)
    lines = []
    for way, sent in by_way.items():
        there = Counter(_key(row) for row in await connection.fetch(PRESENT[way]))
        acknowledged = {parcel.key for parcel in sent if parcel.acknowledged}
        lines.append(
            Line(
                way,
                len(sent),
                sum(parcel.deliveries for parcel in sent),
                len(acknowledged),
                len(there),
                sorted(acknowledged - there.keys()),
                sorted(key for key, count in there.items() if count > 1),
                sorted(there.keys() - {parcel.key for parcel in sent}),
            )
        )
    return lines


def _key(row: asyncpg.Record) -> str:
    """What a parcel is known by: where there is nothing else, the words themselves."""
    return SealedWords(*row).words if "sealed_words" in row.keys() else str(row[0])  # noqa: SIM118  `in` asks for values


async def faults(connection: asyncpg.Connection) -> dict[str, int]:
    """Return what is wrong with the story of the tickets: nothing, where all is well."""
    found = {name: int(await connection.fetchval(query)) for name, query in WHOLE.items()}
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    rows = await connection.fetch("SELECT * FROM events WHERE subject_kind = 'ticket' ORDER BY subject_id, seq")
    chains: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        chains.setdefault(row["subject_id"], []).append(dict(row))
    found["broken chains"] = sum(first_broken(chain) is not None for chain in chains.values())
    return {name: count for name, count in found.items() if count}
