"""The people of one's organisation."""

from collections.abc import Callable

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import doors
from portal.accounts import actions, policies
from portal.accounts.forms import InviteForm, ReasonForm, RoleForm
from portal.accounts.models import Invitation, Membership, Organisation


def administered(request: HttpRequest, organisation_id) -> Organisation:
    """An organisation whose people this person looks after, or 404."""
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), pk=organisation_id)
    if not policies.may_administer(request.user, organisation):
        raise Http404
    return organisation


def _member(request: HttpRequest, membership_id) -> Membership:
    rows = Membership.objects.visible_to(request.user).active().of_people()
    rows = rows.select_related("user", "organisation")
    membership = get_object_or_404(rows, pk=membership_id)
    if not policies.may_administer(request.user, membership.organisation):
        raise Http404
    return membership


@require_safe
@login_required
def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations whose people one looks after; straight to the only one."""
    found = [
        o for o in Organisation.objects.visible_to(request.user) if policies.may_administer(request.user, o)
    ]
    if len(found) == 1:
        return redirect("account_organisation", found[0].pk)
    return render(request, "account/organisations.html", {"organisations": found})


@require_safe
@login_required
def organisation(request: HttpRequest, organisation_id) -> HttpResponse:
    """The people of an organisation and the invitations they have not answered."""
    subject = administered(request, organisation_id)
    people = Membership.objects.visible_to(request.user).active().of_people().filter(organisation=subject)
    waiting = Invitation.objects.visible_to(request.user).unanswered().filter(organisation=subject)
    context = {
        "organisation": subject,
        "page": doors.page_of(request, people.select_related("user").order_by("user__name", "role", "pk")),
        "invitations": waiting.select_related("user"),
        "has_services": policies.may_make_services(request.user, subject),
    }
    return render(request, "account/organisation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def invite(request: HttpRequest, organisation_id) -> HttpResponse:
    subject = administered(request, organisation_id)
    form = InviteForm(request.POST or None, organisation=subject)
    if form.is_valid():
        doors.attempt(
            request,
            form,
            lambda: actions.invite(actor=request.user, organisation=subject, **form.cleaned_data),
        )
        if form.is_valid():
            messages.success(request, f"{form.cleaned_data['email']} was invited, and joins by accepting.")
            return doors.see_other(reverse("account_organisation", args=[subject.pk]))
    return doors.answer(request, "account/invite.html", {"organisation": subject}, form=form)


@require_POST
@login_required
def withdraw_invitation(request: HttpRequest, organisation_id, invitation_id) -> HttpResponse:
    subject = administered(request, organisation_id)
    rows = Invitation.objects.visible_to(request.user).filter(organisation=subject)
    invitation = get_object_or_404(rows, pk=invitation_id)
    return doors.verb_post(
        request,
        lambda: actions.withdraw_invitation(actor=request.user, invitation=invitation),
        done="The invitation was taken back.",
        back=reverse("account_organisation", args=[subject.pk]),
    )


def _member_page(request: HttpRequest, membership: Membership, **forms) -> HttpResponse:
    subject = membership.organisation
    context = {
        "membership": membership,
        "organisation": subject,
        "role_form": RoleForm(organisation=subject, initial={"role": membership.role}),
        "end_form": ReasonForm(prefix="end"),
        "reset_form": ReasonForm(prefix="reset"),
        "sessions_form": ReasonForm(prefix="sessions"),
        "may_reset": policies.may_reset_second_factor(request.user, membership.user),
        "has_second_factor": membership.user.has_second_factor,
        "is_self": membership.user_id == request.user.pk,
    }
    shown = next(iter(forms.values()), context["role_form"])
    return doors.answer(request, "account/member.html", context | forms, form=shown)


@require_safe
@login_required
def member(request: HttpRequest, membership_id) -> HttpResponse:
    """One person's role: change it, end it, reset their lost second factor, or end their sessions."""
    return _member_page(request, _member(request, membership_id))


@require_POST
@login_required
def member_role(request: HttpRequest, membership_id) -> HttpResponse:
    membership = _member(request, membership_id)
    form = RoleForm(request.POST, organisation=membership.organisation)
    if form.is_valid():
        changed = doors.attempt(
            request,
            form,
            lambda: actions.change_role(actor=request.user, membership=membership, **form.cleaned_data),
        )
        if changed:
            messages.success(request, f"{membership.user} is now {changed.get_role_display().lower()}.")
            return doors.see_other(_organisation_or_home(request, membership))
    return _member_page(request, membership, role_form=form)


@require_POST
@login_required
def member_end(request: HttpRequest, membership_id) -> HttpResponse:
    membership = _member(request, membership_id)
    form = ReasonForm(request.POST, prefix="end")
    if form.is_valid():
        ended = doors.attempt(
            request,
            form,
            lambda: actions.end_membership(actor=request.user, membership=membership, **form.cleaned_data),
        )
        if ended:
            messages.success(request, f"{membership.user} no longer has this role; their sessions ended.")
            return doors.see_other(_organisation_or_home(request, membership))
    return _member_page(request, membership, end_form=form)


@require_POST
@reauthentication_required
def member_second_factor(request: HttpRequest, membership_id) -> HttpResponse:
    done = "{} sets up a new second factor at the next sign-in."
    return _for_a_reason(request, membership_id, "reset", actions.reset_second_factor, done=done)


@require_POST
@reauthentication_required
def member_sessions(request: HttpRequest, membership_id) -> HttpResponse:
    done = "{} was signed out everywhere."
    return _for_a_reason(request, membership_id, "sessions", actions.end_sessions_of, done=done)


def _for_a_reason(
    request: HttpRequest, membership_id, prefix: str, action: Callable, *, done: str
) -> HttpResponse:
    """What one form of a member's page, which asks for a reason, does with the person's account."""
    membership = _member(request, membership_id)
    form = ReasonForm(request.POST, prefix=prefix)
    if form.is_valid():
        doors.attempt(
            request,
            form,
            lambda: action(actor=request.user, user=membership.user, **form.cleaned_data),
        )
        if form.is_valid():
            messages.success(request, done.format(membership.user))
            return doors.see_other(reverse("account_member", args=[membership.pk]))
    return _member_page(request, membership, **{f"{prefix}_form": form})


def _organisation_or_home(request: HttpRequest, membership: Membership) -> str:
    """Where to go after a change that may have taken away one's own right to the page."""
    if membership.user_id == request.user.pk:
        return reverse("home")
    return reverse("account_organisation", args=[membership.organisation_id])
