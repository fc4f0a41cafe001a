"""Requests as rows of a table, and decisions as rows of another: CSV, Excel, Parquet, Spark.

A column is named for the fact that it holds, as in `member.birth_date`; a struct column holds the
facts of its section. An empty cell, or a null, is an absent fact. `docs/batch.md` lists the columns
of the facts that this package's guidelines declare.
"""

from .columns import SEPARATOR, Cell, Column, Facts, Heads, Requests, Unreadable
from .decisions import Decisions, flattened
from .rows import Row, decided, fact_at, fault_of

__all__ = [
    "SEPARATOR",
    "Cell",
    "Column",
    "Decisions",
    "Facts",
    "Heads",
    "Requests",
    "Row",
    "Unreadable",
    "decided",
    "fact_at",
    "fault_of",
    "flattened",
]
