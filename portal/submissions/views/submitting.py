"""The end of a draft: it is looked over, submitted, and received."""

from django.http import HttpRequest, HttpResponse

from portal import clock
from portal.doors import see_other
from portal.submissions import actions, history, receipts, wizard
from portal.submissions.forms import BareForm
from portal.submissions.missing import missing
from portal.submissions.models import Submission
from portal.submissions.next_steps import road_ahead
from portal.submissions.people import public_names
from portal.submissions.views.base import (
    case_url,
    lab_page,
    not_now,
    page,
    posted_revision,
    step_url,
    take,
    the_case,
)


@lab_page("GET", "POST")
def review(request: HttpRequest, case_number: str) -> HttpResponse:
    """The draft as it would be received, and everything that is still missing; from here it is submitted."""
    case = the_case(request, case_number)
    form = BareForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.submit(
            actor=request.user, submission=case, expected_revision=posted_revision(request.POST)
        ),
        done="Your submission was received.",
        to=case_url(case, "receipt"),
    )
    if done:
        return done
    if away := not_now(request, case, "submit"):
        return away
    return page(
        request,
        "lab/review.html",
        the_case(request, case_number),
        look="viewed_draft",
        form=form,
        lacks=[(lack, _link(case, lack.field)) for lack in missing(case, at=clock.now())],
        documents=history.documents_of(case),
        evaluations=history.evaluations_of(case),
        contacts=list(case.contacts.standing()),
        first_open=step_url(case, wizard.first_open(case, at=clock.now())),
    )


def _link(case: Submission, field: str) -> str:
    """Where a field is written: its step of the form, at that field."""
    return f"{step_url(case, wizard.step_of(field))}#id_{field}"


@lab_page()
def receipt(request: HttpRequest, case_number: str) -> HttpResponse:
    """What was received, as it was then, and what follows; to print and keep."""
    case = the_case(request, case_number)
    found = receipts.receipt(case)
    if found is None:
        return see_other(case_url(case))
    by = public_names(case, [found.actor_id])[found.actor_id] if found.actor_id else ""
    at = clock.now()
    return page(
        request,
        "lab/receipt.html",
        case,
        look="viewed_receipt",
        receipt=found,
        by=by,
        facts=case.facts_versions.order_by("number").first(),
        steps=road_ahead(case, at=at),
        now=at,
    )
