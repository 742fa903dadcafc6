"""Setting, meeting and cancelling deadlines, and telling people. Called inside the action whose consequence it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from portal import clock
from portal.accounts.models import Kind, Role, User
from portal.deadlines import feeds, preferences
from portal.deadlines.models import CalendarFeed, Deadline, Message, NoticePreference
from portal.deadlines.registry import DEADLINES, next_moment, offsets_of
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.scope import action


def set_deadline(
    *,
    kind: str,
    subject_id: UUID,
    case_id: UUID | None,
    case_number: str,
    due_at: datetime,
    at: datetime,
    person=None,
    organisation_id: UUID | None = None,
    source_id: UUID | None = None,
    link: str = "",
) -> Deadline:
    """Make or move a deadline. Reminders of a moved date that now lie in the past are skipped; none goes out twice."""
    found = Deadline.objects.select_for_update().filter(kind=kind, subject_id=subject_id).first()
    if found and found.is_open and found.due_at == due_at and found.person_id == getattr(person, "pk", None):
        return found
    deadline = found or Deadline(
        kind=kind, subject_id=subject_id, case_id=case_id, case_number=case_number, created_at=at
    )
    deadline.due_at, deadline.fresh_from, deadline.person = due_at, at, person
    deadline.organisation_id, deadline.source_id, deadline.link = organisation_id, source_id, link
    deadline.met_at = deadline.cancelled_at = None
    deadline.next_at = next_reminder(kind, due_at, after=at)
    deadline.save()
    return deadline


def next_reminder(kind: str, due_at: datetime, *, after: datetime) -> datetime | None:
    """The first moment at or after ``after`` at which a reminder of this kind is due; None when all have passed."""
    return next_moment(due_at, offsets_of(kind)[kind], after=after)


def meet(*, kind: str, subject_id: UUID, at: datetime) -> None:
    """The thing was done: no further reminder."""
    Deadline.objects.still_open().filter(kind=kind, subject_id=subject_id).update(met_at=at, next_at=None)


def cancel(
    *,
    at: datetime,
    kinds: Iterable[str] | None = None,
    subject_id: UUID | None = None,
    case_id: UUID | None = None,
):
    """Nobody needs to act any more, on one subject or on a whole case, but for what outlives it."""
    if (subject_id is None) == (case_id is None):
        raise ValueError("Name a subject or a case.")
    found = Deadline.objects.still_open().filter(
        **({"subject_id": subject_id} if subject_id else {"case_id": case_id})
    )
    if case_id is not None:
        found = found.exclude(kind__in=[kind.key for kind in DEADLINES.values() if kind.outlives_case])
    if kinds is not None:
        found = found.filter(kind__in=list(kinds))
    found.update(cancelled_at=at, next_at=None)


def tell(
    *,
    recipients: Iterable[UUID],
    kind: str,
    case_id: UUID | None,
    case_number: str,
    about: UUID,
    at: datetime,
    link: str = "",
) -> int:
    """Put one message a person into the outbox; ``about`` (an event's id) makes telling twice harmless."""
    messages = [
        Message(
            recipient_id=person,
            key=f"{about}/{kind}",
            kind=kind,
            case_id=case_id,
            case_number=case_number,
            link=link or f"/case/{case_number}/",
            created_at=at,
            try_at=at,
        )
        for person in dict.fromkeys(recipients)
    ]
    return len(Message.objects.bulk_create(messages, ignore_conflicts=True))


@action
def mark_read(*, actor, at: datetime, message_ids: Iterable[UUID] | None = None) -> int:
    """Mark a person's own notices as read (all of them when none is named)."""
    found = Message.objects.visible_to(actor).unread()
    if message_ids is not None:
        found = found.filter(pk__in=list(message_ids))
    return Message.objects.filter(pk__in=_locked(found)).update(read_at=at)


def _locked(messages) -> list[UUID]:
    """The ids of messages, locked in the order in which the daily mail locks them too, so that neither waits for the other."""
    return list(messages.order_by("pk").select_for_update().values_list("pk", flat=True))


@action
def choose_delivery(*, actor, deliveries: Mapping[str, str], at: datetime | None = None) -> dict:
    """Choose how groups of messages come to oneself by mail; returns what changed, group -> [before, after].

    It holds for what is sent from now on, and for what waits: messages held for a daily mail are decided anew. What is
    essential asks nobody.
    """
    mine = {choice.key: choice for choice in preferences.choices_of(actor)}
    for group, delivery in deliveries.items():
        if group not in mine:
            raise Invalid("You are told of no such messages.", field=group)
        if not mine[group].is_open:
            raise Invalid("These messages always come at once.", field=group, code="essential")
        if delivery not in NoticePreference.Delivery.values:
            raise Invalid("Choose one of the three.", field=group)
    return _choose(actor, deliveries, verb="chose_delivery", capacity="", at=at or clock.now())


@action
def unsubscribe(*, actor, at: datetime | None = None) -> dict:
    """End the daily mail, by the link in it: groups that came by it come by no mail. Everything else stays as it was."""
    daily = NoticePreference.objects.visible_to(actor).filter(delivery=NoticePreference.Delivery.DAILY)
    off = dict.fromkeys(daily.values_list("group", flat=True), NoticePreference.Delivery.OFF.value)
    return _choose(actor, off, verb="unsubscribed", capacity="link", at=at or clock.now())


def _choose(actor, deliveries: Mapping[str, str], *, verb: str, capacity: str, at: datetime) -> dict:
    # One person's choices follow each other, also the first, which has no row to lock yet.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    before = dict(NoticePreference.objects.visible_to(actor).values_list("group", "delivery"))
    at_once = NoticePreference.Delivery.AT_ONCE.value
    changed = {
        group: [before.get(group, at_once), delivery]
        for group, delivery in sorted(deliveries.items())
        if before.get(group, at_once) != delivery
    }
    if not changed:
        return changed
    for group, (_, delivery) in changed.items():
        NoticePreference.objects.update_or_create(
            person=actor, group=group, defaults={"delivery": delivery, "chosen_at": at}
        )
    held = Message.objects.filter(recipient=actor, state=Message.State.HELD, digest=None)
    Message.objects.filter(pk__in=_locked(held)).update(state=Message.State.WAITING, try_at=at)
    ledger.record(actor=actor, verb=verb, subject=actor, capacity=capacity, data=changed, at=at)
    return changed


@action
def make_feed(*, actor, at: datetime | None = None) -> tuple[CalendarFeed, str]:
    """A new secret address of one's calendar, which is not kept and cannot be shown again; the one before opens nothing more."""
    at = at or clock.now()
    # Locked, so that of two tabs the later one's address is the one that opens.
    person = User.objects.select_for_update().get(pk=actor.pk)
    if not person.is_active or not person.has_second_factor:
        raise NotAllowed("Set up a second factor first.")
    secret = feeds.new_secret()
    feed, made = CalendarFeed.objects.update_or_create(
        person=person, defaults={"digest": feeds.digest_of(secret), "made_at": at, "fetched_at": None}
    )
    event = ledger.record(actor=actor, verb="made_feed" if made else "replaced_feed", subject=person, at=at)
    tell(
        recipients=[person.pk],
        kind="calendar_made",
        case_id=None,
        case_number="",
        about=event.pk,
        at=at,
        link=reverse("notices:calendar"),
    )
    return feed, secret


@action
def revoke_feed(*, actor, at: datetime | None = None) -> None:
    """End one's calendar address at once."""
    found = CalendarFeed.objects.visible_to(actor).select_for_update().first()
    if found is None:
        raise AlreadyDone("There is no calendar address that opens anything.")
    found.delete()
    ledger.record(actor=actor, verb="revoked_feed", subject=actor, at=at or clock.now())


def end_feed(user) -> None:
    """An account was closed: its calendar address opens nothing, also when the account is opened again."""
    CalendarFeed.objects.visible_to(user).delete()


@action
def note_fetch(*, actor, at: datetime) -> None:
    """Write down that one's calendar was fetched, for its person to see.

    Not in the ledger: a calendar tells of no case more than a reminder does, which is no look at lab material either.
    """
    CalendarFeed.objects.visible_to(actor).update(fetched_at=at)


def may_requeue(actor) -> bool:
    """The programme's coordinators and superusers look after the outbox."""
    office = any(
        s.kind == Kind.AGENCY and s.role == Role.COORDINATOR and s.programme_office for s in actor.seats
    )
    return actor.is_active and (office or actor.is_superuser)


@action
def requeue(*, actor, message: Message, at: datetime | None = None) -> Message:
    """Try a message again whose delivery was given up. Its key and Message-ID stay, so nobody reads it as another one."""
    at = at or clock.now()
    if not may_requeue(actor):
        raise NotAllowed("Only a programme coordinator or an administrator sends messages again.")
    if not Message.objects.in_outbox_of(actor).filter(pk=message.pk).exists():
        raise NotAllowed("This message is not in your outbox.")
    found = Message.objects.select_for_update().get(pk=message.pk)
    if found.state == Message.State.WAITING:
        raise AlreadyDone("This message waits to be sent already.")
    if found.state != Message.State.FAILED:
        raise WrongState("Only a message whose delivery was given up is sent again.")
    # Out of the daily mail that was given up; and that mail takes along what is still in it.
    found.state, found.try_at, found.attempts, found.digest = Message.State.WAITING, at, 0, None
    found.save(update_fields=["state", "try_at", "attempts", "digest"])
    found.listed.filter(state=Message.State.FAILED).update(state=Message.State.HELD, failure="")
    ledger.record(
        actor=actor,
        verb="requeue_message",
        subject=found,
        case_id=found.case_id,
        data={"kind": found.kind},
        at=at,
    )
    return found
