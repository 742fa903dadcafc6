"""The figures as files: CSV for a spreadsheet, PDF/UA to hand on."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from portal import clock, programme, sheets, typeset
from portal.formats import instant
from portal.site.figures.counting import LEFT_OUT, Figure
from portal.site.figures.suppression import SMALL

SOURCE = Path(__file__).with_name("figures.typ")
TITLE = "Figures of the programme"
NOTE = (
    f"{LEFT_OUT} stands for a count under {SMALL}, or for one from which such a count would follow. Counted are the cases that"
    " the person who made this sees for the government. Taking part is voluntary, and nothing here is a decision on a release."
)


def as_csv(figures: list[Figure], *, at: datetime) -> bytes:
    """Every table below the other, each with its title and an empty line after it."""
    rows: list[list[str]] = [[instant(at)], [NOTE], []]
    for figure in figures:
        rows += [[figure.title], figure.heads]
        rows += [
            [name, *cells, *([median] if figure.medians else [])] for name, cells, median, _ in figure.lines
        ]
        rows += [["Total", *figure.total], []]
    return sheets.as_csv([TITLE], rows)


def as_pdf(figures: list[Figure], *, at: datetime) -> bytes:
    data = {
        "title": TITLE,
        "programme": programme.current().name,
        "demo": settings.PORTAL_DEMO,
        "made": f"{clock.calendar_day(at):%d %b %Y}",
        "note": NOTE,
        "figures": [
            {
                "title": figure.title,
                "note": figure.note,
                "heads": figure.heads,
                "rows": [
                    [name, *cells, *([median] if figure.medians else [])]
                    for name, cells, median, _ in figure.lines
                ]
                + [["Total", *figure.total, *([""] if figure.medians else [])]],
            }
            for figure in figures
        ],
    }
    return typeset.pdf(SOURCE, data, at=at)
