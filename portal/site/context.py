"""What every page's frame needs: names of the programme, the person's navigation, their unread notices."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from portal import clock
from portal.accounts import providers
from portal.accounts.models import Kind, Role
from portal.deadlines.models import Message
from portal.prepared import Statement, kept
from portal.programme import current

UNREAD_SHOWN = 99


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    current: bool


class Frame:
    """Read lazily by the templates: a page that shows no navigation costs no query."""

    def __init__(self, request: HttpRequest):
        self.request = request
        self.user = getattr(request, "user", None)
        self.demo = settings.PORTAL_DEMO

    @cached_property
    def programme(self) -> str:
        """What the programme is called."""
        return current().name

    @property
    def signed_in(self) -> bool:
        return self.user is not None and self.user.is_authenticated

    @property
    def ready(self) -> bool:
        """Whether the portal is open to this person: signed in, with a second factor."""
        return self.signed_in and self.user.has_second_factor

    @cached_property
    def links(self) -> list[Link]:
        """The areas this person's seats open, in a fixed order."""
        if not self.ready:
            return []
        found = []
        if self.user.has_seat(Kind.LAB):
            found.append(("Lab", "/lab/"))
        if self.user.is_staff:
            found.append(("Workbench" if self.user.has_seat(Kind.AGENCY) else "Administration", "/admin/"))
        if self.user.has_seat(Kind.PARTNER):
            found.append(("Partner", "/partner/"))
        return [self._link(label, url) for label, url in found]

    @cached_property
    def account_links(self) -> list[Link]:
        if not self.ready:
            return []
        found = [
            ("Profile", "/account/profile/"),
            ("Security", "/account/2fa/"),
            ("Sessions", "/account/sessions/"),
        ]
        if self.user.seats:
            found.append(("What comes by mail", "/notices/settings/"))
            found.append(("Calendar", "/notices/calendar/"))
            found.append(("API tokens", "/account/tokens/"))
        if providers.of(self.user):
            found.append(("Your organisation's sign-in", "/account/providers/"))
        if self.administers:
            found.append(("People of my organisation", "/account/organisations/"))
        return [self._link(label, url) for label, url in found]

    @property
    def administers(self) -> bool:
        user = self.user
        return self.signed_in and (
            user.has_seat(Kind.LAB, Role.ADMIN) or user.has_seat(Kind.PARTNER, Role.ADMIN)
        )

    @cached_property
    def unread(self) -> int:
        """Unread notices, counted no further than the badge shows."""
        if not self.ready:
            return 0
        user, at = self.user, clock.now()
        return len(kept(("unread", user.standing(at)), lambda at: _unread(user), at=at).rows(at=at))

    @property
    def unread_label(self) -> str:
        return f"{UNREAD_SHOWN}+" if self.unread > UNREAD_SHOWN else str(self.unread)

    @property
    def on_notices(self) -> bool:
        return self.request.path.startswith("/notices/")

    @property
    def reader(self) -> str:
        """Tells one person's browser storage from another's, and nothing else."""
        return salted_hmac("portal.reader", str(self.user.pk)).hexdigest()[:16]

    @property
    def signing_in(self) -> bool:
        """On the way in, or back in: what was typed before is still wanted."""
        return self.request.path.startswith("/account/")

    @property
    def on_sign_in(self) -> bool:
        return self.request.path == reverse("account_login")

    def _link(self, label: str, url: str) -> Link:
        return Link(label, url, self.request.path.startswith(url))


def _unread(user) -> Statement:
    rows = Message.objects.visible_to(user).unread().order_by().values_list("pk")
    return Statement.of(rows[: UNREAD_SHOWN + 1])


def portal(request: HttpRequest) -> dict:
    return {"portal": Frame(request)}
