"""Copies of the policy with a change made to it, as an author would make it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
XPOVIO = Path("policy/guidelines/xpovio")


def copied(folder: Path) -> Path:
    """The checkout's policy in a folder of its own."""
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def raised(text: str) -> str:
    """A version of Xpovio's guideline with III.1 asking for 21 years."""
    old = text.count("at least 18 years of age"), text.count("minimum: 18")
    assert old == (2, 1), "the guideline has changed; so must this"
    return text.replace("at least 18 years", "at least 21 years").replace(
        "minimum: 18", "minimum: 21"
    )


def with_raised_age(folder: Path) -> Path:
    """The policy with the age of III.1 raised to 21, on whatever service date."""
    file = copied(folder) / XPOVIO / "2022-10-03" / "data.yaml"
    file.write_text(raised(file.read_text()))
    return folder


def with_new_version(folder: Path) -> Path:
    """The policy with a further version of the guideline, from 2024-01-01, that asks for 21
    years."""
    old = copied(folder) / XPOVIO / "2022-10-03" / "data.yaml"
    text = old.read_text()
    in_force = 'in_force: {from: "2020-08-01"}'
    assert in_force in text
    new = old.parents[1] / "2024-01-01" / "data.yaml"
    new.parent.mkdir()
    begun = raised(text).replace(in_force, 'in_force: {from: "2024-01-01"}')
    new.write_text(
        begun.replace('effective_date: "2022-10-03"', 'effective_date: "2024-01-01"').replace(
            'next_review: "2023-06"', 'next_review: "2024-06"'
        )
    )
    old.write_text(text.replace(in_force, 'in_force: {from: "2020-08-01", to: "2023-12-31"}'))
    return folder
