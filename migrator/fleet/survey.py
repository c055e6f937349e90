"""The records of a survey as one value, as JSON (docs/schemas/cuport-fleet-1.schema.json) and as Parquet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from migrator import __version__
from migrator.fleet.job import VERSION

STATES = ("failed", "by hand", "ported", "nothing to do")
Record = dict[str, Any]


def state(record: Record) -> str:
    """One of STATES: no survey of it, something is left for a person, all of it is rewritten, nothing had to be."""
    if record["error"] is not None:
        return "failed"
    return "by hand" if record["by_hand"] else "ported" if record["edits"] else "nothing to do"


def breaks(record: Record) -> int:
    """How many places break on the target: edits and places by hand of rules that say so."""
    return sum(rule["edits"] + rule["by_hand"] for rule in record.get("rules", {}).values() if rule["severity"] == "broken")


def as_dict(records: Iterable[Record], target: str) -> dict[str, Any]:
    """The survey. The same records make the same survey, in whatever order they come; ``target`` is the release that was planned for."""
    ordered = sorted(records, key=lambda record: (record["name"].casefold(), record["name"], record["location"], record["ref"]))
    good = [record for record in ordered if record["error"] is None]
    states = Counter(map(state, ordered))
    verified = [record["verified"] for record in good if record.get("verified")]
    return {
        "version": VERSION,
        "tool": {"name": "cuport", "version": __version__},
        "target": target,
        "summary": {
            "repositories": len(ordered),
            "states": {each: states[each] for each in STATES},
            "files_read": sum(record["files_read"] for record in good),
            "edits": sum(record["edits"] for record in good),
            "breaks": sum(map(breaks, good)),
            "by_hand": sum(record["by_hand"] for record in good),
            **{name: sum(each.get(name, 0) for each in verified) for name in ("units", "compiled", "kernels", "proven")},
            "cpu_seconds": round(sum(record["cost"]["cpu_seconds"] for record in ordered), 3),
            "peak_bytes": max((record["cost"]["peak_bytes"] for record in ordered), default=0),
        },
        "rules": _rules(good),
        "left": _left(good),
        "repositories": [{**record, "state": state(record), "breaks": breaks(record)} for record in ordered],
    }


def _rules(records: Sequence[Record]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for record in records:
        for name, rule in record["rules"].items():
            sums = rules.setdefault(
                name, {"title": rule["title"], "severity": rule["severity"], "edits": 0, "by_hand": 0, "repositories": 0}
            )
            sums["edits"] += rule["edits"]
            sums["by_hand"] += rule["by_hand"]
            sums["repositories"] += 1
    return dict(sorted(rules.items()))


def _left(records: Sequence[Record]) -> list[dict[str, Any]]:
    """What is left to do by hand, by rule and advice: what many repositories need comes first."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        for task in record["left"]:
            empty = {"rule": task["rule"], "advice": task["advice"], "message": task["message"], "count": 0, "repositories": []}
            group = groups.setdefault((task["rule"], task["advice"]), empty)
            group["count"] += task["count"]
            group["repositories"].append(record["name"])
    return sorted(groups.values(), key=lambda group: (-len(group["repositories"]), -group["count"], group["rule"], group["advice"]))


def to_json(survey: dict[str, Any]) -> bytes:
    return (json.dumps(survey, indent=1) + "\n").encode()


def to_parquet(survey: dict[str, Any]) -> bytes:
    """A row a repository. Raises ImportError without pyarrow (``cuport[fleet]``)."""
    import pyarrow
    from pyarrow import parquet

    text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    counts = pyarrow.map_(text, whole)
    left = pyarrow.list_(pyarrow.struct([("rule", text), ("advice", text), ("count", whole), ("places", pyarrow.list_(text))]))
    columns = {name: text for name in ("name", "location", "ref", "revision", "state", "effort", "error_kind", "error")}
    columns |= {name: whole for name in ("bytes", "files_read", "not_read", "files_changed", "edits", "breaks", "by_hand")}
    columns |= {name: counts for name in ("edits_by_rule", "by_hand_by_rule")} | {"left": left}
    columns |= {name: whole for name in ("units", "compiled", "kernels", "proven")} | {"verify_error": text, "commit": text}
    columns |= {"seconds": real, "cpu_seconds": real, "peak_bytes": whole}
    schema = pyarrow.schema(list(columns.items()), metadata={"cuport": survey["tool"]["version"], "target": survey["target"]})
    rows = [{name: _cell(row.get(name)) for name in columns} for row in map(_row, survey["repositories"])]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), sink)
    return sink.getvalue().to_pybytes()


def _row(record: Record) -> Record:
    error, verified = record["error"] or {}, record.get("verified") or {}
    rules = record.get("rules", {})
    return {
        **record,
        **verified,
        **record["cost"],
        "breaks": record["breaks"] if record["error"] is None else None,
        "error": error.get("message"),
        "error_kind": error.get("kind"),
        "verify_error": verified.get("error"),
        "effort": record["effort"]["level"] if "effort" in record else None,
        "commit": (record.get("applied") or {}).get("commit"),
        "edits_by_rule": [(name, rule["edits"]) for name, rule in rules.items() if rule["edits"]],
        "by_hand_by_rule": [(name, rule["by_hand"]) for name, rule in rules.items() if rule["by_hand"]],
    }


def _cell(value: Any) -> Any:
    """Odd file names may hold what is no UTF-8, which Parquet refuses."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_cell(each) for each in value]
    if isinstance(value, dict):
        return {name: _cell(each) for name, each in value.items()}
    return value
