"""Every read of people, organisations, memberships and tokens.

Account data are seen by the person they are about, by the administrators of their organisation, and by those who look
after all accounts: superusers, and for reading only the programme office's coordinators.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Greatest, JSONObject
from knox.models import AuthTokenManager

from portal import clock
from portal.programme import policies as programme
from portal.programme import versions


def sees_all_accounts(user) -> bool:
    """Whether a person may read the accounts of every organisation."""
    return programme.may_change(user)


def administered(user) -> list:
    """Ids of the labs and partner organisations of which a person is an administrator."""
    if not user.is_authenticated or not user.is_active:
        return []
    return user.organisations_as("lab", "admin") + user.organisations_as("partner", "admin")


def id_of_account(email: str) -> UUID | None:
    """The id of the account with this address, in one statement whether or not there is one. For logs: nobody is told."""
    users = apps.get_model("accounts", "User").objects
    return users.filter(email__iexact=email.strip()).values_list("pk", flat=True).first()


# When the last of several memberships began or ended, or will.
LAST_CHANGE = Max(Greatest("since", "ended_at"))


def second_factors():
    """Authenticator apps and passkeys; recovery codes only stand in for one of these."""
    authenticators = apps.get_model("mfa", "Authenticator").objects
    return authenticators.filter(type__in=["totp", "webauthn"])


def open_sessions(user) -> list:
    """A person's sessions that open something now, the latest used first: allauth's rows, in two statements for any number.

    A session's row in ``django_session`` may be gone, over, or hold a fingerprint that no longer fits. ``begun_with`` is
    allauth's record of what was used to sign in, in its order.
    """
    found = (
        apps.get_model("usersessions", "UserSession")
        .objects.filter(user=user)
        .order_by("-last_seen_at", "-pk")
    )
    theirs = {row.session_key: row for row in found}
    stored = apps.get_model("sessions", "Session").objects.filter(
        session_key__in=theirs, expire_date__gt=clock.machine()
    )
    fits = user.get_session_auth_hash()
    from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY

    data = {row.session_key: row.get_decoded() for row in stored}
    still = [row for key, row in theirs.items() if data.get(key, {}).get(HASH_SESSION_KEY) == fits]
    for row in still:
        records = data[row.session_key].get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        row.begun_with = [one for one in records if not one.get("reauthenticated")]
    return still


class OrganisationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The organisations whose people this person may look at."""
        return self if sees_all_accounts(user) else self.filter(pk__in=administered(user))

    def that_have_or_ask(self, user):
        """Those that the person belongs to, or that asked them to and wait for the answer."""
        theirs = Q(memberships__user=user, memberships__ended_at=None)
        asking = Q(invitations__user=user, invitations__answered_at=None)
        return self.filter(theirs | asking).distinct().order_by("name", "pk")

    def of_the_programme(self):
        """Every agency that takes part or did: those who read the programme's settings may know them all."""
        return self.filter(kind="agency").order_by("name", "pk")

    def agencies(self):
        """The agencies that take part."""
        return self.filter(kind="agency", left_at=None)


# Name -> (): an expression about a person that upper floors have asked with the signed-in one, so that it costs no statement.
STANDING: dict[str, Callable[[], Any]] = {}


def forget_standing(*people) -> None:
    """Ask anew, from here on in this request, what was read with these people: a step of it may have changed that."""
    for person in people:
        for name in STANDING:
            setattr(person, name, None)


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The people whose accounts this person may look at."""
        if sees_all_accounts(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(pk=user.pk) | Q(pk__in=self._members_of(administered(user))))

    def _members_of(self, organisations):
        memberships = apps.get_model("accounts", "Membership").objects
        return (
            memberships.filter(organisation_id__in=organisations, ended_at=None).order_by().values("user_id")
        )

    def people(self):
        """Without the services."""
        return self.filter(service_of=None)

    def with_erasure(self):
        """With ``erasure_asked_by``: who asked that the person be erased, where that waits for somebody's word."""
        asked = apps.get_model("accounts", "Erasure").objects.waiting().filter(user=OuterRef("pk"))
        return self.annotate(erasure_asked_by=Subquery(asked.order_by().values("asked_by")[:1]))

    def addressed(self, email: str):
        """The person with this address, if any."""
        return self.people().filter(email__iexact=email)

    def live_services(self):
        """The services whose tokens were not revoked."""
        return self.filter(service_of__isnull=False, is_active=True)

    def with_standing(self):
        """People with what every request asks of the signed-in one: their seats, saved views and second factor, which version of
        the programme's settings holds, and what upper floors ask, in the same query.
        """
        theirs = apps.get_model("accounts", "Membership").objects.filter(user=OuterRef("pk"))
        seats = (
            theirs.filter(ended_at=None)
            .order_by()
            .values(
                seat=JSONObject(
                    organisation_id=F("organisation_id"),
                    kind=F("organisation__kind"),
                    role=F("role"),
                    programme_office=F("organisation__is_programme_office"),
                )
            )
        )
        asked = {name: expression() for name, expression in STANDING.items()}
        if settings.PORTAL_AGENCY_PASSKEYS:
            asked["has_passkey"] = Exists(second_factors().filter(user=OuterRef("pk"), type="webauthn"))
        views = apps.get_model("accounts", "SavedView").objects.filter(user=OuterRef("pk"))
        kept = views.order_by("name", "id").values(
            view=JSONObject(id=F("id"), page=F("page"), name=F("name"), query=F("query"))
        )
        return self.annotate(
            seat_rows=ArraySubquery(seats),
            view_rows=ArraySubquery(kept),
            seats_since=Subquery(theirs.order_by().values("user").annotate(last=LAST_CHANGE).values("last")),
            has_second_factor=Exists(second_factors().filter(user=OuterRef("pk"))),
            settings_version=versions.marker(),
            **asked,
        )


