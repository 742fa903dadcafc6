"""What would follow if the lab moved its planned dates: computed from the rules, nothing saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.deadlines.models import Deadline
from portal.deadlines.registry import label
from portal.submissions import deadline_kinds as kinds
from portal.submissions import timeline, window
from portal.submissions.actions import case as steps
from portal.submissions.actions.drafts import check_move
from portal.submissions.models import Submission
from portal.submissions.panels import DUE_BY_CLOSING, consequences_of


@dataclass(frozen=True, slots=True)
class Change:
    """One date before and after; None where there is none."""

    label: str
    old: datetime | None
    new: datetime | None

    @property
    def moves(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class Preview:
    """Every consequence of moved dates that is known beforehand."""

    planned: list[Change]
    window: list[Change]
    reminders: list[Change]
    others: list[str]
    ends_now: bool
    cap_cuts: bool
    told: int


def preview(case: Submission, *, public: datetime, partner: datetime | None, at: datetime) -> Preview:
    """What moving the planned dates would do at this instant. Refuses as the action would."""
    check_move(case, partner=partner, public=public, at=at)
    dates = {"planned_public_release": public, "planned_partner_release": partner}
    planned = [
        Change("Planned public release", case.planned_public_release, public),
        Change("Planned partner release", case.planned_partner_release, partner),
    ]
    if case.submitted_at is None:
        return Preview(planned, [], [], [], ends_now=False, cap_cuts=False, told=0)
    facts = timeline.with_dates(case, public=public, partner=partner, at=at)
    after = window.compute(facts)
    return Preview(
        planned,
        _window(case, facts, after, at),
        _reminders(case, facts, after),
        consequences_of(case, dates, at),
        ends_now=after.closes <= at < case.closes_at,
        cap_cuts=facts.ended is None and after.closes < window.anchor(facts),
        told=len(set(steps.everyone_else(case, at=at))),
    )


def _window(case: Submission, facts: window.Dates, after: window.Window, at: datetime) -> list[Change]:
    first = window.anchor(steps.dates_of(case, at, locked=False))
    return [
        Change("First release", first, window.anchor(facts)),
        Change("Window opens", case.opens_at, after.opens),
        Change("Window closes", case.closes_at, after.closes),
    ]


def _reminders(case: Submission, facts: window.Dates, after: window.Window) -> list[Change]:
    """The deadlines that move with the dates; a reminder whose moment then lies in the past is skipped.

    None once the window has ended: all of them hang on it.
    """
    if facts.ended is not None:
        return []
    new: Mapping[str, datetime] = {
        kinds.PROVIDE_ACCESS: kinds.provide_access_due(window.anchor(facts)),
        kinds.WINDOW_CLOSES: after.closes,
        **{kind: due(after.closes) for kind, due in DUE_BY_CLOSING.items()},
    }
    found = Deadline.objects.still_open().filter(case_id=case.pk, kind__in=new).order_by("due_at")
    return [Change(label(row.kind), row.due_at, new[row.kind]) for row in found]
