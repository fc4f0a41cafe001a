"""An empty table of requests, with a column for every fact and a row that says what goes there."""

from __future__ import annotations

import io
from pathlib import Path

from ..errors import ConfigurationError
from ..tables import Requests
from .formats import TABLES, format_of
from .formats.delimited import written

_ORDER = ("request_id", "type", "service_date", "drug.name")


def template(path: Path, requests: Requests) -> bytes:
    """The content of a template with this file name. Raises ConfigurationError if it is no table.

    A batch does not take the second row for a request as long as it is unchanged. Parquet has its
    texts as metadata of the columns.
    """
    kind = format_of(path)
    if kind not in TABLES or path.suffix == ".gz":
        raise ConfigurationError(
            f"{path} is not a table by its suffix: use .csv, .tsv, .xlsx or .parquet"
        )
    told = requests.documentation
    names = list(dict.fromkeys([*(name for name in _ORDER if name in told), *told]))
    if kind == "csv":
        return written(
            [names, [told[name] for name in names]], "\t" if ".tsv" in path.suffixes else ","
        )
    content = io.BytesIO()
    if kind == "xlsx":
        from .formats.sheet import write

        write(content, "requests", [names, [told[name] for name in names]])
    else:
        from .formats.parquet import empty

        empty(content, requests, names)
    return content.getvalue()
