"""docs/security.md and what stands beside it: no requirement is left out, counts follow from rows, what a row names exists."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SUMMARY = DOCS / "security.md"
TABLE = DOCS / "security" / "asvs.md"
PAGES = [SUMMARY, *sorted((DOCS / "security").glob("*.md"))]
STATUSES = ("met", "not applicable", "open")
# The requirements of ASVS 5.0.0 by section; those of level 1 have a star, those of level 3 alone are left out.
REQUIREMENTS = """
1.1: 1 2
1.2: 1* 2* 3* 4* 5* 6 7 8 9
1.3: 1* 2* 3 4 5 6 7 8 9 10 11
1.4: 1 2 3
1.5: 1* 2
2.1: 1* 2 3
2.2: 1* 2* 3
2.3: 1* 2 3 4
2.4: 1
3.2: 1* 2*
3.3: 1* 2 3 4
3.4: 1* 2* 3 4 5 6
3.5: 1* 2* 3* 4 5
3.7: 1 2
4.1: 1* 2 3
4.2: 1
4.3: 1 2
4.4: 1* 2 3 4
5.1: 1
5.2: 1* 2* 3
5.3: 1* 2*
5.4: 1 2 3
6.1: 1* 2 3
6.2: 1* 2* 3* 4* 5* 6* 7* 8* 9 10 11 12
6.3: 1* 2* 3 4
6.4: 1* 2* 3 4
6.5: 1 2 3 4 5
6.6: 1 2 3
6.8: 1 2 3 4
7.1: 1 2 3
7.2: 1* 2* 3* 4*
7.3: 1 2
7.4: 1* 2* 3 4 5
7.5: 1 2
7.6: 1 2
8.1: 1* 2
8.2: 1* 2* 3
8.3: 1*
8.4: 1
9.1: 1* 2* 3*
9.2: 1* 2 3 4
10.1: 1 2
10.2: 1 2
10.3: 1 2 3 4
10.4: 1* 2* 3* 4* 5* 6 7 8 9 10 11
10.5: 1 2 3 4 5
10.6: 1 2
10.7: 1 2 3
11.1: 1 2
11.2: 1 2 3
11.3: 1* 2* 3
11.4: 1* 2 3 4
11.5: 1
11.6: 1
12.1: 1* 2 3
12.2: 1* 2*
12.3: 1 2 3 4
13.1: 1
13.2: 1 2 3 4 5
13.3: 1 2
13.4: 1* 2 3 4 5
14.1: 1 2
14.2: 1* 2 3 4
14.3: 1* 2 3
15.1: 1* 2 3
15.2: 1* 2 3
15.3: 1* 2 3 4 5 6 7
16.1: 1
16.2: 1 2 3 4 5
16.3: 1 2 3 4
16.4: 1 2 3
16.5: 1 2 3
17.1: 1
17.2: 1 2 3 4
17.3: 1 2
"""
DOORS = (
    "Public pages and sign-in",
    "Lab pages",
    "Partner pages",
    "Agency admin",
    "API and service tokens",
    "Calendar feeds and unsubscribe links",
    "Uploads and downloads",
    "Mail out and bounces in",
    "Celery and Valkey",
    "Management commands",
    "Database roles",
    "Backups",
)
NAMED = re.compile(r"`([\w./-]+\.(?:py|md|html|js|txt|yml))(?:::?(\w+))?`")
LINKED = re.compile(r"\]\(([^)#:]+)\)")


class Row(NamedTuple):
    id: str
    level: str
    asks: str
    status: str
    where: str
    test: str


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| V")]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


def required() -> list[tuple[str, str]]:
    """(id, level), in the standard's order."""
    found = []
    for line in REQUIREMENTS.split("\n"):
        section, _, numbers = line.partition(": ")
        for number in numbers.split():
            found.append((f"V{section}.{number.strip('*')}", "1" if number.endswith("*") else "2"))
    return found


def missing(text: str, page: Path) -> list[str]:
    """What a page names or links to and the repository has not."""
    lost = [link for link in LINKED.findall(text) if not (page.parent / link).exists()]
    for path, name in NAMED.findall(text):
        file = ROOT / path
        if not file.is_file():
            lost.append(path)
        elif name and not _has(file.read_text(), name):
            lost.append(f"{path}:{name}")
    return lost


def _has(source: str, name: str) -> bool:
    """Whether a function, class or constant of this name is made in a file."""
    return bool(
        re.search(rf"^\s*(?:(?:async )?def|class) {name}\b|^\s*(?:\w+, )*{name}\b[\w, ]*[:=]", source, re.M)
    )


def test_every_requirement_stands_once_and_in_the_standards_order():
    assert [(row.id, row.level) for row in rows()] == required()


def test_there_are_as_many_as_the_standard_has():
    assert Counter(level for _, level in required()) == {"1": 70, "2": 183}


def test_each_has_one_of_three_statuses_and_says_why():
    assert [row.id for row in rows() if row.status not in STATUSES or not row.asks or not row.where] == []


def test_what_is_met_has_a_place():
    assert [row.id for row in rows() if row.status == "met" and not NAMED.search(row.where)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_exists(page):
    assert missing(page.read_text(), page) == []


def test_what_does_not_exist_is_noticed():
    text = (
        "`portal/nowhere.py` `portal/crypto.py:unlock` `tests/infra/test_floor.py::test_none` [it](none.md)"
    )
    assert missing(text, SUMMARY) == [
        "none.md",
        "portal/nowhere.py",
        "portal/crypto.py:unlock",
        "tests/infra/test_floor.py:test_none",
    ]


def test_the_summary_counts_what_the_table_says():
    text = SUMMARY.read_text()
    for label, levels in (("1", "1"), ("2", "2"), ("both", "12")):
        counted = Counter(row.status for row in rows() if row.level in levels)
        numbers = [*(counted[status] for status in STATUSES), counted.total()]
        assert f"| {label} | {' | '.join(map(str, numbers))} |" in text
    untested = sum(row.status == "met" and not row.test for row in rows())
    assert f"Of those met, {untested} have a place and no test of their own" in text


@pytest.mark.parametrize(("level", "column"), [("1", 2), ("2", 3)])
def test_the_summary_lists_what_is_open_and_nothing_else(level, column):
    part = SUMMARY.read_text().partition("### What is open")[2].partition("### ")[0]
    cells = [line.split("|")[column] for line in part.splitlines() if line.startswith("| ")]
    listed = Counter(name for cell in cells for name in re.findall(r"V[\d.]+\d", cell))
    assert listed == Counter(row.id for row in rows() if row.status == "open" and row.level == level)


def test_each_door_is_asked_all_six_questions():
    part = SUMMARY.read_text().partition("## What can go wrong, door by door")[2].partition("\n## ")[0]
    doors = {section.split("\n", 1)[0]: section for section in part.split("\n### ")[1:]}
    asked = {
        door: set(re.findall(r"[STRIDE]", " ".join(re.findall(r"^\| ([STRIDE, ]+) \|", section, re.M))))
        for door, section in doors.items()
    }
    assert asked.pop("What comes with the code") == set("TIE")
    assert asked == {door: set("STRIDE") for door in DOORS}
