"""The figures themselves: what is counted, of what a person sees, and what of it is shown."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Aggregate, Count, DurationField, F, Q, QuerySet
from django.db.models.functions import TruncQuarter

from partners.findings_states import FindingState
from partners.models import Finding, Grant, PartnerProfile, Sector
from portal import clock
from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.site.figures.suppression import SMALL, suppressed, with_totals
from portal.submissions.deadline_kinds import CONFLICT_RENEWAL
from portal.submissions.models import Facts, Submission
from portal.submissions.states import State
from reviews.models import Designation, Inquiry

QUARTERS = 8
# What stands where a cell is left out.
LEFT_OUT = "x"


@dataclass(frozen=True)
class Figure:
    """A table of counts with its totals: ``cells`` by row and column, ``medians`` in words where a row has one.

    ``apart``: the columns count different things, so that no row has a total and each column is a table of its own.
    """

    title: str
    note: str
    head: str
    rows: list[str]
    columns: list[str]
    cells: list[list[int]]
    medians: list[str] = field(default_factory=list)
    apart: bool = False

    @cached_property
    def shown(self) -> list[list[str]]:
        """Every cell with its totals as it is published."""
        if self.apart:
            return [
                list(row) for row in zip(*map(_published_column, zip(*self.cells, strict=True)), strict=True)
            ]
        return _published(self.cells)

    @property
    def heads(self) -> list[str]:
        """What stands over the columns."""
        ends = [] if self.apart else ["Total"]
        return [self.head, *self.columns, *ends, *(["Median time"] if self.medians else [])]

    @property
    def lines(self) -> list[tuple[str, list[str], str, float]]:
        """Each row: its name, its cells, its median, and the length of its bar in percent: of its total or, apart, first column.

        There is no bar where that is left out.
        """
        measured = 0 if self.apart else -1
        totals = [int(row[measured]) if row[measured] != LEFT_OUT else 0 for row in self.shown[:-1]]
        longest = max(totals, default=0) or 1
        medians = self.medians or [""] * len(self.rows)
        return [
            (name, row, median, round(100 * total / longest, 1))
            for name, row, median, total in zip(self.rows, self.shown[:-1], medians, totals, strict=True)
        ]

    @property
    def total(self) -> list[str]:
        return self.shown[-1]


def _published(cells: list[list[int]]) -> list[list[str]]:
    whole, out = with_totals(cells), suppressed(cells)
    return [
        [LEFT_OUT if (r, c) in out else str(value) for c, value in enumerate(row)]
        for r, row in enumerate(whole)
    ]


def _published_column(column: tuple[int, ...]) -> list[str]:
    """A column by itself and its total."""
    return _published([list(column)])[0]


class Median(Aggregate):
    """The middle of several spans of time; those that have not ended count for nothing."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def figures(user, *, at: datetime) -> list[Figure]:
    """The tables, of what this person sees: a conflict hides a case from the numbers, too."""
    return [
        _by_quarter(user, at),
        _by_access(user, at),
        _by_sector(user, at),
        _of_findings(user),
        _by_target(user, at),
    ]


# --- by quarter -------------------------------------------------------------------------------------------------------------


def _quarters(at: datetime) -> list[date]:
    """The first days of the present calendar quarter and of those before it, the oldest first."""
    today = clock.calendar_day(at)
    year, quarter = today.year, (today.month - 1) // 3
    found = []
    for _ in range(QUARTERS):
        found.append(date(year, quarter * 3 + 1, 1))
        year, quarter = (year, quarter - 1) if quarter else (year - 1, 3)
    return found[::-1]


def _name(first_day: date) -> str:
    return f"{first_day.year}, quarter {(first_day.month - 1) // 3 + 1}"


def _by_quarter(user, at: datetime) -> Figure:
    cases = Submission.objects.visible_to(user, at=at).beyond(user)
    series: list[tuple[str, QuerySet, str]] = [
        ("Submitted", cases, "submitted_at"),
        ("Window opened", cases.filter(opens_at__lte=at), "opens_at"),
        ("Withdrawn", cases, "withdrawn_at"),
        ("Released", cases, "released_at"),
        ("Inquiries", Inquiry.objects.visible_to(user, at=at).beyond(user), "submitted_at"),
        ("Designations", Designation.objects.visible_to(user, at=at).beyond(user), "recorded_at"),
        ("Early access began", _begun(user, at), "starts_at"),
    ]
    quarters = _quarters(at)
    columns = [_counted(rows, column, quarters) for _, rows, column in series]
    return Figure(
        "By quarter",
        "What happened in each calendar quarter. The columns count different things.",
        "Quarter",
        [_name(day) for day in quarters],
        [name for name, *_ in series],
        [list(row) for row in zip(*columns, strict=True)],
        apart=True,
    )


def _begun(user, at: datetime) -> QuerySet:
    grants = Grant.objects.visible_to(user, at=at).exclude(
        submission__lab_id__in=user.organisations_as("lab")
    )
    began = Q(ended_at=None) | Q(ended_at__gt=F("starts_at"))
    return grants.filter(began, agreed_at__isnull=False, starts_at__lte=at)


