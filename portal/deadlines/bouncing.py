"""Mailboxes that take no mail: what they would have got is given up and told to the next in line, and somebody is told."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Membership, Role, User
from portal.deadlines import actions, planning
from portal.deadlines.models import Bounce, Message
from portal.deadlines.registry import ACCOUNT, NoticeKind, register
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger import actions as ledger
from portal.scope import action

BOUNCES = "mailbox_bounces"
State, Reason = Message.State, Message.Reason


@action
def note(message: Message, *, said: str, at: datetime) -> None:
    """A mail server said of a message that its mailbox takes no mail. Once for an address, however often it is said."""
    person = message.recipient
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    bounce, is_new = Bounce.objects.get_or_create(
        person=person, address=person.email, cleared_at=None, defaults={"at": at, "said": said[:200]}
    )
    if is_new:
        _tell(bounce, at)
    ask_next([message], at=at)


def ask_next(messages: Iterable[Message], *, at: datetime) -> None:
    """Remind the next in line of what these messages could not tell, the reminders that a daily mail lists included."""
    ids = [message.pk for message in messages]
    lost = Message.objects.filter(Q(pk__in=ids) | Q(digest__in=ids), deadline__isnull=False)
    planning.plan_again(at=at, reminders=lost.order_by().values_list("deadline", "offset").distinct())


def reachable(messages: list[Message], *, at: datetime) -> list[Message]:
    """Of these messages those whose mailbox takes mail as far as is known; the others are given up. Inside a transaction."""
    people = {message.recipient_id for message in messages}
    holding = Bounce.objects.holding().filter(person__in=people)
    said = dict(holding.values_list("person", "said"))
    lost = [m for m in messages if m.recipient_id in said and not m.goes_to_another]
    if not lost:
        return messages
    for person in {message.recipient_id for message in lost}:
        ids = [message.pk for message in lost if message.recipient_id == person]
        values = {"state": State.FAILED, "reason": Reason.MAILBOX, "failure": said[person]}
        Message.objects.filter(pk__in=ids).update(**values)
        Message.objects.filter(digest__in=ids, state=State.HELD).update(**values)
    ask_next(lost, at=at)
    return [message for message in messages if message not in lost]


def looked_after_by(user):
    """The mailboxes whose trouble a person sees to: all, or none."""
    return Bounce.objects.all() if actions.may_requeue(user) else Bounce.objects.none()


@action
def clear_bounce(*, actor, bounce: Bounce, at: datetime | None = None) -> Bounce:
    """A mailbox takes mail again: what is told from now on is mailed to it. What was given up stays so, for ``requeue``."""
    at = at or clock.now()
    if not actions.may_requeue(actor):
        raise NotAllowed(
            "Only a programme coordinator or an administrator says that a mailbox takes mail again."
        )
    # The person first, as whoever notes that a mailbox takes no mail does.
    person = User.objects.select_for_update(no_key=True).get(pk=bounce.person_id)
    found = Bounce.objects.select_for_update().get(pk=bounce.pk)
    if found.cleared_at is not None:
        raise AlreadyDone("Somebody has said so already.")
    found.cleared_at = at
    found.save(update_fields=["cleared_at"])
    ledger.record(actor=actor, verb="cleared_bounce", subject=person, at=at)
    return found


def _tell(bounce: Bounce, at: datetime) -> None:
    """Tell who looks after the person: the administrators of their lab or partner organisation, where they see to its people.

    For an agency's people, and for who has nobody, those who look after the outbox, where they see to such mailboxes.
    """
    seats = Membership.objects.filter(user=bounce.person_id, ended_at=None)
    told: set[UUID] = set()
    for organisation in set(
        seats.exclude(organisation__kind=Kind.AGENCY).values_list("organisation", flat=True)
    ):
        others = Membership.objects.filter(organisation=organisation, role=Role.ADMIN, ended_at=None)
        told |= _told(bounce, others, reverse("account_organisation", args=[organisation]), at, told)
    if not told:
        office = Membership.objects.filter(
            organisation__is_programme_office=True, role=Role.COORDINATOR, ended_at=None
        )
        link = reverse("admin:deadlines_bounce_change", args=[bounce.pk])
        _told(bounce, office, link, at, told)


def _told(bounce: Bounce, seats: QuerySet, link: str, at: datetime, told: set[UUID]) -> set[UUID]:
    people = seats.filter(user__is_active=True).exclude(user__in=[*told, bounce.person_id])
    found = set(people.values_list("user", flat=True))
    actions.tell(
        recipients=sorted(found, key=str),
        kind=BOUNCES,
        case_id=None,
        case_number="",
        about=bounce.pk,
        at=at,
        link=link,
    )
    return found


def register_kind() -> None:
    register(
        NoticeKind(
            BOUNCES,
            "A mailbox that takes no mail",
            "Mail to a person you look after comes back. See whether their address is right.",
        ),
        group=ACCOUNT,
        essential=[BOUNCES],
    )
