"""People, organisations and who belongs where."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from knox.models import AbstractAuthToken

from portal import clock
from portal.accounts import querysets
from portal.accounts.erasures import Erasure, PersonKey
from portal.accounts.provider_links import ProviderLink
from portal.accounts.saved_views import SavedView
from portal.accounts.ties import FormerAddress, MailDomain, OtherAddress, Tie
from portal.particulars import ERASED_DOMAIN
from portal.prepared import GivenInstant
from portal.programme import versions

# Django finds an app's models here.
__all__ = [
    "Affiliation",
    "ApiToken",
    "Erasure",
    "FormerAddress",
    "Invitation",
    "Kind",
    "MailDomain",
    "Membership",
    "Organisation",
    "OtherAddress",
    "PersonKey",
    "ProviderLink",
    "Role",
    "SavedView",
    "Tie",
    "User",
]


class Kind(models.TextChoices):
    LAB = "lab", "Lab"
    AGENCY = "agency", "Agency"
    PARTNER = "partner", "Partner"


class Role(models.TextChoices):
    ADMIN = "admin", "Administrator"
    CONTRIBUTOR = "contributor", "Contributor"
    VIEWER = "viewer", "Viewer"
    COORDINATOR = "coordinator", "Coordinator"
    REVIEWER = "reviewer", "Reviewer"
    DESIGNATOR = "designator", "Designator"
    LIAISON = "liaison", "Liaison"
    AUDITOR = "auditor", "Auditor"
    SECURITY = "security", "Security officer"
    MEMBER = "member", "Member"
    # Of a lab's services, and of no person: in no list of ``ROLES_OF``, so that nobody is given one.
    SERVICE = "service", "Service, writes"
    SERVICE_VIEWER = "service_viewer", "Service, reads"


SERVICE_ROLES = (Role.SERVICE, Role.SERVICE_VIEWER)
# Where a service's address ends: an account has one, and nobody reads mail there (RFC 2606).
SERVICE_DOMAIN = "@service.invalid"
ROLES_OF = {
    Kind.LAB: (Role.ADMIN, Role.CONTRIBUTOR, Role.VIEWER),
    Kind.AGENCY: (
        Role.COORDINATOR,
        Role.REVIEWER,
        Role.DESIGNATOR,
        Role.LIAISON,
        Role.AUDITOR,
        Role.SECURITY,
    ),
    Kind.PARTNER: (Role.ADMIN, Role.MEMBER),
}


class Organisation(models.Model):
    """A lab, an agency or a partner organisation. ``short_name`` is how others see its people ("CAISI reviewer 2")."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=40)
    is_programme_office = models.BooleanField(
        default=False, help_text="The one agency whose coordinators see every submitted case."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    left_at = models.DateTimeField("no longer takes part since", null=True, editable=False)

    objects = querysets.OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "kind", name="organisation_name"),
            models.UniqueConstraint(
                fields=["is_programme_office"],
                condition=Q(is_programme_office=True),
                name="one_programme_office",
            ),
            models.CheckConstraint(
                condition=Q(is_programme_office=False) | Q(kind=Kind.AGENCY),
                name="programme_office_is_agency",
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(kind=Kind.AGENCY, is_programme_office=False),
                name="only_other_agencies_leave",
            ),
        ]

    def __str__(self):
        return self.name


class UserManager(BaseUserManager.from_queryset(querysets.UserQuerySet)):
    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)

    def create_user(self, email, password=None, **fields):
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_superuser=True, **fields)


# Where being a superuser counts: people and the means by which they sign in.
SUPERUSER_APPS = frozenset({"accounts", "account", "mfa", "usersessions", "knox"})
# App label -> policy (user, codename, object) -> bool, filled by upper apps; what no policy answers is refused.
PERMISSION_POLICIES: dict[str, Callable[["User", str, Any], bool]] = {}


