"""The facts of a matching, as the database has them at an instant; a few statements, however many reviewers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from portal.accounts.models import Kind, Membership, Organisation, Role
from portal.submissions.models import Submission
from reviews import policies
from reviews.matching import Bar, Facts, Need, Reviewer, digests
from reviews.models import Assignment, MatchingRun
from reviews.states import LIVE, AssignmentState

# What a person reads when a part of the facts changed since a run.
PARTS = {
    "needs": "The seats asked for",
    "reviewers": "Reviewers, their domains, caps or seats",
    "barred": "Conflicts, or seats on these cases",
    "prior": "Who has reviewed these labs before",
    "agencies": "The agencies",
}


def facts_for(wanted: Iterable, *, at: datetime) -> Facts:
    """Everything a matching knows about ``wanted``: rows or objects with submission, domain, seats and lead.

    A reviewer's id is their membership's, a case's and an agency's their own.
    """
    wanted = list(wanted)
    cases = list({need.submission.pk: need.submission for need in wanted}.values())
    members = _members()
    people = [member.user for member in members]
    loads = Counter(
        Assignment.objects.live(at=at).filter(reviewer__in=people).order_by().values_list("reviewer", flat=True)
    )  # fmt: skip
    barred = _barred(members, cases, at)
    labs = [case.lab_id for case in cases]
    before = set(
        Assignment.objects.filter(submission__lab__in=labs, reviewer__in=people, attested_at__isnull=False)
        .exclude(submission__in=cases)
        .order_by()
        .values_list("reviewer", "submission__lab")
    )
    kept_out = _kept_out(members)
    return Facts(
        needs=tuple(Need(str(need.submission.pk), need.domain, need.seats, need.lead) for need in wanted),
        reviewers=tuple(_reviewer(one, loads[one.user_id], kept_out.get(one.pk)) for one in members),
        barred=frozenset(barred),
        prior=frozenset(
            (str(one.pk), str(case.pk)) for one in members for case in cases if (one.user_id, case.lab_id) in before
        ),
        agencies=frozenset(
            str(pk) for pk in Organisation.objects.filter(kind=Kind.AGENCY).order_by().values_list("pk", flat=True)
        ),
    )  # fmt: skip


def changes_since(run: MatchingRun, *, at: datetime) -> list[str]:
    """Which parts of a run's facts are others by now, in words."""
    now = digests(facts_for(run.needs.select_related("submission"), at=at))
    return [words for part, words in PARTS.items() if now[part] != run.digests[part]]


def _members() -> Sequence[Membership]:
    rows = Membership.objects.filter(
        role=Role.REVIEWER, ended_at=None, organisation__kind=Kind.AGENCY, user__is_active=True
    )
    joined = rows.select_related("user", "organisation", "reviewer_profile")
    return list(joined.order_by("since", "pk"))


def _kept_out(members: Sequence[Membership]) -> dict:
    """Who is considered for no case: without a profile, or for another of the agencies that the person reviews for."""
    found: dict = {}
    considered = set()
    for one in members:
        if not hasattr(one, "reviewer_profile"):
            found[one.pk] = Bar.NO_PROFILE
        elif one.user_id in considered:
            found[one.pk] = Bar.OTHER_AGENCY
        else:
            considered.add(one.user_id)
    return found


def _reviewer(member: Membership, load: int, kept_out: Bar | None) -> Reviewer:
    if kept_out == Bar.NO_PROFILE:
        return Reviewer(str(member.pk), str(member.organisation_id), kept_out=kept_out)
    profile = member.reviewer_profile
    return Reviewer(
        str(member.pk), str(member.organisation_id), frozenset(profile.domains), load, profile.cap, kept_out
    )


def _barred(members: Sequence[Membership], cases: list[Submission], at: datetime):
    """(reviewer, case, why): one reason a pair, the gravest."""
    here = Assignment.objects.filter(submission__in=cases, reviewer__in=[one.user_id for one in members])
    seated = here.in_state(*LIVE, at=at).order_by().values_list("reviewer", "submission")
    declined = here.in_state(AssignmentState.DECLINED, at=at).order_by().values_list("reviewer", "submission")
    reasons = dict.fromkeys(declined, Bar.DECLINED)
    reasons |= dict.fromkeys(seated, Bar.SEATED)
    reasons |= dict.fromkeys(policies.conflicts([one.user for one in members], cases), Bar.CONFLICT)
    for one in members:
        for case in cases:
            if (one.user_id, case.pk) in reasons:
                yield str(one.pk), str(case.pk), reasons[one.user_id, case.pk]
