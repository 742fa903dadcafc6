"""The lab's pages of the agency's side: assessments shared with it, its inquiries, the designations about its models."""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal.accounts.models import Kind, Organisation, Role
from portal.doors import answer, page_of, verb_post
from portal.errors import Stale
from portal.stepup import confirmed
from portal.submissions.forms import BareForm
from portal.submissions.panels import areas_of
from portal.submissions.views.base import lab_page, page, posted_revision, take, the_case
from reviews import actions, looks, policies, steps
from reviews.evidence.reading import evidence_of
from reviews.forms import InquiryForm, NewInquiryForm, ResponseForm, RetestAnswerForm
from reviews.models import Assessment, Designation, Inquiry, Retest
from reviews.readers import looks_at
from reviews.reporting import report_of
from reviews.rubrics import answers_of, unanswered_words

LOOKS_SHOWN = 20
LAB_SIDES = {
    "lab": "Yours",
    "agency": "The agency's",
    "only_lab": "Only yours",
    "only_agency": "Only the agency's",
}


def _own_labs(request: HttpRequest) -> list[UUID]:
    return request.user.organisations_as(Kind.LAB)


# --- assessments ------------------------------------------------------------------------------------------------------


def _shared(request: HttpRequest, case) -> QuerySet[Assessment]:
    return Assessment.objects.visible_to(request.user).filter(submission=case).for_lab()


@lab_page()
def assessments(request: HttpRequest, case_number: str) -> HttpResponse:
    """The assessments of a case that were shared with its lab."""
    case = the_case(request, case_number)
    shown = page_of(request, _shared(request, case))
    return page(request, "reviews/lab/assessments.html", case, look=looks.VERB, page=shown)


@lab_page()
@confirmed
def report_pdf(request: HttpRequest, case_number: str) -> HttpResponse:
    """Everything that was shared with the lab, as one PDF; that it was taken is a look."""
    return report_of(the_case(request, case_number), actor=request.user)


@lab_page("GET", "POST")
def assessment(request: HttpRequest, case_number: str, assessment_id: UUID) -> HttpResponse:
    """One assessment, and the lab's response to it."""
    case = the_case(request, case_number)
    found = get_object_or_404(_shared(request, case), pk=assessment_id)
    posted = request.method == "POST"
    form = ResponseForm(request.POST if posted else None)
    done = posted and take(
        request,
        form,
        lambda: actions.respond(
            actor=request.user,
            assessment=found,
            response=form.cleaned_data["response"],
            asks_retest=form.cleaned_data["asks_retest"],
            expected_revision=posted_revision(request.POST),
        ),
        done="Your response was sent. The reviewers read it beside their findings.",
        to=reverse("lab_reviews:assessment", args=[case.case_number, found.pk]),
    )
    if done:
        return done
    found = get_object_or_404(_shared(request, case).with_answers().with_retests(), pk=assessment_id)
    answers = answers_of(found)
    return page(
        request,
        "reviews/lab/assessment.html",
        case,
        look=looks.VERB,
        form=form,
        assessment=found,
        assessment_revision=found.revision
        if _is_stale(form) or not posted
        else posted_revision(request.POST),
        answers=answers,
        unanswered=unanswered_words(answers),
        versions=found.versions_read.unfrozen().select_related("document"),
        evidence=evidence_of(request.user, found),
        evidence_sides=LAB_SIDES,
        may_respond="respond" in policies.open_verbs(request.user, found),
        may_answer="lab" in policies.capacities(request.user, found),
    )


@lab_page("GET", "POST")
def answer_retest(
    request: HttpRequest, case_number: str, assessment_id: UUID, retest_id: UUID
) -> HttpResponse:
    """One retest, and the lab's answer to it."""
    case = the_case(request, case_number)
    found = get_object_or_404(_shared(request, case), pk=assessment_id)
    retests = Retest.objects.visible_to(request.user).filter(assessment=found).in_order()
    retest = get_object_or_404(retests, pk=retest_id)
    if "lab" not in policies.capacities(request.user, found):
        raise PermissionDenied("Administrators and contributors of the lab answer a retest.")
    form = RetestAnswerForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.answer_retest(actor=request.user, retest=retest, text=form.cleaned_data["text"]),
        done="Your answer was sent. The reviewers read it beside the retest.",
        to=reverse("lab_reviews:assessment", args=[case.case_number, found.pk]),
    )
    if done:
        return done
    context = {"assessment": found, "retest": retest}
    return page(request, "reviews/lab/answer_retest.html", case, look=looks.VERB, form=form, **context)


def _is_stale(form: Any) -> bool:
    return isinstance(getattr(form, "refusal", None), Stale)


# --- inquiries --------------------------------------------------------------------------------------------------------


def _own_inquiries(request: HttpRequest) -> QuerySet[Inquiry]:
    own = Inquiry.objects.visible_to(request.user).filter(lab_id__in=_own_labs(request))
    return own.for_lab()


def _the_inquiry(request: HttpRequest, number: str) -> Inquiry:
    return get_object_or_404(_own_inquiries(request), number=number)


def _inquiry_url(inquiry: Inquiry) -> str:
    return reverse("lab_reviews:inquiry", args=[inquiry.number])


