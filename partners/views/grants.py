"""A partner's pages of one grant: the offer, the access while it lasts, and closing it out."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from partners import actions, policies
from partners.forms import AcceptForm, CloseOutForm, NameForm, PlainForm, ReasonForm, WordsForm
from partners.models import DeclineReason, Grant, PartnerTerms
from partners.models.grants import CASE_REASONS
from partners.reading import reports_of, strictest_marking
from partners.states import NOT_ENDED
from partners.views.base import grant_url, not_now, page, partner_page, the_grant
from portal import clock
from portal.accounts.models import User
from portal.doors import attempt, verb_post
from portal.stepup import confirmed
from portal.submissions.models import Document, DocumentVersion
from portal.submissions.views.base import posted_revision, take


@partner_page()
def grant(request: HttpRequest, grant_id) -> HttpResponse:
    """One grant: the offer, or the model with its documents while it is active, or what is left to do after its end."""
    found, at = the_grant(request, grant_id), clock.now()
    documents = list(_documents(request.user, found, at))
    named = list(found.named.filter(ended_at=None).select_related("user"))
    is_named = any(row.user_id == request.user.pk for row in named)
    return page(
        request,
        "partners/grant.html",
        found,
        documents=documents,
        marking=strictest_marking(documents),
        in_scope=found.scope.filter(ended_at=None).count(),
        named=named,
        is_named=is_named,
        reveals=is_named
        and Grant.objects.open_to(request.user, "instructions", at=at).filter(pk=found.pk).exists(),
        ended=found.state_at(at) not in NOT_ENDED,
        **_reports(request.user, found, at),
    )


def _reports(user, grant: Grant, at) -> dict:
    """What was reported on the grant, and what is owed. One query."""
    found = reports_of(user, grant, at=at)
    writes = found.owed is not None and grant.starts_at <= at and policies.reports_on(user, grant)
    return {"reports": found.written, "owed": found.owed, "writes_report": writes}


def _documents(user, grant: Grant, at):
    """The documents in the grant's scope that are open to the person now, each with its newest version first."""
    in_scope = grant.scope.filter(ended_at=None).values("document_id")
    versions = Prefetch("versions", DocumentVersion.objects.order_by("-number"))
    return Document.objects.visible_to(user, at=at).filter(pk__in=in_scope).prefetch_related(versions)


@partner_page("GET", "POST")
def accept(request: HttpRequest, grant_id) -> HttpResponse:
    """The partner terms, the people who will use the model, and the acceptance."""
    found = the_grant(request, grant_id)
    terms = PartnerTerms.objects.order_by("-number").first()
    form = AcceptForm(
        request.POST if request.method == "POST" else None,
        organisation_id=found.partner_id,
        initial={"version": terms.number if terms else 0, "users": [request.user.pk]},
    )
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.accept(
            actor=request.user,
            grant=found,
            version=form.cleaned_data["version"],
            users=list(form.cleaned_data["users"]),
            expected_revision=posted_revision(request.POST),
        ),
        done="Your organisation has accepted the terms.",
        to=grant_url(found),
    )
    return (
        done
        or not_now(request, found, "accept", typed=form.is_bound)
        or page(request, "partners/accept.html", the_grant(request, grant_id), form=form, terms=terms)
    )


@partner_page("GET", "POST")
def decline(request: HttpRequest, grant_id) -> HttpResponse:
    """Say no to an offer, with a reason of the list."""
    found = the_grant(request, grant_id)
    reasons = [choice for choice in DeclineReason.choices if choice[0] not in CASE_REASONS]
    form = ReasonForm(request.POST if request.method == "POST" else None, reasons=reasons)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.decline(
            actor=request.user,
            grant=found,
            expected_revision=posted_revision(request.POST),
            **form.cleaned_data,
        ),
        done="The offer is declined. Lab and programme office are told.",
        to=grant_url(found),
    )
    return (
        done
        or not_now(request, found, "decline", typed=form.is_bound)
        or page(request, "partners/decline.html", the_grant(request, grant_id), form=form)
    )


@partner_page("GET", "POST")
def surrender(request: HttpRequest, grant_id) -> HttpResponse:
    """Give the grant back before it expires; no reason is asked."""
    found = the_grant(request, grant_id)
    form = WordsForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.surrender(
            actor=request.user,
            grant=found,
            reason=form.cleaned_data["reason"],
            expected_revision=posted_revision(request.POST),
        ),
        done="The grant is surrendered, and access under it has ended.",
        to=grant_url(found),
    )
    return (
        done
        or not_now(request, found, "surrender", typed=form.is_bound)
        or page(request, "partners/surrender.html", the_grant(request, grant_id), form=form)
    )


@partner_page("GET", "POST")
def close_out(request: HttpRequest, grant_id) -> HttpResponse:
    """Attest that nothing was kept of a grant that has ended."""
    found = the_grant(request, grant_id)
    form = CloseOutForm(request.POST if request.method == "POST" else None)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.close_out(
            actor=request.user,
            grant=found,
            reason=form.cleaned_data["reason"],
            expected_revision=posted_revision(request.POST),
        ),
        done="The grant is closed out. Nothing more is owed for it.",
        to=grant_url(found),
    )
    return (
        done
        or not_now(request, found, "close_out", typed=form.is_bound)
        or page(request, "partners/close_out.html", the_grant(request, grant_id), form=form)
    )


@partner_page("POST")
@never_cache
@confirmed
def reveal(request: HttpRequest, grant_id) -> HttpResponse:
    """The access instructions in clear, shown once, on a page that no cache keeps; the look is recorded."""
    found = the_grant(request, grant_id)
    form = PlainForm(request.POST)
    text = attempt(request, form, lambda: actions.reveal_grant_instructions(actor=request.user, grant=found))
    context = {"grant": found, "text": text, "form": form}
    return render(request, "partners/reveal.html", context, status=200 if form.is_valid() else 403)


@partner_page("GET", "POST")
def people(request: HttpRequest, grant_id) -> HttpResponse:
    """Who of the organisation may use the model: named by its administrators, one by one."""
    found = the_grant(request, grant_id)
    named = list(found.named.filter(ended_at=None).select_related("user", "added_by"))
    form = NameForm(
        request.POST if request.method == "POST" else None,
        organisation_id=found.partner_id,
        without=[row.user_id for row in named],
    )
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.name_user(actor=request.user, grant=found, user=form.cleaned_data["user"]),
        done="The person is named.",
        to=grant_url(found, "people"),
    )
    # A refused form speaks of the grant as it is now.
    shown = the_grant(request, grant_id) if form.is_bound else found
    return done or page(
        request,
        "partners/people.html",
        shown,
        form=form,
        named=named,
        changeable=shown.state in NOT_ENDED,
    )


@partner_page("POST")
def unname(request: HttpRequest, grant_id, user_id) -> HttpResponse:
    """End a named person's access at once."""
    found = the_grant(request, grant_id)
    person = get_object_or_404(User.objects.filter(pk__in=found.named.values("user_id")), pk=user_id)
    return verb_post(
        request,
        lambda: actions.unname_user(actor=request.user, grant=found, user=person),
        done="The person is no longer named, and their access has ended.",
        back=grant_url(found, "people"),
    )
