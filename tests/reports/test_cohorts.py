"""Public figures through the metric code: cohorts of facts with the printed counts, summed as all facts are, give the printed digits."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.reports.facts import Fact
from services.reports.measures import KEY, Sums, add
from services.reports.metrics import METRICS, Figure, figure_of
from services.reports.shares import shares

VECTORS = Path(__file__).parent.parent / "vectors"
SAMPLES: list[dict[str, Any]] = json.loads((VECTORS / "metrics_public_samples.json").read_text())["rows"]
BULLETINS: dict[str, Any] = {entry["id"]: entry for entry in json.loads((VECTORS / "bulletins.json").read_text())}
NOON = datetime(2026, 11, 10, 4, tzinfo=UTC)
_NOTHING: dict[str, Any] = dict.fromkeys(Fact._fields)
_BLANK = Fact(**{
    **_NOTHING, "ticket_id": UUID(int=1), "number": "1", "version": 1, "known_at": NOON, "round": 1, "status": "accepted",
    "source": "complaint", "channel": "hotline", "urgency": "normal", "privacy": "normal", "area_path": "/441624/", "received_at": NOON,
    **dict.fromkeys(
        ("dispatched", "completed", "resolved", "direct", "deferred", "paused", "extended", "returned", "passed_on", "reopened", "raised",
         "reworked", "unreasonable"), False,
    ),
    "counted": True,
})  # fmt: skip
DUE = {"due_at": NOON + timedelta(days=2), "first_due_at": NOON + timedelta(days=2)}
CLOSED = {"status": "closed", "completed": True, "resolved": True, "completed_at": NOON + timedelta(days=1)}
KEPT, MISSED = {"on_time": True}, {"on_time": False}


def cohort(how_many: int, **values: Any) -> tuple[Fact, int]:
    """Return a fact with these values, and how many tickets are like it."""
    return _BLANK._replace(**values), how_many


def summed(*cohorts: tuple[Fact, int]) -> Sums:
    """Return the cells of these tickets, made as the worker makes them."""
    sums: Sums = {}
    for fact, how_many in cohorts:
        add(sums, fact, how_many)
    return sums


def cells(sums: Sums, by: str = "") -> dict[str, dict[str, int]]:
    """Return the sums by counter, of all together or by a dimension, as a report over a month reads them."""
    found: dict[str, dict[str, int]] = {}
    for key, cell in sums.items():
        if key[0] == "month_kind":
            row = found.setdefault(str(key[KEY.index(by)]) if by else "", {})
            for counter, amount in cell.items():
                row[counter] = row.get(counter, 0) + amount
    return found


def told(metric: str, sums: Mapping[str, int], decimals: int = 2) -> Figure:
    return figure_of(METRICS[metric], sums, recorded=True, decimals=decimals)


def rate_cohorts(metric: str, numerator: int, denominator: int) -> Iterable[tuple[Fact, int]]:
    """Return tickets of which `numerator` of `denominator` are what a rate counts."""
    values: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "completion_rate_due": ({**DUE, **CLOSED, **KEPT}, DUE),
        "direct_rate": ({**CLOSED, "direct": True}, {}),
    }
    of, rest = values[metric]
    return cohort(numerator, **of), cohort(denominator - numerator, **rest)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample['metric']}-{sample['numerator']}")
def test_printed_percentages_come_out_of_cohorts_to_the_digit(sample: dict[str, Any]) -> None:
    numerator, denominator, printed = sample["numerator"], sample["denominator"], sample["printed_percent"]
    decimals = len(printed.partition(".")[2])
    metric = {"结案": "completion_rate_due", "直办": "direct_rate"}.get(sample["metric"][:2])
    if metric:
        assert told(metric, cells(summed(*rate_cohorts(metric, numerator, denominator)))[""], decimals).percent == printed
    else:
        rows = cells(summed(cohort(numerator, channel="this"), cohort(denominator - numerator, channel="others")), "channel")
        counts = [told("received", rows[channel]).numerator for channel in ("this", "others")]
        assert shares(counts, decimals)[0].share_rounded == printed
    assert (printed == sample["half_up"]) == (sample["matches"] == "half_up")
    if sample["truncated"] != sample["half_up"]:
        assert printed != sample["truncated"], "the metric code never cuts off"


def test_tianmen_with_its_channels_and_kinds() -> None:
    bulletin = BULLETINS["tianmen-2016-12"]
    parts, on_time = [], bulletin["counts"]["closed_on_time"]
    for kind in bulletin["by_kind"]:
        kept = min(on_time, kind["closed"])
        on_time -= kept
        same = {"category_code": kind["kind"]}
        parts += [
            cohort(kept, **same, **DUE, **CLOSED, **KEPT), cohort(kind["closed"] - kept, **same, **DUE, **CLOSED, **MISSED),
            cohort(kind["due"] - kind["closed"], **same, **DUE), cohort(kind["filed"] - kind["due"], **same),
        ]  # fmt: skip
    rejected = cohort(bulletin["counts"]["received"] - bulletin["counts"]["filed"], status="rejected", counted=False)
    sums = summed(*parts, rejected)
    whole, kinds = cells(sums)[""], cells(sums, "category")
    assert told("completion_rate_due", whole).percent == str(bulletin["published"]["closed_rate_pct"])
    assert told("on_time_rate_due", whole).percent == str(bulletin["published"]["on_time_rate_pct"])
    assert told("filing_rate", whole).percent == "94.50"
    for kind in bulletin["by_kind"]:
        assert told("completion_rate_due", kinds[kind["kind"]]).percent == f"{kind['closed_rate_pct']:.2f}"
    channels = bulletin["channels"]
    rows = cells(summed(*(cohort(filed, channel=channel) for channel, filed in channels.items())), "channel")
    found = shares([told("received", rows[channel]).numerator for channel in channels])
    assert [share.share for share in found] == [share.share_rounded for share in found] == ["95.68", "4.32"]
    assert {channel: float(share.share or 0) for channel, share in zip(channels, found, strict=True)} == bulletin["channel_share_pct"]


def test_lianping_whose_channels_and_types_add_up() -> None:
    bulletin = BULLETINS["lianping-2023Q4"]
    counts = bulletin["counts"]
    whole = cells(summed(cohort(counts["closed"], **CLOSED), cohort(counts["in_progress"])))[""]
    assert told("completion_rate_received", whole, 1).percent == str(bulletin["published"]["closed_rate_pct"])
    for column, values in {"channel": bulletin["channels"], "category_code": bulletin["types"]}.items():
        rows = cells(summed(*(cohort(amount, **{column: name}) for name, amount in values.items())), column.removesuffix("_code"))
        assert sum(told("received", row).numerator for row in rows.values()) == counts["received"]
        adding_up = shares([told("received", rows[name]).numerator for name in values])
        assert sum(round(100 * float(share.share or 0)) for share in adding_up) == 10_000


def test_ningguo_prints_whole_percent() -> None:
    bulletin = BULLETINS["ningguo-2022-04"]
    counts = bulletin["counts"]
    handled = cohort(counts["self_handled"], **CLOSED, direct=True)
    late = cohort(counts["closed_late"], dispatched_at=NOON, dispatched=True, **DUE, **CLOSED, **MISSED)
    kept = cohort(counts["closed_on_time"], dispatched_at=NOON, dispatched=True, **DUE, **CLOSED, **KEPT)
    whole = cells(summed(handled, late, kept))[""]
    assert told("received", whole).numerator == counts["received"]
    assert told("dispatched", whole).numerator == counts["dispatched"]
    assert told("on_time_rate", whole).percent == "99.33"
    assert told("on_time_rate", whole, 0).percent == str(bulletin["published"]["on_time_rate_pct"])
    assert told("completion_rate_received", whole, 0).percent == str(bulletin["published"]["closed_rate_pct"])


def test_jiangmen_of_which_only_the_printed_total_is_wrong() -> None:
    bulletin = BULLETINS["jiangmen-2024-07"]
    counts = bulletin["counts"]
    whole = cells(summed(cohort(counts["closed"], **CLOSED), cohort(counts["received"] - counts["closed"])))[""]
    assert told("completion_rate_received", whole).percent == str(bulletin["published"]["closed_rate_pct"])
    for name in ("channels_prev", "channels_cur"):
        channels = {channel: amount for channel, amount in bulletin[name].items() if channel != "total"}
        rows = cells(summed(*(cohort(amount, channel=channel) for channel, amount in channels.items())), "channel")
        assert sum(told("received", row).numerator for row in rows.values()) == bulletin[name]["total"]


def test_deferred_tickets_make_two_definitions_of_one_name_differ() -> None:
    """金华: 结案率 = 结案数/(应结案数-缓办数)."""
    sums = summed(cohort(90, **DUE, **CLOSED, **KEPT), cohort(4, **DUE, deferred=True, paused=True), cohort(6, **DUE))
    whole = cells(sums)[""]
    assert (told("completion_rate_due", whole).shown, told("completion_rate_due_less_deferred", whole).shown) == ("90.00%", "93.75%")
    assert (told("deferral_rate", whole).shown, told("deferred", whole).shown) == ("4.00%", "4")
