"""Accounts in the admin: superusers look after them, the programme office's coordinators read them."""

from django.contrib import admin

from portal.accounts import actions, admin_erasures, policies, querysets
from portal.accounts.admin_forms import (
    AddMember,
    ChangeAddress,
    CreateOrganisation,
    CreatePerson,
    InvitePerson,
    LeaveProgramme,
    ReasonStep,
    RenameOrganisation,
    WithRole,
)
from portal.accounts.admin_ties import TIES
from portal.accounts.models import (
    Invitation,
    Kind,
    Membership,
    Organisation,
    Role,
    User,
)
from portal.admin import PortalAdmin, Question, Step

# --- the lists --------------------------------------------------------------------------------------------------------------


class AccountsAdmin(PortalAdmin):
    def may_open(self, user) -> bool:
        return querysets.sees_all_accounts(user)

    def may_add(self, user) -> bool:
        return user.is_superuser and self.add_step is not None


def _sysadmin(user, obj, at) -> bool:
    return user.is_superuser


def _kept_by(user, organisation) -> bool:
    return organisation.kind == Kind.AGENCY and policies.may_keep_agencies(user)


def _open_membership(user, membership, at) -> bool:
    return user.is_superuser and membership.ended_at is None and not membership.user.is_service


class AccountState(Question):
    title = "account"
    parameter_name = "account"
    questions = {
        "open": ("Open", lambda rows, user, at: rows.people().filter(is_active=True)),
        "closed": ("Closed", lambda rows, user, at: rows.filter(is_active=False)),
        "sysadmins": ("Sysadmins", lambda rows, user, at: rows.filter(is_superuser=True)),
        "without": (
            "Without a second factor",
            lambda rows, user, at: rows.people().filter(is_active=True, has_second_factor=False),
        ),
        **admin_erasures.QUESTIONS,
        "services": ("Services of labs", lambda rows, user, at: rows.live_services()),
    }


class UserAdmin(AccountsAdmin):
    list_display = ("name", "address", "roles", "second_factor", "is_active", "last_login")
    list_filter = (AccountState,)
    search_fields = ("email__istartswith", "name__icontains")
    search_help_text = "A name, or how an address begins."
    ordering = ("name", "pk")
    fields = (
        "name",
        "address",
        "roles",
        "second_factor",
        "is_active",
        "is_superuser",
        "zone",
        "date_joined",
        "last_login",
    )
    readonly_fields = fields
    subject = "user"
    add_step = Step(
        "create_person",
        actions.create_person,
        form=CreatePerson,
        label="Make an account",
        done="The account was made.",
        confirmed=True,
    )
    steps = (
        Step(
            "change_address",
            actions.change_address,
            form=ChangeAddress,
            explain="The person signs in with the new address from now on; their sessions end.",
            done="The address was changed.",
            confirmed=True,
            available=lambda user, person, at: (
                user.is_superuser and not person.is_service and person.erased_at is None
            ),
        ),
        Step(
            "reset_second_factor",
            actions.reset_second_factor,
            form=ReasonStep,
            explain="For a person who lost theirs. Make sure that it is really they who ask. Sessions and tokens end.",
            done="The second factor was reset.",
            available=lambda user, person, at: (
                user.is_superuser and user.pk != person.pk and person.has_second_factor
            ),
            grave=True,
            confirmed=True,
        ),
        Step(
            "end_sessions_of",
            actions.end_sessions_of,
            form=ReasonStep,
            label="End the person's sessions",
            submit="End the sessions",
            explain="They are signed out everywhere at once and sign in anew. Tokens and the second factor stay.",
            done="The sessions ended.",
            available=lambda user, person, at: (
                user.is_superuser and policies.may_reset_second_factor(user, person)
            ),
            grave=True,
            confirmed=True,
        ),
        Step(
            "deactivate_person",
            actions.deactivate_person,
            form=ReasonStep,
            label="Close the account",
            explain="Sessions and tokens end at once; what the person did stays on record.",
            done="The account was closed.",
            available=lambda user, person, at: (
                user.is_superuser and person.is_active and user.pk != person.pk and not person.is_service
            ),
            grave=True,
        ),
        Step(
            "revoke_service",
            actions.revoke_service,
            label="Revoke the service",
            explain="Its tokens end at once; what it did stays on record. Its lab's administrators are told.",
            done="The service was revoked.",
            available=lambda user, person, at: user.is_superuser and person.is_service and person.is_active,
            grave=True,
        ),
        Step(
            "reactivate_person",
            actions.reactivate_person,
            label="Open the account again",
            done="The account is open again.",
            confirmed=True,
            available=lambda user, person, at: (
                user.is_superuser
                and not person.is_active
                and not person.is_service
                and person.erased_at is None
            ),
        ),
        *admin_erasures.STEPS,
    )

    def for_page(self, rows):
        return rows.with_standing().with_erasure()

    def for_list(self, rows):
        return rows.with_standing()

    def panels(self, request, person):
        return admin_erasures.panels(request, person)

    @admin.display(description="Roles")
    def roles(self, person):
        names = sorted({Role(seat.role).label for seat in person.seats})
        return ", ".join(names) or ("Sysadmin" if person.is_superuser else "None")

    @admin.display(description="E-mail address", ordering="email")
    def address(self, person):
        if person.erased_at:
            return "None: erased"
        return "None: a service" if person.is_service else person.email

    @admin.display(description="Second factor")
    def second_factor(self, person):
        if person.is_service:
            return "None: tokens only"
        return "Set up" if person.has_second_factor else "Not set up"


