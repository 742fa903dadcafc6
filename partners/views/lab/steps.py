"""The lab's steps on a grant, and what it changes in one."""

from django.http import HttpRequest, HttpResponse

from partners import actions
from partners.forms import ExtendForm, InstructionsForm, ReasonForm, ScopeForm, WordsForm
from partners.models import DeclineReason, RevokeReason
from partners.models.grants import CASE_REASONS
from partners.views.lab.base import step, the_grant, url
from partners.views.lab.pages import documents_of
from portal.doors import verb_post
from portal.submissions.views.base import lab_page, posted_revision


def _button(request: HttpRequest, case_number: str, grant_id, action, done: str, **given) -> HttpResponse:
    case, grant = the_grant(request, case_number, grant_id)
    return verb_post(
        request,
        lambda: action(
            actor=request.user, grant=grant, expected_revision=posted_revision(request.POST), **given
        ),
        done=done,
        back=url(case, "grant", grant),
    )


def _reasons(choices) -> list[tuple[str, str]]:
    return [choice for choice in choices if choice[0] not in CASE_REASONS]


@lab_page("POST")
def consent(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """The lab's signature."""
    return _button(request, case_number, grant_id, actions.consent, "Your lab has consented.")


@lab_page("POST")
def resume(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Take the lab's own suspension back."""
    done = "Your lab's suspension is taken back."
    return _button(request, case_number, grant_id, actions.resume, done)


@lab_page("POST")
def agree_extension(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Agree to the very date that the programme office asked for."""
    _, grant = the_grant(request, case_number, grant_id)
    asked = grant.extensions.filter(completed_at=None, dropped_at=None).first()
    done = "The grant is extended."
    expires_at = asked.expires_at if asked else None
    return _button(request, case_number, grant_id, actions.extend, done, expires_at=expires_at)


@lab_page("GET", "POST")
def decline(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Say no to a proposal of the programme office, or take one's own back."""
    return step(
        request,
        case_number,
        grant_id,
        verb="decline",
        action=actions.decline,
        form_of=lambda data, case, grant: ReasonForm(data, reasons=_reasons(DeclineReason.choices)),
        done="The proposal is declined.",
    )


@lab_page("GET", "POST")
def suspend(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Stop the partner's access for the lab's side until the lab resumes it."""
    return step(
        request,
        case_number,
        grant_id,
        verb="suspend",
        action=actions.suspend,
        form_of=lambda data, case, grant: WordsForm(data),
        done="The grant is suspended. Access has stopped.",
    )


@lab_page("GET", "POST")
def revoke(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """End the grant alone and at once."""
    return step(
        request,
        case_number,
        grant_id,
        verb="revoke",
        action=actions.revoke,
        form_of=lambda data, case, grant: ReasonForm(data, reasons=_reasons(RevokeReason.choices)),
        done="The grant is revoked. Access has ended.",
    )


@lab_page("GET", "POST")
def extend(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Ask for a later expiry; it holds once the programme office asks for the same."""
    return step(
        request,
        case_number,
        grant_id,
        verb="extend",
        action=actions.extend,
        form_of=lambda data, case, grant: ExtendForm(
            data, user=request.user, initial={"expires_at": grant.expires_at}
        ),
        done="Noted. The grant is extended once both sides have asked for the same.",
    )


@lab_page("GET", "POST")
def documents(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Which documents the partner may read; those left out close at once."""

    def form_of(data, case, grant):
        chosen = list(grant.scope.filter(ended_at=None).values_list("document_id", flat=True))
        return ScopeForm(data, documents=documents_of(request, case), initial={"documents": chosen})

    return step(
        request,
        case_number,
        grant_id,
        verb="set_documents",
        action=actions.set_documents,
        form_of=form_of,
        done="The scope is changed.",
    )


@lab_page("GET", "POST")
def instructions(request: HttpRequest, case_number: str, grant_id) -> HttpResponse:
    """Give or replace the partner's access instructions."""
    return step(
        request,
        case_number,
        grant_id,
        verb="set_instructions",
        action=actions.set_instructions,
        form_of=lambda data, case, grant: InstructionsForm(data),
        done="The access instructions were stored. The partner's named people read them while the grant is active.",
    )
