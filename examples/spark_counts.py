"""Count the requests of a Parquet file by outcome and by clause of the guideline.

    spark-submit examples/spark_counts.py requests.parquet counts.parquet [bundle.tar.gz]

Or run it with `python`, for Spark on this machine. docs/batch.md lists the columns of requests.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from priorauth.spark import decide_dataframe


def main(requests: str, counts: str, bundle: str | None = None) -> None:
    spark = SparkSession.builder.appName("priorauth counts").getOrCreate()
    decisions = decide_dataframe(spark.read.parquet(requests), bundle=bundle)
    clauses = f.array_distinct(f.transform("reasons", lambda reason: reason["clause"]))
    (
        decisions.select("outcome", f.explode_outer(clauses).alias("clause"))
        .groupBy("outcome", "clause")
        .agg(f.count("*").alias("requests"))
        .orderBy("outcome", "clause")
        .write.mode("overwrite")
        .parquet(counts)
    )
    spark.read.parquet(counts).orderBy("outcome", "clause").show(100, truncate=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