def _writes(request: HttpRequest) -> list[UUID]:
    """The labs for which the person writes; 403 to who only reads."""
    found = request.user.organisations_as(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR)
    if not found:
        raise PermissionDenied("Administrators and contributors of a lab write its inquiries.")
    return found


@lab_page()
def inquiries(request: HttpRequest) -> HttpResponse:
    """The inquiries of the person's labs, newest first."""
    shown = page_of(request, _own_inquiries(request))
    looks.read_inquiries(actor=request.user, inquiries=shown.object_list, verb="listed")
    context = {
        "areas": areas_of(request),
        "page": shown,
        "several_labs": len(_own_labs(request)) > 1,
        "may_ask": request.user.has_seat(Kind.LAB, Role.ADMIN, Role.CONTRIBUTOR),
    }
    return render(request, "reviews/lab/inquiries.html", context)


@lab_page("GET", "POST")
def new_inquiry(request: HttpRequest) -> HttpResponse:
    """Begin an inquiry, seen by the lab alone. The form's key makes a double click one draft."""
    labs = Organisation.objects.filter(pk__in=_writes(request)).order_by("name")
    form = NewInquiryForm(request.POST if request.method == "POST" else None, labs=labs)
    key = _key(request)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.create_inquiry(actor=request.user, lab=form.lab, values=form.values, key=key),
        done="The draft is saved. Only your lab sees it.",
        to=_inquiry_url,
    )
    return done or answer(request, "reviews/lab/inquiry_form.html", {"key": key}, form=form)


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


@lab_page("GET", "POST")
def edit_inquiry(request: HttpRequest, number: str) -> HttpResponse:
    """Edit a draft. A form older than the draft is refused, with what changed; the text stays in the form."""
    found = _the_inquiry(request, number)
    _writes(request)
    now = {name: getattr(found, name) for name in Inquiry.TEXTS}
    form = InquiryForm(request.POST if request.method == "POST" else None, initial=now)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.save_inquiry(
            actor=request.user,
            inquiry=found,
            values=form.values,
            expected_revision=posted_revision(request.POST),
        ),
        done="The draft is saved. Only your lab sees it.",
        to=_inquiry_url(found),
    )
    if done:
        return done
    found = _the_inquiry(request, number)
    looks.read_inquiries(actor=request.user, inquiries=[found])
    posted = form.is_bound and not _is_stale(form)
    context = {"inquiry": found, "revision": posted_revision(request.POST) if posted else found.revision}
    return answer(request, "reviews/lab/inquiry_form.html", context, form=form)


@lab_page()
def inquiry(request: HttpRequest, number: str) -> HttpResponse:
    """One inquiry: where it stands, what comes next, the answer, and who outside the lab looked at it."""
    found = _the_inquiry(request, number)
    looks.read_inquiries(actor=request.user, inquiries=[found])
    context = {
        "inquiry": found,
        "can": policies.open_verbs(request.user, found),
        "steps": steps.inquiry_steps(found),
        "next": steps.inquiry_next(found),
        "designations": Designation.objects.visible_to(request.user).filter(inquiry=found).for_lab(),
        "looks": looks_at(found)[:LOOKS_SHOWN],
    }
    return render(request, "reviews/lab/inquiry.html", context)


@lab_page("POST")
def submit_inquiry(request: HttpRequest, number: str) -> HttpResponse:
    """Hand the draft in, by one button."""
    found = _the_inquiry(request, number)
    return verb_post(
        request,
        lambda: actions.inquiries.submit(
            actor=request.user, inquiry=found, expected_revision=posted_revision(request.POST)
        ),
        done="The inquiry was submitted. You are told of each step.",
        back=_inquiry_url(found),
    )


@lab_page("GET", "POST")
def withdraw_inquiry(request: HttpRequest, number: str) -> HttpResponse:
    """Take an inquiry back: a page that says what follows, then one button."""
    found = _the_inquiry(request, number)
    form = BareForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.inquiries.withdraw(
            actor=request.user, inquiry=found, expected_revision=posted_revision(request.POST)
        ),
        done="The inquiry was withdrawn.",
        to=_inquiry_url(found),
    )
    if done:
        return done
    found = _the_inquiry(request, number)
    looks.read_inquiries(actor=request.user, inquiries=[found])
    context = {"inquiry": found, "open": "withdraw" in policies.open_verbs(request.user, found)}
    return answer(request, "reviews/lab/withdraw_inquiry.html", context, form=form)


# --- designations -----------------------------------------------------------------------------------------------------


def _own_designations(request: HttpRequest) -> QuerySet[Designation]:
    own = Designation.objects.visible_to(request.user).filter(lab_id__in=_own_labs(request))
    return own.for_lab()


@lab_page()
def designations(request: HttpRequest) -> HttpResponse:
    """The designations about the labs' models that were confirmed and are shared with them."""
    context = {"areas": areas_of(request), "page": page_of(request, _own_designations(request))}
    return render(request, "reviews/lab/designations.html", context)


@lab_page()
def designation(request: HttpRequest, designation_id: UUID) -> HttpResponse:
    """One designation."""
    found = get_object_or_404(_own_designations(request), pk=designation_id)
    return render(request, "reviews/lab/designation.html", {"designation": found})
