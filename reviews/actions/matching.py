"""A run of matching: suggested, confirmed pair by pair, undone, or discarded."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from portal import clock
from portal.accounts.models import Membership
from portal.errors import Invalid, Missing, NotAllowed, Refused, Stale, WrongState
from portal.ledger.stale import refuse_stale
from portal.machine import Transition
from portal.scope import action
from portal.submissions.models import Submission
from portal.submissions.states import State
from reviews import candidates, matching, policies
from reviews.actions import common
from reviews.actions.seats import propose_assignment
from reviews.actions.sitting import revoke
from reviews.matching import words
from reviews.models import (
    Assignment,
    Domain,
    MatchingNeed,
    MatchingOutcome,
    MatchingPair,
    MatchingRun,
    ReviewerProfile,
)
from reviews.states import RUN, AssignmentState

MOST_CASES, MOST_SEATS = 50, 10
LABELS = dict(Domain.choices)


@dataclass(frozen=True, slots=True)
class Wanted:
    """New seats to find reviewers for; with ``lead`` one of them has the lead."""

    submission: Submission
    domain: str
    seats: int = 1
    lead: bool = False


@action
def suggest(*, actor, needs: Iterable[Wanted], at: datetime | None = None) -> MatchingRun:
    """Suggest reviewers for the wanted seats, and keep the suggestion with its reasons. It seats nobody."""
    at = at or clock.now()
    wanted = list(needs)
    _check(actor, wanted, at)
    facts = candidates.facts_for(wanted, at=at)
    found = matching.match(facts)
    run = MatchingRun.objects.create(
        made_by=actor, made_at=at, digests=matching.digests(facts), result=_result(found)
    )
    MatchingNeed.objects.bulk_create(
        MatchingNeed(run=run, submission=need.submission, domain=need.domain, seats=need.seats, lead=need.lead)
        for need in wanted
    )  # fmt: skip
    people = Membership.objects.in_bulk([pair.reviewer for pair in found.pairs])
    people = {str(key): member for key, member in people.items()}
    MatchingPair.objects.bulk_create(
        MatchingPair(
            run=run, submission_id=pair.case, reviewer_id=people[pair.reviewer].user_id, agency_id=pair.agency,
            domain=pair.domain, role=Assignment.Role.LEAD if pair.lead else Assignment.Role.REVIEWER,
            why=words.of_pair(pair, LABELS),
        )
        for pair in found.pairs
    )  # fmt: skip
    empty = sum(unmet.seats for unmet in found.unmet)
    common.note(
        actor=actor, verb="suggest", subject=run, capacity="coordinator",
        data={"pairs": len(found.pairs), "empty": empty}, at=at,
    )  # fmt: skip
    return run


def _check(actor, wanted: list[Wanted], at: datetime) -> None:
    if not policies.proposes_seats(actor):
        raise NotAllowed("Only the programme's coordinators run a matching.")
    if not wanted:
        raise Missing("Name a case and a domain.", field="needs")
    if len({(need.submission.pk, need.domain) for need in wanted}) < len(wanted):
        raise Invalid("Name each domain of a case once.", field="needs")
    for need in wanted:
        if need.domain not in Domain.values:
            raise Invalid("Choose from the domains.", field="needs")
        if not 1 <= need.seats <= MOST_SEATS:
            raise Invalid(f"Ask for 1 to {MOST_SEATS} seats of a domain.", field="needs")
    _check_cases(actor, {need.submission.pk: need.submission for need in wanted}, at)
    _check_leads([need.submission for need in wanted if need.lead], at)


def _check_cases(actor, cases: dict, at: datetime) -> None:
    if len(cases) > MOST_CASES:
        raise Invalid(f"Name at most {MOST_CASES} cases.", field="needs")
    for case in cases.values():
        if not policies.is_programme_coordinator(actor, case, at=at):
            raise NotAllowed("Only the programme's coordinators propose a seat.")
        if case.state_at(at) not in (State.ACKNOWLEDGED, State.AGREED, State.OPEN):
            late = "seats are proposed from the acknowledgement until the window ends."
            raise Invalid(f"{case}: {late}", field="needs")


def _check_leads(leading: list[Submission], at: datetime) -> None:
    for case, times in Counter(leading).items():
        if times > 1:
            raise Invalid(f"{case}: a case has one lead.", field="needs")
    led = Assignment.objects.live(at=at).filter(submission__in=leading, role=Assignment.Role.LEAD)
    for seat in led.select_related("submission")[:1]:
        raise Invalid(f"{seat.submission} has a lead already.", field="needs")


def _result(found: matching.Suggestion) -> dict:
    """What a run keeps besides its pairs. It names people and cases by their ids."""
    return {
        "exclusions": [
            {"reviewer": one.reviewer, "case": one.case, "code": str(one.bar), "words": words.of_excluded(one)}
            for one in found.excluded
        ],
        "unmet": [
            {
                "case": unmet.case,
                "domain": unmet.domain,
                "seats": unmet.seats,
                "lead": unmet.lead,
                "reasons": words.of_reasons(unmet, LABELS),
                "remedies": [
                    {
                        "code": remedy.code,
                        "reviewer": remedy.reviewer,
                        "agency": remedy.agency,
                        "words": words.of_remedy(remedy, unmet.domain, LABELS),
                    }
                    for remedy in unmet.remedies
                ],
            }
            for unmet in found.unmet
        ],
    }  # fmt: skip


@action
def confirm(
    *, actor, run: MatchingRun, despite_changes: bool = False, expected_revision: int | None = None,
    at: datetime | None = None,
) -> MatchingRun:  # fmt: skip
    """Propose the seat of each pair, one by one; each outcome is kept, a refusal with its reason.

    Raises Stale where the facts are others than those of the run, unless ``despite_changes``.
    """
    run, step, at = _begin(actor, run, "confirm", expected_revision, at)
    # Two runs that rest on the same room of a reviewer are confirmed one after the other: the second sees that it is gone.
    people = run.pairs.order_by().values("reviewer")
    list(
        ReviewerProfile.objects.select_for_update(of=("self",))
        .filter(membership__user__in=people)
        .order_by("pk")
        .values_list("pk")
    )
    changes = candidates.changes_since(run, at=at)
    if changes and not despite_changes:
        raise Stale(
            "What the suggestion rests on has changed since. Nothing was proposed; look at what changed first.",
            changes=changes,
        )

    def propose(pair: MatchingPair) -> tuple[Assignment | None, str]:
        seat = propose_assignment(
            actor=actor, submission=pair.submission, reviewer=pair.reviewer, agency=pair.agency,
            domain=pair.domain, role=pair.role, at=at,
        )  # fmt: skip
        return seat, "The seat is proposed."

    pairs = list(run.pairs.select_related("submission", "reviewer", "agency"))
    if not pairs:
        raise WrongState("This run found nobody, so there is nothing to confirm.")
    done = _each(pairs, MatchingOutcome.Step.CONFIRM, propose, at)
    return _finish(actor, run, step, at, {"proposed": done, "refused": len(pairs) - done})


@action
def discard(
    *, actor, run: MatchingRun, expected_revision: int | None = None, at: datetime | None = None
) -> MatchingRun:
    """Put a suggestion aside. It stays on record and seats nobody."""
    run, step, at = _begin(actor, run, "discard", expected_revision, at)
    return _finish(actor, run, step, at, {})


@action
def undo(
    *, actor, run: MatchingRun, reason: str, expected_revision: int | None = None, at: datetime | None = None
) -> MatchingRun:
    """Revoke the seats of a run that nobody has attested yet; the others stay, and it is told which.

    The reviewers read the reason.
    """
    run, step, at = _begin(actor, run, "undo", expected_revision, at, reason)

    def take_back(pair: MatchingPair) -> tuple[Assignment | None, str]:
        seat = Assignment.objects.select_related("submission").get(pk=seats[pair.pk])
        state = seat.state_at(at)
        if state != AssignmentState.PROPOSED:
            raise WrongState(f"The seat stays as it is: {AssignmentState(state).label.lower()}.")
        return revoke(actor=actor, assignment=seat, reason=reason, at=at), "The seat is revoked."

    confirmed = MatchingOutcome.objects.filter(pair__run=run, step=MatchingOutcome.Step.CONFIRM, done=True)
    seats = dict(confirmed.order_by().values_list("pair", "assignment"))
    pairs = [pair for pair in run.pairs.all() if pair.pk in seats]
    done = _each(pairs, MatchingOutcome.Step.UNDO, take_back, at)
    return _finish(actor, run, step, at, {"revoked": done, "left": len(pairs) - done}, reason.strip())


def _begin(
    actor, run: MatchingRun, verb: str, expected_revision: int | None, at: datetime | None, reason: str = ""
) -> tuple[MatchingRun, Transition, datetime]:
    run = MatchingRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    at = at or clock.now()
    step = RUN.require(run.state, verb, policies.run_capacities(actor, run, at=at), reason=reason)
    refuse_stale(run, expected_revision, called="This run")
    return run, step, at


def _finish(
    actor, run: MatchingRun, step: Transition, at: datetime, data: dict, reason: str = ""
) -> MatchingRun:
    run.state = step.target
    run.revision += 1
    run.save(update_fields=["state", "revision"])
    common.note(actor=actor, verb=step.verb, subject=run, capacity=step.who, reason=reason, data=data, at=at)
    return run


def _each(
    pairs: list[MatchingPair], step: str, take: Callable[[MatchingPair], tuple[Assignment | None, str]], at: datetime
) -> int:  # fmt: skip
    """Take a step for each pair, a refusal undoing that pair's alone; keeps the outcomes, returns how many were done."""
    outcomes = []
    for pair in pairs:
        try:
            with transaction.atomic():
                seat, said = take(pair)
        except Refused as refusal:
            outcomes.append(MatchingOutcome(pair=pair, step=step, done=False, words=refusal.message, at=at))
        else:
            outcomes.append(
                MatchingOutcome(pair=pair, step=step, assignment=seat, done=True, words=said, at=at)
            )
    MatchingOutcome.objects.bulk_create(outcomes)
    return sum(outcome.done for outcome in outcomes)
