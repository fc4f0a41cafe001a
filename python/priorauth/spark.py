"""Deciding a Spark DataFrame: a request a row, a decision a row.

::

    from priorauth.spark import decide_dataframe

    decisions = decide_dataframe(spark.read.parquet("requests.parquet"))

Needs the extra `spark`. The columns of both are those of `docs/batch.md`. The bundle goes to the
executors with the task, and each Python worker decides in its own process: no sidecar, no network.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import tables
from .errors import ConfigurationError
from .wasm import WasmEngine

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from .client import StrPath

_ROWS = 500


def decide_dataframe(df: DataFrame, *, bundle: StrPath | bytes | None = None) -> DataFrame:
    """Decide every row of `df`, lazily, by a bundle; by the package's own policy without one.

    `bundle` is a file that the driver can read, or its bytes. Rows that cannot be read get an
    `invalid` decision, so there are as many as in `df`; each has the `request_id` of its request.
    Executors need priorauth and its extra `spark` installed, and nothing else.

    Raises ConfigurationError, before anything is decided, for a column that requests have not or
    that is not of its field's type, and for a bundle that will not do.
    """
    try:
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

        from .tables.arrow import ArrowTable
    except ImportError:
        raise ConfigurationError(
            "deciding in Spark needs the extra `spark`: pip install 'priorauth[spark]'"
        ) from None
    with WasmEngine(bundle) as engine:
        requests = tables.Requests(engine.facts())
        table = tables.Decisions.of(engine.catalog(), requests.facts)
        decide = functools.partial(_decide, engine.bundle, requests, table, df.columns)
    ArrowTable.of(requests, to_arrow_schema(df.schema, timezone="UTC"))
    # By number, for Spark takes a dot in a name for a field of a struct.
    numbered = df.toDF(*(f"_{n}" for n in range(len(df.columns))))
    return numbered.mapInArrow(decide, from_arrow_schema(table.schema()))


def _decide(
    bundle: bytes,
    requests: tables.Requests,
    table: tables.Decisions,
    names: list[str],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    from .tables.arrow import ArrowTable

    engine = _engine(bundle)
    for numbered in batches:
        batch = numbered.rename_columns(names)
        held = ArrowTable.of(requests, batch.schema)
        # A decision is several times its request: as many at a time as are quick to hold.
        for start in range(0, batch.num_rows, _ROWS):
            some = batch.slice(start, _ROWS)
            rows = held.rows(some, ["the row"] * some.num_rows)
            yield table.batch(tables.decided(engine, rows))


@functools.lru_cache(maxsize=1)
def _engine(bundle: bytes) -> WasmEngine:
    """One for as long as this Python worker lives, whatever tasks it is given."""
    return WasmEngine(bundle)
