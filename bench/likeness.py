"""How well copies of a picture are told from other pictures: ``python -m bench.likeness [--places 200] [--table 1000000]``.

Places are painted, photographed, copied in all the ways pictures are copied, and photographed again from a step beside. For each way: how
far the fingerprints are apart, how many count as one picture, and how many of those share a band, without which they never meet. With
`--table`, so many fingerprints are put into a real table of a private PostgreSQL, and look-ups are timed.
"""

import argparse
import asyncio
import io
import random
import time
from collections.abc import Iterable

import asyncpg
from PIL import Image

from bench.scenes import COPIES, Shot, jpeg, others, photo
from services.attachments.likeness import MOST_APART, bands, distance, likeness


def fingerprint(content: bytes) -> bytes:
    """Return the fingerprint of a file; every painted place has one."""
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        found = likeness(picture)
    assert found is not None
    return found


def line(name: str, pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """Return a row of the table: distances, how many count as one picture, how many of those meet."""
    both = list(pairs)
    apart = sorted(distance(*pair) for pair in both)
    one = [pair for pair in both if distance(*pair) <= MOST_APART]
    meet = sum(bool(set(bands(a)) & set(bands(b))) for a, b in one)
    middle, most = apart[len(apart) // 2], apart[int(len(apart) * 0.95)]
    share = f"{len(one) / len(both):.1%}" if len(both) < 10_000 else f"{len(one)} of {len(both)}"
    return f"| {name} | {apart[0]} | {middle} | {most} | {apart[-1]} | {share} | {f'{meet / len(one):.1%}' if one else '—'} |"


def measure(places: int) -> list[bytes]:
    """Print the table; return the fingerprints of the originals."""
    originals: list[bytes] = []
    copies: dict[str, list[tuple[bytes, bytes]]] = {}
    beside: dict[str, list[tuple[bytes, bytes]]] = {}
    for seed in range(places):
        with Image.open(io.BytesIO(jpeg(photo(Shot(seed)), 92))) as original:
            original.load()
            here = fingerprint(jpeg(original, 92))
            for name, made in COPIES.items():
                copies.setdefault(name, []).append((here, fingerprint(made(original))))
        for name, shot in others(seed).items():
            beside.setdefault(name, []).append((here, fingerprint(jpeg(photo(shot), 90))))
        originals.append(here)
    print("| | least | median | 95 % | most | one picture | of those found |\n|---|---|---|---|---|---|---|")
    for name, pairs in copies.items():
        print(line(name, pairs))
    print("| **another photo of the same place** | | | | | | |")
    for name, pairs in beside.items():
        print(line(name, pairs))
    strangers = [(a, b) for place, a in enumerate(originals) for b in originals[:place]]
    print(line("**another place**", strangers))
    met = sum(bool(set(bands(a)) & set(bands(b))) for a, b in strangers)
    print(f"\n{met} of {len(strangers)} strangers share a band ({met / len(strangers):.2%}): so many are compared exactly.")
    return originals


async def look_up(rows: int, originals: list[bytes]) -> None:
    """Time look-ups in a table of `rows` fingerprints of strangers that are spread as unevenly as those of places."""
    from daguanjia.servers import temporary_servers

    dice = random.Random(580)
    with temporary_servers() as servers:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("CREATE TABLE facts (id int, likeness bytea, bands int[])")
        for begin in range(0, rows, 50_000):
            some = [_strange(dice, originals) for _ in range(min(50_000, rows - begin))]
            records = [(begin + place, found, bands(found)) for place, found in enumerate(some)]
            await connection.copy_records_to_table("facts", records=records)
        await connection.execute("CREATE INDEX ON facts USING gin (bands)")
        await connection.execute("ANALYZE facts")
        took, met = [], []
        for found in originals[:100]:
            started = time.perf_counter()
            candidates = await connection.fetch("SELECT id, likeness FROM facts WHERE bands && $1", bands(found))
            [row for row in candidates if distance(found, row["likeness"]) <= MOST_APART]
            took.append(time.perf_counter() - started)
            met.append(len(candidates))
        size = await connection.fetchval("SELECT pg_size_pretty(pg_relation_size('facts_bands_idx'))")
        await connection.close()
    took.sort()
    print(f"{rows} pictures: median {took[len(took) // 2] * 1000:.1f} ms, slowest {took[-1] * 1000:.1f} ms, index {size},")
    print(f"compared exactly: median {sorted(met)[len(met) // 2]}, most {max(met)}")


def _strange(dice: random.Random, originals: list[bytes]) -> bytes:
    """Return the fingerprint of a picture that is none of the painted ones, but as unevenly spread as theirs: halves of several, mixed."""
    whole = 0
    for place in range(0, 256, 8):
        whole |= dice.choice(originals)[place // 8] << (248 - place)
    return (whole ^ dice.getrandbits(256) & dice.getrandbits(256) & dice.getrandbits(256)).to_bytes(32, "big")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=200)
    parser.add_argument("--table", type=int, default=0)
    asked = parser.parse_args()
    painted = measure(asked.places)
    if asked.table:
        asyncio.run(look_up(asked.table, painted))
