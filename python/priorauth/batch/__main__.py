"""A worker process: see `workers`."""

import contextlib
import os
import sys

from .workers import work

# Other output must not mix with the answers.
answers = os.dup(1)
os.dup2(2, 1)
with contextlib.suppress(BrokenPipeError), open(answers, "wb") as given:
    work(sys.stdin.buffer, given)
