"""The questions of agencies about a case: the lab's queue, and the page on which it answers."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from portal import clock
from portal.doors import page_of
from portal.errors import Stale
from portal.submissions import policies
from portal.submissions.actions import questions as actions
from portal.submissions.forms import AnswerForm
from portal.submissions.models import Document, InformationRequest, Submission
from portal.submissions.states import RequestState
from portal.submissions.threads import thread
from portal.submissions.views.base import lab_page, page, posted_revision, take, the_case

ALL = "all"


def _of(request: HttpRequest, case: Submission) -> QuerySet[InformationRequest]:
    return InformationRequest.objects.visible_to(request.user).filter(submission=case)


@lab_page()
def questions(request: HttpRequest, case_number: str) -> HttpResponse:
    """The case's questions: those that are open, the earliest date first; with ``?show=all`` every one, the newest first."""
    case, at = the_case(request, case_number), clock.now()
    everything = request.GET.get("show") == ALL
    found = _of(request, case).in_short()
    if everything:
        found = found.order_by("-number")
    else:
        found = found.in_state(RequestState.ASKED, at=at).order_by("due_at", "number")
    shown = page_of(request, found)
    for question in shown.object_list:
        question.submission = case
    return page(
        request,
        "lab/questions.html",
        case,
        look="listed_questions",
        page=shown,
        everything=everything,
        goes_on=policies.takes_questions(case, at=at),
    )


@lab_page("GET", "POST")
def question(request: HttpRequest, case_number: str, number: int) -> HttpResponse:
    """One question, everything that was said to it, and the lab's answer. A stale form is refused and its words are kept."""
    case = the_case(request, case_number)
    found = _the_question(request, case, number)
    posted = request.method == "POST"
    if posted and not policies.may_take_question(request.user, found, "answer"):
        raise PermissionDenied(
            "You can read this question. Your lab's administrators and contributors answer."
        )
    documents = list(Document.objects.visible_to(request.user).filter(submission=case))
    form = AnswerForm(
        *((request.POST, request.FILES) if posted else ()),
        documents=documents,
        takes_file=case.state in policies.EDITS["add_document"].states,
    )
    done = posted and take(
        request,
        form,
        lambda: actions.answer(
            actor=request.user,
            question=found,
            text=form.cleaned_data["text"],
            documents=form.named,
            upload=request.FILES.get("file"),
            expected_revision=posted_revision(request.POST),
            **form.marking,
        ),
        done="Your answer was given. The agencies that asked have been told.",
        to=reverse("lab:question", args=[case.case_number, found.number]),
    )
    if done:
        return done
    stale = isinstance(getattr(form, "refusal", None), Stale)
    if posted:
        # What happened meanwhile is shown with the refusal.
        found = _the_question(request, case, number)
    return page(
        request,
        "lab/question.html",
        case,
        look="viewed_questions",
        form=form,
        question=found,
        thread=thread(found, documents=[document.pk for document in documents], for_lab=True),
        question_revision=found.revision if stale or not posted else posted_revision(request.POST),
        may_answer="answer" in policies.open_question_verbs(request.user, found),
    )


def _the_question(request: HttpRequest, case: Submission, number: int) -> InformationRequest:
    if number > 2**31 - 1:
        raise Http404
    found = get_object_or_404(_of(request, case).whole(), number=number)
    found.submission = case
    return found
