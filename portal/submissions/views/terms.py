"""The access terms as the lab deals with them: accept the newest version, or propose another."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from portal.doors import verb_post
from portal.submissions import actions, policies
from portal.submissions.forms import TermsForm
from portal.submissions.models import Terms
from portal.submissions.next_steps import newest_terms
from portal.submissions.views.base import case_url, lab_page, not_now, page, posted_revision, take, the_case


@lab_page("POST")
def accept(request: HttpRequest, case_number: str) -> HttpResponse:
    """Accept, for the lab, the version of the terms that stood on the page."""
    case = the_case(request, case_number)
    if not policies.may_take(request.user, case, "accept_terms"):
        raise PermissionDenied("You can read this case. Its administrators and contributors take its steps.")
    version = request.POST.get("version", "")
    return verb_post(
        request,
        lambda: actions.accept_terms(
            actor=request.user,
            submission=case,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            expected_revision=posted_revision(request.POST),
        ),
        done="Your lab has accepted this version of the access terms.",
        back=case_url(case) + "#terms",
    )


@lab_page("GET", "POST")
def propose(request: HttpRequest, case_number: str) -> HttpResponse:
    """A new version of the terms, begun from the newest."""
    case = the_case(request, case_number)
    newest = newest_terms(case)
    now = {name: getattr(newest, name) for name in ("purpose", *Terms.HEADS, "names_shown")} if newest else {}
    form = TermsForm(request.POST if request.method == "POST" else None, initial=now)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.propose_terms(
            actor=request.user,
            submission=case,
            texts=form.texts,
            names_shown=form.cleaned_data["names_shown"],
            expected_revision=posted_revision(request.POST),
        ),
        done="The new version of the terms lies before both sides. Each accepts it for itself.",
        to=case_url(case) + "#terms",
    )
    return (
        done
        or not_now(request, case, "propose_terms", typed=form.is_bound)
        or page(
            request,
            "lab/propose_terms.html",
            the_case(request, case_number),
            look="viewed_terms",
            form=form,
            newest=newest,
        )
    )