class OfKind(Question):
    title = "kind"
    parameter_name = "kind"
    questions = {
        kind.value: (kind.label, lambda rows, user, at, kind=kind: rows.filter(kind=kind)) for kind in Kind
    }


class OrganisationAdmin(AccountsAdmin):
    def may_add(self, user) -> bool:
        return policies.may_keep_agencies(user)

    list_display = ("name", "kind", "short_name", "is_programme_office", "created_at")
    list_filter = (OfKind,)
    search_fields = ("name__icontains",)
    search_help_text = "A part of the name."
    ordering = ("name", "pk")
    fields = ("name", "kind", "short_name", "is_programme_office", "created_at", "left_at")
    readonly_fields = fields
    subject = "organisation"
    add_step = Step(
        "create_organisation",
        actions.create_organisation,
        form=CreateOrganisation,
        label="Make an organisation",
        done="The organisation was made.",
    )
    steps = (
        Step(
            "add_member",
            actions.add_membership,
            form=AddMember,
            label="Add a member",
            explain="Gives an existing account a role here, at once. To ask the person first, invite them.",
            done="The member was added.",
            available=_sysadmin,
        ),
        Step(
            "invite",
            actions.invite,
            form=InvitePerson,
            label="Invite a person",
            explain="They join by accepting. If there is no account with the address, one is made.",
            done="The invitation is on its way.",
            available=_sysadmin,
        ),
        Step(
            "update_organisation",
            actions.update_organisation,
            form=RenameOrganisation,
            label="Rename",
            done="The organisation was renamed.",
            available=lambda user, organisation, at: user.is_superuser or _kept_by(user, organisation),
        ),
        Step(
            "leave_programme",
            actions.leave_programme,
            form=LeaveProgramme,
            label="Takes part no longer",
            explain="Its people's roles and its view of every case end at once. What it did stays on record.",
            done="The agency takes part no longer.",
            available=lambda user, organisation, at: (
                _kept_by(user, organisation)
                and organisation.left_at is None
                and not organisation.is_programme_office
            ),
            grave=True,
        ),
        Step(
            "rejoin_programme",
            actions.rejoin_programme,
            label="Takes part again",
            explain="Nobody's role comes back by it: its people are invited anew.",
            done="The agency takes part again.",
            available=lambda user, organisation, at: (
                _kept_by(user, organisation) and organisation.left_at is not None
            ),
        ),
    )


class MembershipState(Question):
    title = "membership"
    parameter_name = "membership"
    questions = {
        "active": ("Active", lambda rows, user, at: rows.filter(ended_at=None)),
        "ended": ("Ended", lambda rows, user, at: rows.exclude(ended_at=None)),
        "admins": (
            "Administrators",
            lambda rows, user, at: rows.filter(ended_at=None, role=Role.ADMIN),
        ),
        "designators": (
            "Designators",
            lambda rows, user, at: rows.filter(ended_at=None, role=Role.DESIGNATOR),
        ),
    }


class MembershipAdmin(AccountsAdmin):
    list_display = ("user", "role", "organisation", "since", "ended_at")
    list_filter = (MembershipState,)
    list_select_related = ("user", "organisation")
    search_fields = ("user__email__istartswith", "user__name__icontains", "organisation__name__icontains")
    search_help_text = "A name, an organisation, or how an address begins."
    ordering = ("organisation__name", "user__name", "pk")
    fields = ("user", "role", "organisation", "since", "ended_at")
    readonly_fields = fields
    subject = "membership"
    steps = (
        Step(
            "change_role",
            actions.change_role,
            form=WithRole,
            explain="The present role ends and the new one begins; the person signs in anew.",
            done="The role was changed.",
            available=_open_membership,
        ),
        Step(
            "end_membership",
            actions.end_membership,
            form=ReasonStep,
            explain="What the role opens closes at once, and the person's sessions end.",
            done="The membership ended.",
            available=_open_membership,
            grave=True,
        ),
    )


class InvitationAdmin(AccountsAdmin):
    list_display = ("user", "role", "organisation", "invited_by", "created_at", "outcome")
    list_select_related = ("user", "organisation", "invited_by")
    search_fields = ("user__email__istartswith", "organisation__name__icontains")
    search_help_text = "An organisation, or how an address begins."
    ordering = ("-created_at", "pk")
    fields = ("user", "role", "organisation", "invited_by", "created_at", "answered_at", "outcome")
    readonly_fields = fields
    subject = "invitation"
    steps = (
        Step(
            "withdraw_invitation",
            actions.withdraw_invitation,
            label="Take back",
            done="The invitation was taken back.",
            available=lambda user, invitation, at: user.is_superuser and invitation.answered_at is None,
        ),
    )


ADMINS = [
    (Organisation, OrganisationAdmin),
    (User, UserAdmin),
    (Membership, MembershipAdmin),
    (Invitation, InvitationAdmin),
    *TIES,
]
