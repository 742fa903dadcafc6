"""Whom the government may call about a case: a list to which the lab adds, and from which it takes off."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.doors import verb_post
from portal.submissions import actions
from portal.submissions.forms import ContactForm
from portal.submissions.models import Contact
from portal.submissions.views.base import case_url, lab_page, not_now, open_to, page, take, the_case


@lab_page("GET", "POST")
def contacts(request: HttpRequest, case_number: str) -> HttpResponse:
    """The contacts of a case, and a form for one more."""
    case = the_case(request, case_number)
    form = ContactForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.add_contact(actor=request.user, submission=case, **form.cleaned_data),
        done="The contact was added.",
        to=case_url(case, "contacts"),
    )
    if done:
        return done
    if form.is_bound and (away := not_now(request, case, "add_contact", typed=form.is_bound)):
        return away
    return page(
        request,
        "lab/contacts.html",
        case,
        look="viewed_case",
        form=form,
        contacts=list(case.contacts.standing()),
        can=open_to(request, case),
    )


@lab_page("POST")
def take_off(request: HttpRequest, case_number: str, contact_id: UUID) -> HttpResponse:
    """Take a contact off the case."""
    case = the_case(request, case_number)
    if away := not_now(request, case, "take_off_contact"):
        return away
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=contact_id, submission=case)
    return verb_post(
        request,
        lambda: actions.take_off_contact(actor=request.user, contact=contact),
        done="The contact was taken off.",
        back=case_url(case, "contacts"),
    )