def _counted(rows: QuerySet, column: str, quarters: list[date]) -> list[int]:
    zone = clock.calendar_zone()
    first = datetime(quarters[0].year, quarters[0].month, 1, tzinfo=zone)
    found = (
        rows.filter(**{f"{column}__gte": first})
        .order_by()
        .annotate(in_quarter=TruncQuarter(column, tzinfo=zone))
        .values_list("in_quarter")
        .annotate(number=Count("pk", distinct=True))
    )
    counts = {quarter.astimezone(zone).date(): number for quarter, number in found}
    return [counts.get(day, 0) for day in quarters]


# --- by kind and sector -----------------------------------------------------------------------------------------------------


def _by_access(user, at: datetime) -> Figure:
    cases = Submission.objects.visible_to(user, at=at).beyond(user)
    groups = {
        "Under way": (State.SUBMITTED, State.ACKNOWLEDGED, State.AGREED, State.OPEN),
        "Window ended": (State.ENDED, State.CLOSED),
        "Withdrawn": (State.WITHDRAWN,),
    }
    modes = list(Facts.AccessMode)
    columns = []
    for states in groups.values():
        found = cases.in_state(*states, at=at).order_by().values_list("facts__access_mode")
        counts = dict(found.annotate(number=Count("pk")))
        columns.append([counts.get(str(mode), 0) for mode in modes])
    return Figure(
        "Cases by kind of access offered",
        "Where every submitted case stands now.",
        "Kind of access",
        [str(mode.label) for mode in modes],
        list(groups),
        [list(row) for row in zip(*columns, strict=True)],
    )


def _by_sector(user, at: datetime) -> Figure:
    begun = _begun(user, at)
    sectors = dict(PartnerProfile.objects.order_by().values_list("organisation_id", "sectors"))
    counts = {str(sector): [0, 0] for sector in Sector}
    active = set(begun.in_state("active", at=at).values_list("pk", flat=True))
    for grant, partner in begun.order_by().values_list("pk", "partner_id"):
        for sector in sectors.get(partner, ()):
            counts[sector][grant not in active] += 1
    return Figure(
        "Early access by sector",
        "Grants that have begun. A partner of several sectors counts in each of them.",
        "Sector",
        [str(sector.label) for sector in Sector],
        ["Active", "Ended or suspended"],
        [counts[str(sector)] for sector in Sector],
    )


def _of_findings(user) -> Figure:
    """Findings by kind, each in its furthest place, with the middle of the times from the notice to the fix."""
    rows = Finding.objects.visible_to(user).beyond(user).filter(reported_at__isnull=False).order_by()
    with_owner = Q(owner_notified_at__isnull=False)
    over = Q(state__in=[FindingState.NOT_REPRODUCED, FindingState.DUPLICATE])
    fixed = Q(fixed_at__isnull=False)
    found = {
        row["kind"]: row
        for row in rows.values("kind").annotate(
            looked_at=Count("pk", filter=~with_owner & ~over),
            at_owner=Count("pk", filter=with_owner & ~fixed),
            fixed=Count("pk", filter=fixed),
            dropped=Count("pk", filter=over),
            median=Median(F("fixed_at") - F("owner_notified_at")),
        )
    }
    none = {"looked_at": 0, "at_owner": 0, "fixed": 0, "dropped": 0, "median": None}
    kinds = {str(kind): found.get(str(kind), none) for kind in Finding.What}
    return Figure(
        "Findings by kind",
        f"Every finding that was reported. The median time is from the notice to the fix, given from {SMALL} on.",
        "Kind of finding",
        [str(kind.label) for kind in Finding.What],
        ["Being looked at", "With its owner", "Fixed", "Not reproduced, or known already"],
        [[row["looked_at"], row["at_owner"], row["fixed"], row["dropped"]] for row in kinds.values()],
        [_median_to_fix(row) if key in found else "" for key, row in kinds.items()],
    )


def _median_to_fix(row: dict[str, Any]) -> str:
    return LEFT_OUT if row["median"] is None or row["fixed"] < SMALL else _span(row["median"])


# --- against the targets ----------------------------------------------------------------------------------------------------


def _by_target(user, at: datetime) -> Figure:
    # Of what everybody does about themselves each sees their own, which is no figure of the programme's.
    kinds = [kind for kind in registry.government_kinds() if kind != CONFLICT_RENEWAL]
    seen = Deadline.objects.visible_to(user).filter(kind__in=kinds, cancelled_at=None)
    found = {
        row["kind"]: row
        for row in seen.order_by()
        .values("kind")
        .annotate(
            in_time=Count("pk", filter=Q(met_at__lte=F("due_at"))),
            late=Count("pk", filter=Q(met_at__gt=F("due_at"))),
            open_late=Count("pk", filter=Q(met_at=None, due_at__lt=at)),
            median=Median(F("met_at") - F("created_at")),
        )
    }
    rows = [key for key in kinds if key in found]
    return Figure(
        "Targets of the government's side",
        f"A missed target changes nothing of a lab's. The median time is given from {SMALL} on.",
        "What is due",
        [registry.label(key) for key in rows],
        ["In time", "Late", "Still open and late"],
        [[found[key]["in_time"], found[key]["late"], found[key]["open_late"]] for key in rows],
        [_median(found[key]) for key in rows],
    )


def _median(row: dict[str, Any]) -> str:
    if row["median"] is None or row["in_time"] + row["late"] < SMALL:
        return LEFT_OUT
    return _span(row["median"])


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.1f} days"
