"""The lab's steps on a submitted case: correct, provide access, move dates, record the release, withdraw."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from portal import clock
from portal.doors import attempt, refuse
from portal.errors import Refused
from portal.stepup import confirmed
from portal.submissions import actions, history, looks, sight
from portal.submissions.forms import BareForm, DatesForm, FactsForm, InstructionsForm
from portal.submissions.models import Facts, Submission
from portal.submissions.preview import preview
from portal.submissions.states import State
from portal.submissions.views.base import case_url, lab_page, not_now, page, posted_revision, take, the_case

MOVED = "The dates were moved. Window, grants and reminders follow them now, and everyone concerned is told."
ENDED_STAYS = (
    "The dates were moved. Grants and their reminders follow them now, the access window has ended and stays as it was, "
    "and everyone concerned is told."
)


@lab_page("GET", "POST")
def correct(request: HttpRequest, case_number: str) -> HttpResponse:
    """A new version of the facts of a submitted case."""
    case = the_case(request, case_number)
    now = {name: getattr(case.facts, name) for name in Facts.TEXTS}
    form = FactsForm(request.POST if request.method == "POST" else None, initial=now)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.correct_facts(
            actor=request.user,
            submission=case,
            facts=form.facts,
            expected_revision=posted_revision(request.POST),
        ),
        done="The new version of the facts was saved. The earlier ones stay.",
        to=case_url(case),
    )
    return (
        done
        or not_now(request, case, "correct_facts", typed=form.is_bound)
        or page(
            request,
            "lab/correct.html",
            the_case(request, case_number),
            look="viewed_facts",
            form=form,
            asked=history.asked_correction(case),
        )
    )


@lab_page("GET", "POST")
def provide_access(request: HttpRequest, case_number: str) -> HttpResponse:
    """Give access instructions, or replace them. What was typed comes back on a refusal, and is kept nowhere else."""
    case = the_case(request, case_number)
    form = InstructionsForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.provide_access(
            actor=request.user,
            submission=case,
            instructions=form.cleaned_data["instructions"],
            expected_revision=posted_revision(request.POST),
        ),
        done="The access instructions were stored. Nobody outside your lab reads them before the window opens.",
        to=case_url(case),
    )
    return (
        done
        or not_now(request, case, "provide_access", typed=form.is_bound)
        or page(
            request, "lab/provide_access.html", the_case(request, case_number), look="viewed_case", form=form
        )
    )


@lab_page("POST")
@never_cache
@confirmed
def reveal(request: HttpRequest, case_number: str) -> HttpResponse:
    """The newest access instructions in clear, on a page of their own that no cache keeps; the look is recorded."""
    case = the_case(request, case_number)
    form = BareForm(request.POST)
    text = attempt(request, form, lambda: actions.reveal_instructions(actor=request.user, submission=case))
    newest = case.instructions.defer("sealed").first()
    context = {"submission": case, "text": text, "newest": newest, "form": form}
    refusal = getattr(form, "refusal", None)
    if refusal:
        # No secret was shown, but the page still names the case and its model.
        looks.looked(actor=request.user, submission=case, verb="viewed_case")
    return render(request, "lab/reveal.html", context, status=refusal.status if refusal else 200)


@lab_page("GET", "POST")
def move_dates(request: HttpRequest, case_number: str) -> HttpResponse:
    """New planned dates: a form, then a page with all consequences, then the step."""
    case = the_case(request, case_number)
    now = {name: getattr(case, name) for name in DatesForm.instants}
    form = DatesForm(request.POST if request.method == "POST" else None, user=request.user, initial=now)
    if "confirm" in request.POST:
        done = take(
            request,
            form,
            lambda: actions.move_dates(
                actor=request.user,
                submission=case,
                planned_public_release=form.cleaned_data["planned_public_release"],
                planned_partner_release=form.cleaned_data["planned_partner_release"],
                expected_revision=posted_revision(request.POST),
            ),
            done=ENDED_STAYS if case.state == State.ENDED else MOVED,
            to=case_url(case),
        )
        if done:
            return done
    if away := not_now(request, case, "move_dates", typed="confirm" in request.POST):
        return away
    case = the_case(request, case_number)
    if "preview" in request.POST and form.is_valid() and (shown := _preview(request, form, case)):
        return shown
    return page(request, "lab/move_dates.html", case, look="viewed_dates", form=form)


def _preview(request: HttpRequest, form: DatesForm, case: Submission) -> HttpResponse | None:
    """The page of consequences; None, with the reason on the form, for dates that cannot be."""
    dates = form.cleaned_data
    try:
        found = preview(
            case,
            public=dates["planned_public_release"],
            partner=dates["planned_partner_release"],
            at=clock.now(),
        )
    except Refused as error:
        refuse(form, error)
        return None
    kept = [
        (name, value) for name, value in request.POST.items() if name.startswith("planned_") or name == "zone"
    ]
    return page(
        request, "lab/move_dates_preview.html", case, look="viewed_dates", form=form, preview=found, kept=kept
    )


def _leaving(request: HttpRequest, case_number: str, *, verb: str, action, done: str) -> HttpResponse:
    """A page that says what will happen, and the step."""
    case = the_case(request, case_number)
    form = BareForm(request.POST if request.method == "POST" else None)
    taken = form.is_bound and take(
        request,
        form,
        lambda: action(actor=request.user, submission=case, expected_revision=posted_revision(request.POST)),
        done=done,
        to=case_url(case),
    )
    if taken or (taken := not_now(request, case, verb)):
        return taken
    case, at = the_case(request, case_number), clock.now()
    return page(
        request,
        f"lab/{verb}.html",
        case,
        look="viewed_case",
        form=form,
        now=at,
        outsiders=sight.outsiders(case, at=at),
        back=reverse("lab:case", args=[case.case_number]),
    )


@lab_page("GET", "POST")
def release(request: HttpRequest, case_number: str) -> HttpResponse:
    """Record that the model was released."""
    done = "Your release is recorded. Access under this case has ended, and everyone concerned is told."
    return _leaving(request, case_number, verb="release", action=actions.release, done=done)


@lab_page("GET", "POST")
def withdraw(request: HttpRequest, case_number: str) -> HttpResponse:
    """Withdraw in one step; no reason is asked."""
    done = "The case is withdrawn. All access under it ended with it."
    return _leaving(request, case_number, verb="withdraw", action=actions.withdraw, done=done)
