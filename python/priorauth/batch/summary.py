"""What a batch has decided, in figures: `--summary`. The report and the figures printed are made
from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..catalog import Guideline
from ..decision import OUTCOMES, STATUSES
from .tally import COUNTED, Tally, number

Summary = Mapping[str, Any]


def summary(tally: Tally, repeated: int, blank: int, catalog: Iterable[Guideline]) -> Summary:
    """The figures, as JSON has them; criteria are quoted from the catalog, in its order."""
    return {
        "requests": tally.rows,
        "blank_rows": blank,
        "repeated_request_ids": repeated,
        "requires_clinician_review": tally.counts["review",],
        "outcomes": {
            outcome: count for (outcome,), count in tally.counted("outcome").most_common()
        },
        "clauses": _rows("clause", tally),
        "criteria": _criteria(tally, catalog),
        "questions": sorted(_rows("question", tally), key=_most),
        "quantities": _quantities(tally),
        "months": _months(tally),
        "notices": sorted(_rows("notice", tally), key=_most),
        "faults": sorted(_rows("fault", tally), key=_most),
    }


def _rows(what: str, tally: Tally) -> list[dict[str, Any]]:
    return [
        {**dict(zip(COUNTED[what], key, strict=True)), "requests": count}
        for key, count in sorted(tally.counted(what).items())
    ]


def _most(row: Mapping[str, Any]) -> int:
    return -int(row["requests"])


def _criteria(tally: Tally, catalog: Iterable[Guideline]) -> list[dict[str, Any]]:
    counts = tally.counted("criterion")
    reported = {key[:3] for key in counts}
    return [
        {
            "guideline_id": guideline.id,
            "guideline_version": version.version,
            "clause": criterion.clause,
            "criterion": criterion.id,
            "text": criterion.text,
            **{
                status: counts[guideline.id, version.version, criterion.id, status]
                for status in STATUSES
            },
        }
        for guideline in catalog
        for version in guideline.versions
        for criterion in version.criteria
        if (guideline.id, version.version, criterion.id) in reported
    ]


def _quantities(tally: Tally) -> list[dict[str, Any]]:
    return [
        {
            **row,
            **{
                side: number(
                    tally.sums.get((side, *(row[name] for name in COUNTED["quantity"])), 0)
                )
                for side in ("requested", "authorized")
            },
        }
        for row in _rows("quantity", tally)
    ]


def _months(tally: Tally) -> list[dict[str, Any]]:
    counts = tally.counted("month")
    return [
        {
            "month": month,
            "requests": sum(counts[month, outcome] for outcome in OUTCOMES),
            **{outcome: counts[month, outcome] for outcome in OUTCOMES if outcome != "invalid"},
        }
        for month in sorted({month for month, _ in counts})
    ]
