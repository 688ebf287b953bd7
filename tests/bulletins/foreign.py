"""The public bulletins of tests/vectors in the form the lint takes; and the same counts as frozen figures for the generator."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"
PUBLIC: dict[str, Any] = {entry["id"]: entry for entry in json.loads((VECTORS / "bulletins.json").read_text())}
SAMPLES: list[dict[str, Any]] = json.loads((VECTORS / "metrics_public_samples.json").read_text())["rows"]
AS_OF = datetime(2026, 11, 4, 0, tzinfo=UTC)


def channel_table(counts: dict[str, int], total: int, shares: dict[str, float] | None = None) -> dict[str, Any]:
    columns = [{"key": "count", "name": "件数"}, *([{"key": "share", "name": "占比", "kind": "share", "of": ["count"]}] if shares else [])]
    rows = [
        {"name": name, "cells": {"count": number, **({"share": f"{shares[name]}%"} if shares else {})}} for name, number in counts.items()
    ]
    return {"name": "来源", "columns": columns, "rows": rows, "total": {"count": total}}


def tianmen() -> dict[str, Any]:
    entry = PUBLIC["tianmen-2016-12"]
    counts, published = entry["counts"], entry["published"]
    kinds = {
        "name": "事件部件",
        "columns": [
            {"key": "filed"},
            {"key": "due"},
            {"key": "closed"},
            {"key": "rate", "kind": "rate", "of": ["closed", "due"]},
        ],
        "rows": [
            {
                "name": row["kind"],
                "cells": {"filed": row["filed"], "due": row["due"], "closed": row["closed"], "rate": row["closed_rate_pct"]},
            }
            for row in entry["by_kind"]
        ],
        "total": {"filed": counts["filed"], "due": counts["due"], "closed": counts["closed"], "rate": published["closed_rate_pct"]},
    }
    return {
        "title": entry["unit"],
        "last": "2016-12-31",
        "tables": [channel_table(entry["channels"], counts["filed"], entry["channel_share_pct"]), kinds],
        "figures": [
            figure("结案率", published["closed_rate_pct"], counts["closed"], counts["due"]),
            figure("按期结案率", published["on_time_rate_pct"], counts["closed_on_time"], counts["due"]),
        ],
        "equal": [["来源/合计/count", "事件部件/合计/filed"]],
    }


def lianping() -> dict[str, Any]:
    entry = PUBLIC["lianping-2023Q4"]
    counts = entry["counts"]
    types = {
        "name": "类型",
        "columns": [{"key": "count"}],
        "rows": [{"name": name, "cells": {"count": number}} for name, number in entry["types"].items()],
        "total": {"count": counts["received"]},
    }
    left = {
        "name": "办理",
        "columns": [{"key": "count"}],
        "rows": [{"name": name, "cells": {"count": counts[name]}} for name in ("closed", "in_progress")],
        "total": {"count": counts["received"]},
    }
    return {
        "title": entry["unit"],
        "tables": [channel_table(entry["channels"], counts["received"]), types, left],
        "figures": [figure("办结率", entry["published"]["closed_rate_pct"], counts["closed"], counts["received"])],
        "equal": [["来源/合计/count", "类型/合计/count"], ["类型/合计/count", "办理/合计/count"]],
    }


def ningguo() -> dict[str, Any]:
    entry = PUBLIC["ningguo-2022-04"]
    counts, published = entry["counts"], entry["published"]
    handled = {"self_handled": counts["self_handled"], "dispatched": counts["dispatched"]}
    closed = counts["closed_on_time"] + counts["closed_late"]
    return {
        "title": entry["unit"],
        "tables": [channel_table(handled, counts["received"])],
        "figures": [
            figure("办结率", published["closed_rate_pct"], closed, counts["dispatched"]),
            figure("按期办结率", published["on_time_rate_pct"], counts["closed_on_time"], closed),
        ],
    }


def jiangmen(*, with_districts: bool = True) -> dict[str, Any]:
    """江门: its sources sum up; the total its table by districts prints is not the sum of its own rows."""
    entry = PUBLIC["jiangmen-2024-07"]
    now, before = dict(entry["channels_cur"]), dict(entry["channels_prev"])
    total = {"now": now.pop("total"), "before": before.pop("total")}
    sources = {
        "name": "来源",
        "columns": [{"key": "now", "name": "7月"}, {"key": "before", "name": "6月"}],
        "rows": [{"name": name, "cells": {"now": now[name], "before": before[name]}} for name in now],
        "total": total,
    }
    told: dict[str, Any] = {
        "title": entry["unit"],
        "tables": [sources],
        "figures": [figure("结案率", entry["published"]["closed_rate_pct"], entry["counts"]["closed"], entry["counts"]["received"])],
    }
    if with_districts:
        printed, summed = (int(number) for number in re.findall(r"12[0-9]{3}", entry["defect_in_source"]))
        districts = {
            "name": "各区",
            "columns": [{"key": "collected", "name": "7月采集员上报"}],
            # the vector keeps what the rows of the districts sum to, not the rows
            "rows": [{"name": "各区（逐行相加）", "cells": {"collected": summed}}],
            "total": {"collected": printed},
        }
        told["tables"].append(districts)
        told["equal"] = [["来源/collectors/now", "各区/合计/collected"]]
    return told


def maanshan() -> dict[str, Any]:
    entry = PUBLIC["maanshan-seedA"]
    received = entry["counts"]["received"]
    return {"title": entry["unit"], "figures": [figure("办结率", entry["published"]["closed_rate_pct"], 5670, received)]}


def figure(name: str, printed: float | str, numerator: int, denominator: int) -> dict[str, Any]:
    return {"name": name, "printed": printed, "numerator": numerator, "denominator": denominator}


SOUND = {"tianmen": tianmen, "lianping": lianping, "ningguo": ningguo, "maanshan": maanshan}
LAST_DAY = date(2026, 10, 31)
