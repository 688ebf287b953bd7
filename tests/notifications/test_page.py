"""The page that people read says what the tables do."""

import re

from daguanjia.stack import REPOSITORY
from services.notifications.verdicts import WECHAT_VERDICTS, by_errcode
from services.notifications.ways import CALLED_FOR, ORDERS

PAGE = (REPOSITORY / "docs/channels/messages-out.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


def test_every_errcode_stands_in_the_row_of_its_verdict() -> None:
    rows: dict[int, list[str]] = {}
    for row in ROWS:
        if re.match(r"-?\d", row[0]):
            rows |= {int(code): row for code in re.findall(r"-?\d+", row[0])}
    assert set(rows) == set(WECHAT_VERDICTS)
    for code, row in rows.items():
        verdict = by_errcode(code)
        assert ("alarm" in row[2]) == verdict.alarm, code
        assert bool(row[3]) == (verdict.kind in ("quota", "paused")), code
        assert ("sent" in row[2].split()) == (verdict.kind == "sent"), code
        assert ("next way" in row[2] or "none of WeChat" in row[2] or "busy" in row[2]) == (verdict.kind != "sent"), code
        assert ("WeChat closed" in row[3]) == (verdict.whole and verdict.kind == "paused"), code


def test_every_order_and_every_occasion_for_a_call_is_on_the_page() -> None:
    orders = {row[0].lower(): tuple(row[1].split(", ")) for row in ROWS if len(row) == 2}
    assert {channel: orders[channel] for channel in ORDERS} == dict(ORDERS)
    (phone,) = [row for row in ROWS if row[1] == "`phone`"]
    assert set(re.findall(r"`(\w+)`", phone[2])) == CALLED_FOR
