"""Decides the requests of a folder of Parquet files in Spark, whenever a line comes in."""

from __future__ import annotations

import json
import sys
import time

import pyspark
from pyspark.sql import SparkSession

from priorauth.spark import decide_dataframe

COLUMNS = ("request_id", "outcome")


def main(master: str, folder: str, bundle: str) -> None:
    spark = (
        SparkSession.builder.master(master)
        .config("spark.ui.enabled", False)
        .config("spark.ui.showConsoleProgress", False)
        # A task for each file, however many cores there are.
        .config("spark.sql.files.maxPartitionBytes", "1m")
        .getOrCreate()
    )
    say({"Spark": pyspark.__version__})
    for _ in sys.stdin:
        start = time.perf_counter()
        requests = spark.read.parquet(folder)
        decided = decide_dataframe(requests, bundle=bundle).select(*COLUMNS).toArrow()
        seconds = time.perf_counter() - start
        outcomes = decided.sort_by("request_id")["outcome"].to_pylist()
        say({"seconds": seconds, "outcomes": outcomes})
    spark.stop()


def say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
