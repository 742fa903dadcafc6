"""How messages come to people by mail: what each person chose for a group of kinds, and what is nobody's to choose."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from uuid import UUID

from portal.accounts.models import Kind
from portal.deadlines import registry
from portal.deadlines.models import Deadline, Message, NoticePreference
from portal.deadlines.registry import DeadlineKind, Group, NoticeKind

Delivery = NoticePreference.Delivery


@dataclass(frozen=True, slots=True)
class Choice:
    """A group as its person sees it: the labels of the kinds that follow ``delivery``, and of those always mailed at once."""

    group: Group
    delivery: Delivery
    follow: tuple[str, ...]
    essential: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.group.key

    @property
    def is_open(self) -> bool:
        return bool(self.follow)


def choices_of(user) -> list[Choice]:
    """The groups of which this person can be told something, with what they chose; first those that can be chosen.

    A lab's service is told nothing.
    """
    if user.is_service:
        return []
    chosen = dict(NoticePreference.objects.visible_to(user).values_list("group", "delivery"))
    sides, others = {seat.kind for seat in user.seats}, _of_others(user.seats)
    found = [
        Choice(
            group=group,
            delivery=Delivery(chosen.get(group.key, Delivery.AT_ONCE)),
            follow=_labels(group, essential=False, without=others),
            essential=_labels(group, essential=True, without=others),
        )
        for group in _groups()
        if sides & set(group.sides)
    ]
    return sorted(
        (choice for choice in found if choice.follow or choice.essential),
        key=lambda choice: not choice.is_open,
    )


def _of_others(seats) -> set[str]:
    """The kinds of deadlines of which somebody with these seats is never reminded."""
    found = {key for key, kind in registry.DEADLINES.items() if kind.capacities}
    found -= set(registry.kinds_for(seats))
    if all(seat.kind != Kind.AGENCY for seat in seats):
        found.update(registry.government_kinds())
    return found


def decided(messages: Iterable[Message]) -> dict[UUID, Delivery]:
    """How each of these messages goes, by what its person has chosen at this moment.

    Inside a transaction: the choices stay locked until it ends, so that who changes their mind meanwhile waits, and then
    finds what was put aside.
    """
    messages = list(messages)
    rows = NoticePreference.objects.filter(person__in={message.recipient_id for message in messages})
    rows = rows.exclude(delivery=Delivery.AT_ONCE).order_by("pk").select_for_update(no_key=True)
    chosen = {(row.person_id, row.group): Delivery(row.delivery) for row in rows}
    return {message.pk: _decided(message, chosen) for message in messages}


def of_reminders(user, deadlines: Iterable[Deadline]) -> dict[UUID, Delivery]:
    """How the reminders of each of these deadlines would come to a person, by what they have chosen at this moment."""
    rows = NoticePreference.objects.visible_to(user).values_list("group", "delivery")
    chosen = {(user.pk, group): Delivery(delivery) for group, delivery in rows}
    return {
        deadline.pk: _follows(registry.DEADLINES.get(deadline.kind), deadline, user.pk, chosen)
        for deadline in deadlines
    }


def _decided(message: Message, chosen: dict) -> Delivery:
    return _follows(registry.kind_of(message), message.deadline, message.recipient_id, chosen)


def _follows(
    kind: DeadlineKind | NoticeKind | None, deadline: Deadline | None, person: UUID, chosen: dict
) -> Delivery:
    if kind is None or kind.essential or (deadline is not None and deadline.at_once):
        return Delivery.AT_ONCE
    return chosen.get((person, kind.group.key), Delivery.AT_ONCE)


def _kinds() -> list:
    return [*registry.DEADLINES.values(), *registry.NOTICES.values()]


def _groups() -> list[Group]:
    return list(dict.fromkeys(kind.group for kind in _kinds()))


def _labels(group: Group, *, essential: bool, without: Container[str] = ()) -> tuple[str, ...]:
    """What the kinds of a group are called; ``without`` are deadlines of which a person is never reminded."""
    found = (
        kind.label
        for kind in _kinds()
        if kind.group == group
        and kind.essential == essential
        and not (isinstance(kind, DeadlineKind) and kind.key in without)
    )
    return tuple(dict.fromkeys(found))
