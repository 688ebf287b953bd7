"""Where canaries are looked for: every column of every table, Redis, and whatever the reporting door says to anybody."""

from collections.abc import Callable, Iterable
from io import BytesIO
from zipfile import ZipFile

from redis.asyncio import Redis

from tests.county import LOGINS
from tests.hostile.canaries import found_in
from tests.hostile.operations import operations
from tests.journeys.people import Desk


async def leaks_in_tables(desk: Desk, canaries: tuple[str, ...], allowed: Callable[[str, str], set[str]]) -> list[str]:
    """Return which canaries are in which column that may not hold them."""
    leaks = []
    columns = await desk.county.fetch(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    assert len({row["table_name"] for row in columns}) >= 60
    for table, column in sorted((row["table_name"], row["column_name"]) for row in columns):
        content = await desk.county.value(f'SELECT string_agg("{column}"::text, chr(10)) FROM "{table}"')
        found = set(found_in((content or "").encode(), canaries)) - allowed(table, column)
        leaks += [f"{canary} in {table}.{column}" for canary in sorted(found)]
    return leaks


async def all_of_redis(url: str) -> bytes:
    """Return every key and value."""
    redis = Redis.from_url(url)
    parts = []
    async for key in redis.scan_iter():
        kind = (await redis.type(key)).decode()
        read = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers}.get(kind)
        value = await read(key) if read else await redis.zrange(key, 0, -1) if kind == "zset" else await redis.lrange(key, 0, -1)
        parts.append(key + b" " + repr(value).encode() + (value if isinstance(value, bytes) else b""))
    await redis.aclose()
    return b"\n".join(parts)


async def everything_reported(
    desk: Desk, reporting: str, known: dict[str, str] | None = None, logins: Iterable[str] = LOGINS
) -> dict[str, bytes]:
    """Everything the reporting door says to `logins`, by address: each asked by all of them and by nobody, in every form it has."""
    document = (await desk.client.get(f"{reporting}/openapi.json")).content
    found = {"documents": document + (await desk.client.get("/openapi.json")).content}
    for operation in operations():
        if operation.door == "reporting" and operation.method == "GET":
            address = reporting + operation.address({"metric": "completion_rate_due", **(known or {})})
            people = [*logins] if operation.document.get("security") else [None]
            for form in ("", *(f"?format={one}" for one in operation.forms())):
                headers = [await desk.as_(login) if login else {} for login in people]
                answers = [await desk.client.get(address + form, headers=one) for one in headers]
                found[f"{operation.path}{form}"] = b"\n".join(unpacked(answer.content) for answer in answers)
    return found


def unpacked(content: bytes) -> bytes:
    """Return a file's content; of a document of Word or Excel what is in it."""
    if not content.startswith(b"PK"):
        return content
    with ZipFile(BytesIO(content)) as packed:
        return b"\n".join(packed.read(name) for name in packed.namelist())
