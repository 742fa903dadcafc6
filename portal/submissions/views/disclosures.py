"""The lab's inbox of disclosure notices, and the page on which it answers one."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal.accounts.models import Kind
from portal.doors import page_of
from portal.errors import Stale
from portal.submissions import looks, policies
from portal.submissions.actions import disclosures as actions
from portal.submissions.forms import DisclosureAnswerForm
from portal.submissions.models import DisclosureNotice, Document, Submission
from portal.submissions.panels import areas_of
from portal.submissions.statements import statements
from portal.submissions.states import DISCLOSURE
from portal.submissions.views.base import lab_page, own_cases, page, posted_revision, take, the_case

ALL = "all"
ANSWERS: dict[str, Callable[..., DisclosureNotice]] = {
    "object": actions.object_to,
    "not_object": actions.not_object,
}


def _own(request: HttpRequest) -> QuerySet[DisclosureNotice]:
    """Notices about the cases of the person's labs."""
    return DisclosureNotice.objects.visible_to(request.user).filter(
        submission__in=own_cases(request.user).order_by().values("pk")
    )


@lab_page()
def inbox(request: HttpRequest) -> HttpResponse:
    """The notices about every case of the person's labs: those still open, the earliest date first; ``?show=all`` every one."""
    everything = request.GET.get("show") == ALL
    found = _own(request).in_short()
    if everything:
        found = found.order_by("-given_at", "id")
    else:
        found = found.exclude(stored_state__in=DISCLOSURE.terminal).order_by("due_at", "id")
    shown = page_of(request, found)
    cases = {row.submission_id: row.submission for row in shown.object_list}
    looks.listed(actor=request.user, submissions=cases.values(), verb="listed_disclosures")
    context = {
        "areas": areas_of(request),
        "page": shown,
        "everything": everything,
        "several_labs": len(request.user.organisations_as(Kind.LAB)) > 1,
    }
    return render(request, "lab/disclosures.html", context)


@lab_page("GET", "POST")
def notice(request: HttpRequest, case_number: str, number: int) -> HttpResponse:
    """One notice, everything that was said to it, and the lab's answer. A stale form is refused and its words are kept."""
    case = the_case(request, case_number)
    found = _the_notice(request, case, number)
    posted = request.method == "POST"
    if posted and not any(policies.may_take_notice(request.user, found, verb) for verb in ANSWERS):
        raise PermissionDenied("You can read this notice. Your lab's administrators and contributors answer.")
    form = DisclosureAnswerForm(request.POST if posted else None)
    done = posted and take(
        request,
        form,
        lambda: ANSWERS[form.cleaned_data["answer"]](
            actor=request.user,
            notice=found,
            reason=form.cleaned_data["reason"],
            expected_revision=posted_revision(request.POST),
        ),
        done="Your lab's answer was given. The agency has been told.",
        to=reverse("lab:disclosure", args=[case.case_number, found.number]),
    )
    if done:
        return done
    stale = isinstance(getattr(form, "refusal", None), Stale)
    if posted:
        # What happened meanwhile is shown with the refusal.
        found = _the_notice(request, case, number)
    named = [document.pk for document in found.documents.all()]
    return page(
        request,
        "lab/disclosure.html",
        case,
        look="viewed_disclosures",
        form=form,
        notice=found,
        documents=list(Document.objects.visible_to(request.user).filter(pk__in=named)),
        statements=statements(found, for_lab=True),
        notice_revision=found.revision if stale or not posted else posted_revision(request.POST),
        may_answer="object" in policies.open_notice_verbs(request.user, found),
    )


def _the_notice(request: HttpRequest, case: Submission, number: int) -> DisclosureNotice:
    if number > 2**31 - 1:
        raise Http404
    found = get_object_or_404(_own(request).filter(submission=case).whole(), number=number)
    found.submission = case
    return found