class MembershipQuerySet(models.QuerySet):
    def active(self):
        return self.filter(ended_at=None)

    def of_people(self):
        """Without those of services, which are managed by their tokens."""
        return self.filter(user__service_of=None)

    def held(self, *, at: datetime):
        """Those that hold at an instant."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at), since__lte=at)

    def visible_to(self, user):
        """A person's own memberships, and those in the organisations they look after."""
        if sees_all_accounts(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(user=user) | Q(organisation_id__in=administered(user)))


class AffiliationQuerySet(models.QuerySet):
    def visible_to(self, user):
        if sees_all_accounts(user):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()


class MailDomainQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those who look after accounts: the list names every organisation that takes part."""
        return self if sees_all_accounts(user) else self.none()


class FormerAddressQuerySet(models.QuerySet):
    def told_by(self, event_id: UUID) -> str:
        """The address that an event took from an account; empty where it is known no more."""
        return self.filter(pk=event_id).values_list("email", flat=True).first() or ""


class OtherAddressQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and for those who look after accounts everybody's."""
        if sees_all_accounts(user):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()


class TieQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and for those who look after accounts those of all people of agencies."""
        if sees_all_accounts(user):
            memberships = apps.get_model("accounts", "Membership").objects.order_by()
            people = memberships.filter(organisation__kind="agency", ended_at=None).values("user_id")
            return self.filter(user_id__in=people).exclude(organisation__kind="agency")
        if not user.is_authenticated:
            return self.none()
        return self.filter(user=user).exclude(organisation__kind="agency")

    def standing(self):
        """Without memberships that ended: what an organisation's own conflicts follow from."""
        return self.exclude(how="member", at_present=False)


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own; nobody reads what another looks for."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class ProviderLinkQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own; nobody reads by what another signs in."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def of(self, provider, subject: str):
        """The link of a subject, if any: of this provider, under the name it has for itself now."""
        return self.filter(provider=provider.id, issuer=provider.issuer, subject=subject)


class InvitationQuerySet(models.QuerySet):
    def unanswered(self):
        return self.filter(answered_at=None)

    def visible_to(self, user):
        """The invitations to a person, and those of the organisations they look after."""
        if sees_all_accounts(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(user=user) | Q(organisation_id__in=administered(user)))


class PersonKeyQuerySet(models.QuerySet):
    def destroy(self, *people, at: datetime) -> None:
        """Forget the keys of these people, for good: what backups hold of them cannot be opened any more."""
        rows = [self.model(person=person, erased_at=at) for person in people]
        self.bulk_create(
            rows, update_conflicts=True, unique_fields=["person"], update_fields=["key", "erased_at"]
        )


class ErasureQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those who look after accounts."""
        return self if sees_all_accounts(user) else self.none()

    def waiting(self):
        """Asked for, and neither confirmed nor stopped."""
        return self.filter(confirmed_at=None, stopped_at=None)


class ApiTokenManager(AuthTokenManager):
    def visible_to(self, user):
        """A person's own tokens; nobody lists another's."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def of_services(self, user):
        """The tokens of the live services of the labs of which a person is an administrator: by name, the newest first.

        ``replaced`` are those that a newer one of the same service follows.
        """
        newer = self.filter(user=OuterRef("user"), created__gt=OuterRef("created"))
        found = self.filter(user__service_of__in=administered(user), user__is_active=True)
        return (
            found.annotate(replaced=Exists(newer))
            .select_related("user", "made_by")
            .order_by("user__name", "-created")
        )

    def note_use(self, digest: str, *, at: datetime) -> None:
        """Write down that a token was used. Who else is writing that at this moment has said it."""
        noted = self.filter(digest=digest).select_for_update(skip_locked=True)
        with transaction.atomic():
            self.filter(pk__in=noted.values("pk")).update(last_used_at=at)
