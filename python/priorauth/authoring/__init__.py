"""For authors of guidelines: a folder to start from, and findings in plain words.

`template.new` writes the folder, and `successor.further` that of a further version. `check.check`
reports what is wrong with guidelines and with their worked cases. All work on a checkout: the
folder that holds `policy/`, `rego/` and `tests/`.
"""
