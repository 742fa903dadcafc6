"""What people are told about their own account. Links that set a password are made when the mail is sent, never stored."""

from datetime import datetime
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from portal import programme
from portal.accounts import hooks
from portal.accounts.models import Role
from portal.deadlines import actions, erasing
from portal.deadlines.models import Message
from portal.deadlines.querysets import ADDRESS_LEFT, CASELESS, DIGEST
from portal.deadlines.registry import ACCOUNT, DeadlineKind, NoticeKind, StandIns, days, register

SERVICE_EXPIRES = "service_expires"
SECURITY_NEEDED = "security_needed"
NOT_YOU = "If this was not you, sign in, look at your sessions, and tell your organisation's administrator or the programme.\n"


def password_link(user) -> str:
    """The address at which this person, and whoever reads their mail, can set a new password once."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.PORTAL_BASE_URL + path.replace("UID-KEY", key)


def _days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 86400


def new_account_mail(message: Message) -> str:
    again = settings.PORTAL_BASE_URL + reverse("account_reset_password")
    return (
        f"An account was made for you in the {programme.current().name}.\n\n"
        f"Choose a password here:\n{password_link(message.recipient)}\n\n"
        f"The link works once, for {_days()} days. After that, ask for a new one:\n{again}\n\n"
        "When you first sign in you set up a second factor: an authenticator app or a passkey.\n"
    )


def password_mail(message: Message) -> str:
    return (
        "Somebody asked for a new password for the account with this address.\n\n"
        f"Choose one here:\n{password_link(message.recipient)}\n\n"
        f"The link works once, for {_days()} days. If you did not ask, do nothing: your password stays as it is.\n"
    )


def sign_in_mail(message: Message) -> str:
    return (
        "The way you sign in was changed: a password, an authenticator app, a passkey, recovery codes or an API token.\n\n"
        f"{settings.PORTAL_BASE_URL}{message.link}\n\n" + NOT_YOU
    )


def address_left_mail(message: Message) -> str:
    """To an address that may be another's by now: nothing but that, and no link that wants an account."""
    return (
        f"This address opened an account in the {programme.current().name}. "
        "The account has another address now, so this one opens nothing there any more.\n\n"
        "If you did not ask for that, somebody may be taking the account over: tell your organisation's administrator or the "
        "programme at once.\n"
    )


KINDS = (
    NoticeKind(
        "account_made", "Your account", "An account was made for you. Welcome.", mail=new_account_mail
    ),
    NoticeKind("invited", "Invitation", "An organisation asks you to take a role in it."),
    NoticeKind("membership_added", "Your roles", "You were given a role in an organisation."),
    NoticeKind("membership_ended", "Your roles", "A role you had in an organisation has ended."),
    NoticeKind(
        "password_asked",
        "New password",
        "Somebody asked for a new password for your account.",
        mail=password_mail,
    ),
    NoticeKind("sign_in_changed", "Your sign-in", "The way you sign in was changed.", mail=sign_in_mail),
    NoticeKind(
        ADDRESS_LEFT,
        "Your former address",
        "The address that your account had before was told that it has another.",
        mail=address_left_mail,
    ),
    NoticeKind(
        "calendar_made",
        "Your calendar",
        "A calendar address was made for your account. Whoever has it can read your dates.",
    ),
    NoticeKind(
        "service_changed",
        "Service tokens",
        "A service token of your lab was made, rotated or revoked.",
    ),
    NoticeKind(
        SECURITY_NEEDED,
        "A security officer is needed",
        "Something was frozen and waits for a security officer. No agency that looks after it has one: give somebody the role.",
    ),
    NoticeKind(
        "erasure_asked",
        "Erasing a person",
        "Somebody asked that a person's particulars be erased. It waits for a second person who looks after accounts.",
    ),
    NoticeKind(
        "erasure_coming",
        "Your account",
        "Somebody who looks after accounts asked that your name, your addresses and all by which you sign in be erased. If you "
        "do not expect this, tell the programme.",
    ),
    NoticeKind(
        "second_factor_reset",
        "Your second factor",
        "Your second factor was reset by an administrator. You set up a new one when you next sign in.",
    ),
)


def tell(*, recipients: list[UUID], kind: str, about: UUID, at: datetime, link: str) -> None:
    actions.tell(
        recipients=recipients, kind=kind, case_id=None, case_number="", about=about, at=at, link=link
    )


def plan_expiry(*, service, organisation, due_at: datetime | None, at: datetime, link: str) -> None:
    """A service's token expires: the lab's administrators are reminded of it, until it is rotated or revoked."""
    if due_at is None:
        actions.cancel(kinds=[SERVICE_EXPIRES], subject_id=service.pk, at=at)
        return
    actions.set_deadline(
        kind=SERVICE_EXPIRES, subject_id=service.pk, case_id=None, case_number="", due_at=due_at, at=at,
        organisation_id=organisation.pk, link=link,
    )  # fmt: skip


def messages(user) -> Q | None:
    """Accounts are the superusers' business, and nothing else that is told beside a case; and so are the daily mails."""
    kinds = [*(kind.key for kind in KINDS), SERVICE_EXPIRES, DIGEST]
    return Q(kind__in=kinds) if user.is_superuser else None


def register_kinds() -> None:
    register(*KINDS, group=ACCOUNT, essential=[kind.key for kind in KINDS])
    register(
        DeadlineKind(
            SERVICE_EXPIRES,
            "A service token expires",
            "A service token of your lab expires soon. Rotate it, so that what uses it goes on working.",
            (Role.ADMIN,),
            days(-14, -3),
            stand_ins=(StandIns((Role.CONTRIBUTOR,), among="organisation"),),
            group=ACCOUNT,
            essential=True,
        )
    )
    if tell not in hooks.TELL:
        hooks.TELL.append(tell)
        CASELESS.append(messages)
        hooks.EXPIRES.append(plan_expiry)
        hooks.CLOSED.append(actions.end_feed)
        hooks.AGAINST_ERASING.append(erasing.against)
        hooks.ERASING.append(erasing.erase)
