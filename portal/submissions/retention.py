"""How long what is kept, as data, and what keeps the content of a case beyond its date. Periods are the programme's defaults."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast

from portal import clock
from portal.formats import day, instant
from portal.lookups import Among
from portal.prepared import Given, Statement, given_ids, kept
from portal.submissions import hooks
from portal.submissions.models import DisclosureNotice, LegalHold, Obligation, RequestNotice, Submission
from portal.submissions.states import DISCLOSURE, RecordsRequestState, State

CLOSED_OR_WITHDRAWN = "The case is closed or withdrawn"


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of records: ``years`` from ``since``, None where it is kept permanently or counts in other units (``period``)."""

    key: str
    records: str
    since: str
    period: str
    why: str
    fate: str
    years: int | None = None


CONTENT = Rule(
    "content",
    "Content of the lab's documents: the files as they were uploaded",
    CLOSED_OR_WITHDRAWN,
    "1 year",
    "The standard access terms say that the government keeps no copy after the case is closed. What really happens: each agency"
    " destroys its copies and attests it within days; the portal keeps the files one year more, so that what is open can be"
    " settled. Meanwhile the lab opens them, and so do the programme office's coordinators and designators, unless the lab"
    " withdrew or recorded its release.",
    "Disposed of by a coordinator's step; never by itself. SHA-256, name, size and dates stay",
    years=1,
)
SCHEDULE = (
    CONTENT,
    Rule(
        "case",
        "What the lab wrote: facts, evaluations, contacts, answers, access terms and sealed access instructions",
        CLOSED_OR_WITHDRAWN,
        "7 years",
        "What was offered, asked and agreed is what an inspector asks about.",
        "Kept; the portal has no step that removes it",
        years=7,
    ),
    Rule(
        "assessments",
        "Agencies' logs, seats and assessments",
        CLOSED_OR_WITHDRAWN,
        "7 years",
        "The government's own work on the case, read by the lab where it was shared.",
        "Kept; the portal has no step that removes it",
        years=7,
    ),
    Rule(
        "disclosures",
        "Disclosure notices and records requests",
        "The agency's last decision",
        "6 years",
        "As General Records Schedule 4.2 has it for files of access and disclosure requests.",
        "Kept; the portal has no step that removes it",
    ),
    Rule(
        "messages",
        "Notices and messages",
        "The message was written",
        "3 years",
        "That somebody was told is asked for years later. They hold a case number and a link.",
        "Kept; the portal has no step that removes it",
    ),
    Rule(
        "ledger",
        "The ledger, legal holds, and what was disposed of",
        "",
        "Permanent",
        "It is append-only: the record of who changed and saw what, without the lab's words.",
        "Kept permanently",
    ),
    Rule(
        "uploads",
        "Unfinished uploads",
        "The upload was begun",
        "1 day",
        "They are of no case until they are whole.",
        "Removed by itself",
    ),
)


def years_after(at: datetime, years: int) -> datetime:
    """The same time of the same day so many years later, in the programme's zone; 29 February becomes 1 March."""
    local = at.astimezone(clock.calendar_zone())
    try:
        moved = local.replace(year=local.year + years)
    except ValueError:
        moved = local.replace(year=local.year + years, month=3, day=1)
    return moved.astimezone(at.tzinfo)


def ended_at(case: Submission) -> datetime | None:
    """When the case was closed or withdrawn, from which its periods count; None while it goes on."""
    return case.closed_at or case.withdrawn_at


def due_at(case: Submission, rule: Rule = CONTENT) -> datetime | None:
    """When a class of a case's records reaches its date; None for no date."""
    ended = ended_at(case)
    return years_after(ended, rule.years) if ended and rule.years else None


def kept_by(cases: Iterable[Submission], *, at: datetime) -> dict[UUID, list[str]]:
    """For each case, everything that keeps the content of its documents at an instant, in words; a few queries for any number.

    Words of a person's name are for who reads legal holds, which is who reads this at all.
    """
    found: dict[UUID, list[str]] = {case.pk: [] for case in cases}
    rows = list(cases)
    for case in rows:
        found[case.pk] += _by_itself(case, at)
    for key, words in _kept(rows):
        found[key].append(words)
    for tell in hooks.OWED:
        for key, more in tell(list(found), at).items():
            found[key] += more
    return found


def _by_itself(case: Submission, at: datetime) -> list[str]:
    state = State(case.state_at(at))
    if state == State.OPEN:
        return [f"Access window open until {instant(case.closes_at)}"]
    due = due_at(case)
    if due is None:
        return [f"The case goes on: {state.label.lower()}"]
    return [f"Not due before {day(due)}"] if due > at else []


def _kept(cases: list[Submission]) -> list[tuple[UUID, str]]:
    """The legal holds over cases, and what agencies owe or have not ended on them: attestations, disclosure notices, and the
    requests for records that name these. One statement for the four tables.
    """
    statement = kept("kept_by", lambda at: _keeping(given_ids(), given_ids("labs")), at=clock.now())
    tell = (
        lambda lab, person, at: f"Legal hold since {instant(at)}, placed by {person or 'a coordinator'}",
        lambda kind, agency, at: f"{Obligation.ObligationKind(kind).label}: not attested by {agency}",
        lambda number, agency, at: f"Disclosure notice {number} of {agency} is open",
        lambda number, agency, at: f"Records request {number} of {agency} is not answered",
    )
    rows = statement.rows(ids=[case.pk for case in cases], labs=list({case.lab_id for case in cases}))
    return [
        (case, tell[table](what, who, since))
        for of_case, table, since, what, who in rows
        # A hold names a case or, with all its cases, a lab.
        for case in ([of_case] if of_case else [case.pk for case in cases if str(case.lab_id) == what])
    ]


def _keeping(ids: Given, labs: Given) -> Statement:
    links = RequestNotice.objects.filter(Among("notice__submission", ids))
    owed = Obligation.objects.filter(Among("submission", ids), attested_at=None)
    parts = [
        _part(LegalHold.objects.standing().over_any(ids, labs), "submission", "lab_id", "placed_by", "placed_at"),
        _part(owed, "submission", "kind", "agency", "due_at"),
        _part(
            DisclosureNotice.objects.filter(Among("submission", ids)).exclude(
                stored_state__in=[str(state) for state in DISCLOSURE.terminal]
            ),
            "submission", "number", "agency", "given_at",
        ),
        _part(
            links.exclude(request__stored_state=RecordsRequestState.ANSWERED),
            "notice__submission", "request__tracking_number", "request__agency", "request__due_at",
        ),
    ]  # fmt: skip
    first, *others = [part.annotate(table=Value(number)) for number, part in enumerate(parts)]
    named = ("of_case", "table", "since", "what", "who")
    rows = first.values_list(*named).union(*(other.values_list(*named) for other in others), all=True)
    return Statement.of(rows.order_by("table", "since", "what", "who"))


def _part(rows: QuerySet, case: str, what: str, agency: str, since: str) -> QuerySet:
    told = {
        "of_case": F(f"{case}_id"),
        "since": F(since),
        "what": Cast(what, TextField()),
        "who": F(f"{agency}__name"),
    }
    return rows.order_by().annotate(**told)
