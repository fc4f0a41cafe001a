"""A Spark DataFrame decided on a real Spark, on this machine."""

from __future__ import annotations

import itertools
import json
import os
import runpy
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

import generators
from generators import FULL
from priorauth import ConfigurationError, WasmEngine
from priorauth.spark import decide_dataframe
from test_batch import written

EXAMPLE = Path(__file__).parents[1] / "examples/spark_counts.py"

# pyspark's own: it leaves the port file and the sockets to its gateway to the garbage collector.
pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        if os.environ.get("CI"):
            pytest.fail("Spark needs Java 17")
        pytest.skip("Spark needs Java 17")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = _session(str(tmp_path_factory.mktemp("warehouse")))
        yield session
        session.stop()


def _session(warehouse: str) -> SparkSession:
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", warehouse)
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    kinds = [generators.every_combination_of_states(kind) for kind in ("initial", "renewal")]
    chosen = itertools.chain.from_iterable(itertools.islice(each, 0, None, 80) for each in kinds)
    return [{**request, "request_id": f"r-{n}"} for n, request in enumerate(chosen)]


def test_a_decision_a_row(
    spark: SparkSession, documents: list[dict[str, Any]], bundle_file: Path, tmp_path: Path
) -> None:
    df = spark.read.parquet(str(written(tmp_path, "parquet", documents))).repartition(4)
    rows = decide_dataframe(df, bundle=bundle_file, columns=["all"]).collect()
    with WasmEngine(bundle_file) as engine:
        expected = {d.request_id: d for d in engine.decide_many(documents)}
    assert len(rows) == len(expected) > 500
    for row in rows:
        decision = expected[row["request_id"]]
        assert json.loads(row["decision"]) == decision.raw
        assert row["outcome"] == decision.outcome
        assert [reason["clause"] for reason in row["reasons"]] == [
            reason.clause for reason in decision.reasons
        ]
        terms = decision.authorization
        assert row["authorization_end_date"] == (terms and terms.end_date)


def test_rows_that_cannot_be_read_and_nested_columns(
    spark: SparkSession, bundle_file: Path
) -> None:
    df = spark.createDataFrame(
        [
            ("a", "initial", "2022-11-01", ("xpovio",), (20.0, 28), [("compendium", "2A")]),
            ("b", "initial", "2022-11-01", ("xpovio",), (float("nan"), 28), None),
        ],
        "request_id string, type string, service_date string, drug struct<name: string>, "
        "quantity struct<tablets: double, days_supply: int>, "
        "nccn array<struct<source: string, category: string>>",
    )
    pended, invalid = decide_dataframe(df, bundle=bundle_file.read_bytes()).collect()
    assert (pended["outcome"], pended["criterion_nccn"]) == ("pended", "met")
    assert (invalid["request_id"], invalid["outcome"]) == ("b", "invalid")
    assert [error["path"] for error in invalid["errors"]] == ["/quantity/tablets"]


def test_columns_that_will_not_do_are_told_at_once(spark: SparkSession, bundle_file: Path) -> None:
    df = spark.createDataFrame(
        [("initial", "2022-11-01", "xpovio", "a")],
        "type string, service_date string, `drug.name` string, claim string",
    )
    with pytest.raises(ConfigurationError, match="claim"):
        decide_dataframe(df, bundle=bundle_file)


def test_columns_of_one_s_own(spark: SparkSession, bundle_file: Path) -> None:
    df = spark.createDataFrame(
        [("a", "initial", "11/1/2022", "xpovio", datetime(2022, 10, 3, 4, 5), Decimal("1.10"), 7)],
        "request_id string, type string, from string, `drug.name` string, received timestamp, "
        "paid decimal(9,2), `quantity.tablets` int",
    )
    options: dict[str, Any] = {"names": {"from": "service_date"}, "date_format": "%m/%d/%Y"}
    with pytest.raises(ConfigurationError, match="received"):
        decide_dataframe(df, bundle=bundle_file, **options)
    decisions = decide_dataframe(
        df, bundle=bundle_file, keep=["all", "from"], columns=["outcome"], **options
    )
    assert decisions.columns == ["from", "received", "paid", "outcome"]
    (row,) = decisions.collect()
    assert row["received"] == datetime(2022, 10, 3, 4, 5)
    assert (row["from"], row["paid"], row["outcome"]) == ("11/1/2022", Decimal("1.10"), "pended")


def test_a_time_is_no_date(spark: SparkSession, bundle_file: Path) -> None:
    df = spark.createDataFrame(
        [("initial", datetime(2022, 11, 1), "xpovio")],
        "type string, service_date timestamp, `drug.name` string",
    )
    with pytest.raises(ConfigurationError, match=r"service_date is of the type timestamp"):
        decide_dataframe(df, bundle=bundle_file)


def test_the_example(
    spark: SparkSession,
    documents: list[dict[str, Any]],
    bundle_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = written(tmp_path, "parquet", [*documents[:300], FULL])
    given = tmp_path / "counts.parquet"
    monkeypatch.setattr(sys, "argv", ["spark", str(taken), str(given), str(bundle_file)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    with WasmEngine(bundle_file) as engine:
        expected = Counter(
            (decision.outcome, clause)
            for decision in engine.decide_many([*documents[:300], FULL])
            for clause in {reason.clause for reason in decision.reasons} or {None}
        )
    found = {
        (row["outcome"], row["clause"]): row["requests"] for row in pq.read_table(given).to_pylist()
    }
    assert found == expected
