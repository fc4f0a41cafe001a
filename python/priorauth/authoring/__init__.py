"""For who writes a guideline: a folder to begin with, and what is wrong with it, in words.

`template.new` writes the folder, `successor.further` that of a further version; `check.check` says
what is wrong with guidelines and with their worked cases. All work on a checkout: the folder that
holds `policy/`, `rego/` and `tests/`.
"""
