"""For who writes a guideline: a folder to begin with, and what is wrong with it, in words.

`template.new` writes the folder; `check.check` says what is wrong with guidelines and with their
worked cases. Both work on a checkout: the folder that holds `policy/`, `rego/` and `tests/`.
"""