@dataclass(frozen=True, slots=True)
class Seat:
    """One active membership, as the rules need it."""

    organisation_id: uuid.UUID
    kind: str
    role: str
    programme_office: bool


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in with an e-mail address, a password or passkey, and a second factor; or a lab's service.

    Being a superuser is for accounts and settings only: no lab material opens by it (see ``has_perm``). A service
    (docs/adr/0012) calls the API by its tokens and does nothing else: it never signs in and is written to by nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150)
    zone = models.CharField("time zone", max_length=60, default="America/New_York")
    is_active = models.BooleanField(default=True)
    # Part of every session's fingerprint: raising it ends all of the person's sessions at once.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(default=clock.now, editable=False)
    # The lab whose service this is; None for a person. It never changes.
    service_of = models.ForeignKey(
        Organisation, models.PROTECT, null=True, editable=False, related_name="services"
    )
    # When the person's particulars were erased (docs/adr/0031); a trigger lets nothing be written in their place.
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email"),
            models.UniqueConstraint(
                F("service_of"),
                Lower("name"),
                condition=Q(service_of__isnull=False, is_active=True),
                name="service_name",
            ),
            models.CheckConstraint(
                condition=Q(service_of=None)
                | Q(is_superuser=False, last_login=None, password__startswith="!"),  # noqa: S106 (how Django writes "none")
                name="service_is_no_person",
            ),
            models.CheckConstraint(
                condition=(Q(service_of=None) & ~Q(email__iendswith=SERVICE_DOMAIN))
                | Q(service_of__isnull=False, email__iendswith=SERVICE_DOMAIN),
                name="service_address",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(
                    service_of=None,
                    is_active=False,
                    is_superuser=False,
                    last_login=None,
                    password__startswith="!",  # noqa: S106 (how Django writes "none")
                    email__endswith=ERASED_DOMAIN,
                ),
                name="erased_is_a_tombstone",
            ),
        ]

    def __str__(self):
        return self.name or self.email

    @property
    def is_service(self) -> bool:
        """Whether this is a lab's service, and no person."""
        return self.service_of_id is not None

    def get_full_name(self):
        return self.name

    def get_short_name(self):
        return self.name.split(" ")[0] if self.name else self.email

    def _get_session_auth_hash(self, secret=None):
        base = super()._get_session_auth_hash(secret=secret)
        return f"{base}.{self.session_epoch}"

    def arrived(self) -> "User":
        """This person is whom the present request is of: what was read with them (``with_standing``) holds for all of it."""
        if "settings_version" in self.__dict__:
            versions.note(self.settings_version)
        return self

    @cached_property
    def seats(self) -> tuple[Seat, ...]:
        """The person's active memberships; one query, kept for the life of this object (one request)."""
        if not self.is_active:
            return ()
        if "seat_rows" in self.__dict__:
            return tuple(Seat(uuid.UUID(row.pop("organisation_id")), **row) for row in self.seat_rows)
        rows = self.memberships.filter(ended_at=None).values_list(
            "organisation_id", "organisation__kind", "role", "organisation__is_programme_office"
        )
        return tuple(Seat(*row) for row in rows)

    def views_of(self, page: str) -> list[dict[str, str]]:
        """The views this person keeps of a list, by name: id, name and query; from the signed-in person's own query."""
        if "view_rows" not in self.__dict__:
            kept = self.saved_views.order_by("name", "id").values("id", "page", "name", "query")
            self.view_rows = [row | {"id": str(row["id"])} for row in kept]
        return [row for row in self.view_rows if row["page"] == page]

    @cached_property
    def seats_since(self) -> datetime | None:
        """When the person's memberships last changed, or will; None for who never had one."""
        return self.memberships.aggregate(last=querysets.LAST_CHANGE)["last"]

    def had_these_seats(self, at: datetime | GivenInstant) -> bool:
        """Whether ``seats`` are all the memberships the person has at an instant: not before the last change of them.

        Of an instant that is yet to be given: what holds when the statement is made holds at every later one.
        """
        known = at.made if isinstance(at, GivenInstant) else at
        return self.seats_since is None or self.seats_since <= known

    def standing(self, at: datetime) -> tuple:
        """All of this person that conditions on rows are made of at an instant: what a kept statement is kept under."""
        return (
            self.pk,
            self.is_active,
            self.is_superuser,
            self.service_of_id,
            self.seats,
            self.had_these_seats(at),
            self.__dict__.get("settings_version"),
            *(getattr(self, name, None) for name in querysets.STANDING),
        )

    @cached_property
    def has_second_factor(self) -> bool:
        """Whether an authenticator app or a passkey is enrolled; recovery codes alone are none."""
        return querysets.second_factors().filter(user=self).exists()

    @cached_property
    def has_passkey(self) -> bool:
        """Whether a passkey or security key is enrolled: a factor that no false website can be given."""
        return querysets.second_factors().filter(user=self, type="webauthn").exists()

    @property
    def needs_passkey(self) -> bool:
        """Whether this person signs in with a passkey and nothing less: where the setting says so, all to whom /admin/ opens."""
        return settings.PORTAL_AGENCY_PASSKEYS and self.is_staff

    @property
    def lacks_factor(self) -> str:
        """What this person has to set up before anything else opens, in words; empty where nothing is missing."""
        if not self.has_second_factor:
            return "Set up a second factor first: an authenticator app or a passkey."
        if self.needs_passkey and not self.has_passkey:
            return "Add a passkey first: people of agencies sign in with one."
        return ""

    def organisations_as(self, kind: str, *roles: str) -> list[uuid.UUID]:
        """Ids of the organisations of a kind in which the person holds one of the roles (any role when none is named)."""
        return list(
            {s.organisation_id for s in self.seats if s.kind == kind and (not roles or s.role in roles)}
        )

    @property
    def organisation_ids(self) -> set[uuid.UUID]:
        """All the organisations the person belongs to."""
        return {seat.organisation_id for seat in self.seats}

    def has_seat(self, kind: str, *roles: str) -> bool:
        return any(s.kind == kind and (not roles or s.role in roles) for s in self.seats)

    @property
    def is_staff(self) -> bool:
        """Whether /admin/ opens: agency staff for their work, superusers for accounts and settings."""
        return self.is_active and (self.is_superuser or self.has_seat(Kind.AGENCY))

    def has_perm(self, perm, obj=None) -> bool:
        """What the app's policy says; a superuser's yes ends at accounts and settings. No stored permission is consulted."""
        app, _, codename = perm.partition(".")
        if not self.is_active:
            return False
        if app in SUPERUSER_APPS:
            return self.is_superuser
        policy = PERMISSION_POLICIES.get(app)
        return policy is not None and bool(policy(self, codename, obj))

    def has_module_perms(self, app_label) -> bool:
        return self.is_active and self.is_superuser and app_label in SUPERUSER_APPS


