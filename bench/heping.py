"""The article's year: ``python -m bench.heping [--scale 1]``.

Makes the year of 三进三服务 with the command itself, on servers of its own, and asks the county's reports for its figures: each must be the
article's, and the list behind each, turned to its last page, must have exactly as many rows. Prints figures and times.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time

from daguanjia.heping.asking import Answer, ask, expected
from daguanjia.heping.making import last_year
from daguanjia.heping.proportions import ARTICLE
from daguanjia.servers import temporary_servers
from services.platform import clock


def main() -> None:
    """Make, ask, print; exit code 1 where a figure is not the article's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=1, help="one in so many")
    given = parser.parse_args()
    first = last_year(clock.local_day(clock.now()))
    with tempfile.TemporaryDirectory() as folder, temporary_servers() as servers:
        os.environ |= {
            "DATABASE_URL": servers.database_url,
            "DAGUANJIA_HOME": folder,
            "DAGUANJIA_SECRET": "for this measurement only, " + "x" * 20,
        }
        command("migrate")
        took = command("simulate-heping", "--scale", str(given.scale), "--from", f"{first:%Y-%m}", "--password", "for-this-bench-1")
        print(f"The year of one in {given.scale}: made in {took:.0f} s, from {first}")
        answers = asyncio.run(ask(first))
    told(answers, expected(ARTICLE.one_in(given.scale)))


def command(*words: str) -> float:
    """Run a command of the product; return how long it took."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "daguanjia", *words], check=True)
    return time.perf_counter() - began


def told(answers: list[Answer], wanted: dict[str, int]) -> None:
    """Print what was answered beside what was wanted; exit where it differs."""
    wrong = []
    print(f"{'figure':32} {'wanted':>14} {'reported':>14} {'listed':>10} {'report ms':>10} {'list ms':>9} {'pages':>6}")
    for one in answers:
        want = wanted.get(one.figure)
        fits = one.fits and want in (None, one.reported)
        wrong += [] if fits else [one.figure]
        print(
            f"{one.figure:32} {'' if want is None else want:>14} {one.reported:>14} {one.listed:>10}"
            f" {one.report_ms:>10.0f} {one.list_ms:>9.0f} {one.pages:>6} {'' if fits else 'WRONG'}"
        )
    if wrong:
        raise SystemExit(f"not as it should be: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
