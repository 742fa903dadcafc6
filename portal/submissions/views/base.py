"""What the lab's pages share: finding the case, recording the look, taking a step once."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods

from portal.accounts.models import Kind
from portal.doors import answer, attempt, see_other
from portal.errors import AlreadyDone, NotAllowed, Refused, Stale
from portal.submissions import looks, policies
from portal.submissions.models import Submission
from portal.submissions.wizard import Step

# How long the answer to a posted form is remembered for a second, equal one.
REPEAT_SECONDS = 600


def lab_page(*methods: str) -> Callable:
    """A page of the lab's side: for signed-in persons with a seat in a lab; to everyone else it does not exist."""

    def wrap(view: Callable) -> Callable:
        @require_http_methods(methods or ("GET", "HEAD"))
        @login_required
        @functools.wraps(view)
        def seated(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.has_seat(Kind.LAB):
                raise Http404
            return view(request, *args, **kwargs)

        return seated

    return wrap


def own_cases(user):
    """The cases of a person's own labs, within what the audience shows them."""
    return Submission.objects.visible_to(user).filter(lab_id__in=user.organisations_as(Kind.LAB))


def the_case(
    request: HttpRequest, case_number: str, also: Callable[[QuerySet], QuerySet] | None = None
) -> Submission:
    """The case of this number, if it is one of the person's labs' cases; else 404. ``also`` reads more along with it."""
    found = own_cases(request.user).select_related("facts", "lab", "checkpoint").with_markings()
    return get_object_or_404(also(found) if also else found, case_number=case_number)


def open_to(request: HttpRequest, case: Submission) -> set[str]:
    """What this person can do with the case now: verbs of the state table and edits. Buttons are made from it."""
    return policies.open_steps(request.user, case)


def not_now(request: HttpRequest, case: Submission, step: str, *, typed: bool = False) -> HttpResponse | None:
    """None where the step is open. Else a way back to the case, saying why; 403 to a person who never takes it.

    ``typed``: the person has written something, so the form comes back with the refusal on it instead.
    """
    if typed or step in open_to(request, case):
        return None
    if "lab" not in policies.capacities(request.user, case):
        raise PermissionDenied("You can read this case. Its administrators and contributors take its steps.")
    messages.info(request, f"This case is {case.state.label.lower()}, so this step cannot be taken now.")
    return see_other(case_url(case))


def case_url(case: Submission, page: str = "case") -> str:
    return reverse(f"lab:{page}", args=[case.case_number])


def step_url(case: Submission, step: Step | None) -> str:
    """Where a step of the draft is written; with none, all of them."""
    if step is None:
        return case_url(case, "edit")
    return reverse("lab:edit_step", args=[case.case_number, step.key])


def posted_revision(data: QueryDict) -> int:
    """The revision a form was made from; one that is missing or no number counts as older than all."""
    raw = data.get("revision", "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else 0


def page(
    request: HttpRequest,
    template: str,
    case: Submission,
    *,
    look: str,
    form: BaseForm | None = None,
    fresh: bool = False,
    **context: Any,
) -> HttpResponse:
    """A page about a case. The look is recorded with it; a refused form answers with its status and shows what changed.

    ``fresh``: the posted form was saved, so the page speaks of the case as it is now.
    """
    looks.looked(actor=request.user, submission=case, verb=look)
    form = form or _no_form()
    stale = isinstance(getattr(form, "refusal", None), Stale)
    posted = posted_revision(request.POST) if request.method == "POST" and form.is_bound else case.revision
    shown = {
        "submission": case,
        # Once it has been said what changed, the next attempt is made in knowledge of it.
        "revision": case.revision if stale or fresh else posted,
        "saved_meanwhile": form.saved(case) if stale and hasattr(form, "saved") else [],
    }
    return answer(request, template, shown | context, form=form)


def _no_form() -> BaseForm:
    from portal.submissions.forms import BareForm

    return BareForm()


def take(
    request: HttpRequest,
    form: BaseForm,
    call: Callable[[], Any],
    *,
    done: str,
    to: str | Callable[[Any], str],
) -> HttpResponse | None:
    """Run one action for a valid form. A redirect when it is done, or was done by an equal form just before; else None.

    The second of two equal posts is refused by the action (the case has moved on); it lands where the first one did.
    """
    if not form.is_valid():
        return None
    result = attempt(request, form, call)
    key = _fingerprint(request)
    if getattr(form, "refusal", None) is None:
        target = to if isinstance(to, str) else to(result)
        # Before the commit, so that a twin waiting for the case's lock finds it there.
        cache.set(key, target, REPEAT_SECONDS)
        messages.success(request, done)
        return see_other(target)
    return _refused(request, form.refusal, cache.get(key), to)


def _refused(
    request: HttpRequest, refusal: Refused, twin: str | None, to: str | Callable
) -> HttpResponse | None:
    """Where a refusal leads other than back to the form with what was typed."""
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(refusal.message)
    if twin:
        messages.info(request, "This was done already, and nothing was done twice.")
        return see_other(twin)
    if isinstance(refusal, AlreadyDone) and isinstance(to, str):
        messages.info(request, refusal.message)
        return see_other(to)
    return None


def _fingerprint(request: HttpRequest) -> str:
    """A keyed hash of what was posted, by whom and where to; tells nothing of it."""
    posted = [
        (name, values) for name, values in sorted(request.POST.lists()) if name != "csrfmiddlewaretoken"
    ]
    files = [(name, file.name, file.size) for name, file in sorted(request.FILES.items())]
    text = repr((str(request.user.pk), request.path, posted, files))
    return "lab-repeat/" + salted_hmac("portal.lab.repeat", text, algorithm="sha256").hexdigest()
