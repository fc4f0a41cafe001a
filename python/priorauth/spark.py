"""Deciding a Spark DataFrame: one request, and one decision, per row.

::

    from priorauth.spark import decide_dataframe

    decisions = decide_dataframe(spark.read.parquet("requests.parquet"))

Needs the extra `spark`. The columns of both are those of `docs/batch.md`. The bundle goes to the
executors with the task, and each Python worker decides in its own process: no sidecar, no network.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from . import tables
from .errors import ConfigurationError
from .wasm import WasmEngine

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from .client import StrPath

_ROWS = 500


def decide_dataframe(
    df: DataFrame,
    *,
    bundle: StrPath | bytes | None = None,
    keep: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
    date_format: str | None = None,
    columns: Iterable[str] = (),
) -> DataFrame:
    """Decide every row of `df`, lazily, by a bundle; the default is the package's own policy.

    `bundle` is a file that the driver can read, or its bytes. Rows that cannot be read get an
    `invalid` decision, so there are as many rows as in `df`. Each has the `request_id` of its
    request, and the columns in `keep`, which come first. `keep`, `names` (facts by the columns that
    hold them), `date_format` and `columns` (of decisions) work as in `priorauth batch`; `all` names
    every column.

    Executors need priorauth and its extra `spark` installed, and nothing else.

    Raises ConfigurationError, before anything is decided, for a column that is not one of requests
    or has the wrong type, and for a bundle that cannot be used.
    """
    try:
        import pyarrow as pa
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

        from .tables.arrow import ArrowTable
    except ImportError:
        raise ConfigurationError(
            "deciding in Spark needs the extra `spark`: pip install 'priorauth[spark]'"
        ) from None
    with WasmEngine(bundle) as engine:
        requests = tables.Requests(engine.facts(), names or {}, tuple(keep), date_format)
        table = tables.Decisions.of(engine.catalog(), requests.facts, columns)
        decide = functools.partial(_decide, engine.bundle, requests, table, df.columns)
    # Spark requires a time zone; which one does not matter here.
    taken = ArrowTable.of(requests, to_arrow_schema(df.schema, timezone="UTC"))
    table.check_kept(taken.kept)
    schema = pa.schema([*taken.kept.items(), *table.schema()])
    # By number, because Spark takes a dot in a name for a field of a struct.
    numbered = df.toDF(*(f"_{n}" for n in range(len(df.columns))))
    return numbered.mapInArrow(decide, from_arrow_schema(schema))


def _decide(
    bundle: bytes,
    requests: tables.Requests,
    table: tables.Decisions,
    names: list[str],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from .tables.arrow import ArrowTable

    engine = _engine(bundle)
    for numbered in batches:
        batch = numbered.rename_columns(names)
        taken = ArrowTable.of(requests, batch.schema)
        # A decision is several times as large as its request, so only some rows at a time.
        for start in range(0, batch.num_rows, _ROWS):
            some = batch.slice(start, _ROWS)
            rows = taken.rows(some, ["the row"] * some.num_rows)
            decided = table.batch(tables.decided(engine, rows))
            schema = pa.schema([*taken.kept.items(), *decided.schema])
            arrays = [*taken.passing(some), *decided.columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


@functools.lru_cache(maxsize=1)
def _engine(bundle: bytes) -> WasmEngine:
    """One engine for the life of this Python worker, whatever tasks it is given."""
    return WasmEngine(bundle)