class Membership(models.Model):
    """A person's role in an organisation, from ``since`` until ``ended_at``; never deleted, so that events keep their meaning."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    since = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name", "user__name", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(ended_at=None), name="membership_once"
            ),
            # Whose role it is, and where, a trigger says (migration 0005): a service has one membership, ever.
            models.UniqueConstraint(
                fields=["user"], condition=Q(role__in=SERVICE_ROLES), name="service_membership_once"
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(ended_at=None), name="membership_active_user"),
            models.Index(
                fields=["organisation", "role"], condition=Q(ended_at=None), name="membership_active_org"
            ),
        ]

    def __str__(self):
        return f"{self.user}, {self.get_role_display()} at {self.organisation}"


class Affiliation(models.Model):
    """Where a person works or worked outside their memberships; a lab named here may not be reviewed by them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="affiliations")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=clock.now, editable=False)

    objects = querysets.AffiliationQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="affiliation_once")]

    def __str__(self):
        return f"{self.user}, {self.organisation}"


class Invitation(models.Model):
    """An organisation asks a person to take a role in it; only that person can accept.

    So nobody is made a member against their will: a membership is a conflict of interest elsewhere, and one forced on a
    reviewer would take them off a case.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Taken back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="invitations")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)

    objects = querysets.InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(answered_at=None), name="invitation_once"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, outcome="") | (Q(answered_at__isnull=False) & ~Q(outcome="")),
                name="invitation_answer_is_whole",
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()} at {self.organisation}"


class ApiToken(AbstractAuthToken):
    """A person's key to the API: shown once, kept as a hash, expiring. It can do what the person can, and no more;
    one that reads only takes no step. Or a service's: its lab's, whoever made it.
    """

    class Scope(models.TextChoices):
        WRITE = "write", "Reads and writes"
        READ = "read", "Reads only"

    id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.WRITE)
    # Of a service's token: who made it, and when it was last used, as far as is written down (once an hour at most).
    made_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = querysets.ApiTokenManager()

    class Meta:
        ordering = ["-created"]

    def __str__(self):
        return self.name

    @property
    def is_expired(self) -> bool:
        """Whether it opens nothing any more."""
        return self.expiry is not None and self.expiry <= clock.machine()
