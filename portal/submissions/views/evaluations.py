"""Evaluations as rows: one written by hand, and one taken back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.doors import verb_post
from portal.submissions import actions, policies
from portal.submissions.forms import EvaluationForm
from portal.submissions.models import Evaluation, Submission
from portal.submissions.states import State
from portal.submissions.views.base import case_url, lab_page, not_now, page, step_url, take, the_case
from portal.submissions.wizard import BY_KEY


def evaluations_url(case: Submission) -> str:
    """Where a case's evaluations stand: the step of a draft, or their part of the case's page."""
    if case.state == State.DRAFT:
        return step_url(case, BY_KEY["evaluations"])
    return case_url(case) + "#evaluations"


@lab_page("GET", "POST")
def add(request: HttpRequest, case_number: str) -> HttpResponse:
    """Write one evaluation by hand. A button asks for one more row of results; nothing is stored by that."""
    case = the_case(request, case_number)
    wish = request.POST.get("do", "")
    form = _form(request, case, wish)
    taken = (
        form.is_bound
        and form.judged
        and take(
            request,
            form,
            lambda: actions.add_evaluations(actor=request.user, submission=case, rows=[form.row]),
            done="The evaluation was added.",
            to=case_url(case, "add_evaluation") if wish == "another" else evaluations_url(case),
        )
    )
    typed = form.is_bound and policies.may_edit(request.user, case, "add_evaluations")
    if taken or (taken := not_now(request, case, "add_evaluations", typed=typed)):
        return taken
    return page(
        request,
        "lab/add_evaluation.html",
        case,
        look="viewed_draft" if case.state == State.DRAFT else "viewed_case",
        form=form,
        back=evaluations_url(case),
    )


def _form(request: HttpRequest, case: Submission, wish: str) -> EvaluationForm:
    """The form as posted; where a row was asked for, as it was typed with one more, and nothing is judged yet."""
    if request.method != "POST":
        return EvaluationForm.on(case.facts, user=request.user)
    counted = request.POST.get("rows", "")
    rows = int(counted) if counted.isdecimal() and len(counted) < 4 else 0
    more = wish == "more"
    return EvaluationForm(request.POST, user=request.user, rows=rows + more, judged=not more)


@lab_page("POST")
def take_back(request: HttpRequest, case_number: str, evaluation_id: UUID) -> HttpResponse:
    """Take a row of results back; it stays on record."""
    case = the_case(request, case_number)
    if away := not_now(request, case, "take_back_evaluation"):
        return away
    row = get_object_or_404(Evaluation.objects.visible_to(request.user), pk=evaluation_id, submission=case)
    return verb_post(
        request,
        lambda: actions.take_back_evaluation(actor=request.user, evaluation=row),
        done="The evaluation was taken back. It stays on record as taken back.",
        back=evaluations_url(case),
    )
