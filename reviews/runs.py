"""A run of matching as pages and programs tell it: ids put into names, in a few statements."""

from collections.abc import Iterable
from typing import Any

from portal.accounts.models import Membership, Organisation
from reviews.models import Domain, MatchingRun

LABELS = dict(Domain.choices)


def told(run: MatchingRun) -> dict[str, list[dict[str, Any]]]:
    """The needs, pairs, exclusions and empty seats of a run, each with its reasons and, once there are some, its outcomes."""
    needs = list(run.needs.select_related("submission"))
    numbers = {str(need.submission_id): need.submission.case_number for need in needs}
    exclusions, unmet = run.result["exclusions"], run.result["unmet"]
    remedies = [remedy for one in unmet for remedy in one["remedies"]]
    people = _people([*exclusions, *remedies])
    agencies = {
        str(key): agency.name
        for key, agency in Organisation.objects.in_bulk(
            [one["agency"] for one in remedies if one["agency"]]
        ).items()
    }
    return {
        "needs": [
            {
                "case": str(need.submission_id),
                "case_number": need.submission.case_number,
                "domain": need.domain,
                "seats": need.seats,
                "lead": need.lead,
            }
            for need in needs
        ],
        "pairs": [_pair(pair) for pair in _pairs(run)],
        "exclusions": [
            one | people[one["reviewer"]] | {"case_number": numbers.get(one["case"], "")}
            for one in exclusions
        ],
        "unmet": [
            one
            | {
                "case_number": numbers[one["case"]],
                "domain_name": LABELS[one["domain"]],
                "remedies": [
                    {"reviewer_name": "", "agency_name": agencies.get(remedy["agency"], "")}
                    | remedy
                    | people.get(remedy["reviewer"], {})
                    for remedy in one["remedies"]
                ],
            }
            for one in unmet
        ],
    }


def _pairs(run: MatchingRun):
    joined = run.pairs.select_related("submission", "reviewer", "agency").prefetch_related("outcomes")
    return joined.order_by("submission__case_number", "role", "domain", "reviewer__name", "pk")


def _pair(pair) -> dict[str, Any]:
    return {
        "case": str(pair.submission_id),
        "case_number": pair.submission.case_number,
        "domain": pair.domain,
        "domain_name": pair.get_domain_display(),
        "role": pair.role,
        "role_name": pair.get_role_display(),
        "reviewer": str(pair.reviewer_id),
        "reviewer_name": pair.reviewer.name,
        "agency": str(pair.agency_id),
        "agency_name": pair.agency.name,
        "why": pair.why,
        "outcomes": [
            {
                "step": outcome.step,
                "done": outcome.done,
                "assignment": str(outcome.assignment_id) if outcome.assignment_id else None,
                "words": outcome.words,
            }
            for outcome in pair.outcomes.all()
        ],
    }


def _people(rows: Iterable[dict]) -> dict[str, dict[str, str]]:
    """By membership: whose it is. The run's own ids name memberships; pages and programs name persons."""
    wanted = {row["reviewer"] for row in rows if row["reviewer"]}
    members = Membership.objects.filter(pk__in=wanted).select_related("user", "organisation").order_by()
    return {
        str(one.pk): {
            "reviewer": str(one.user_id),
            "reviewer_name": one.user.name,
            "agency_name": one.organisation.name,
        }
        for one in members
    }
