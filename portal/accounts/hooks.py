"""What upper floors do for accounts. They fill these lists from their AppConfig; this floor calls them in its transaction."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

# (recipients, kind, about, at, link): put a message to these people into the outbox.
TELL: list[Callable] = []
# (service, organisation, due_at, at, link): a service's token expires then; None where none does any more.
EXPIRES: list[Callable] = []
# (user): take away what opens something for a closed account without a session or token.
CLOSED: list[Callable] = []
# (actor, organisation, at): sentences that say why an agency cannot leave the programme now.
KEEPS: list[Callable] = []
# (actor, organisation, at): end what an agency that leaves the programme was given.
LEFT: list[Callable] = []
# (user, at): sentences that say why a person's particulars cannot be erased now. Who looks after accounts reads them.
AGAINST_ERASING: list[Callable] = []
# (actor, user, at): remove a person's particulars that an upper floor keeps; ``user`` still has theirs.
ERASING: list[Callable] = []


def tell(*, recipients: list[UUID], kind: str, about: UUID, at: datetime, link: str = "/account/") -> None:
    for hook in TELL:
        hook(recipients=recipients, kind=kind, about=about, at=at, link=link)


def expires(*, service, organisation, due_at: datetime | None, at: datetime, link: str) -> None:
    for hook in EXPIRES:
        hook(service=service, organisation=organisation, due_at=due_at, at=at, link=link)


def closed(user) -> None:
    for hook in CLOSED:
        hook(user)


def kept(*, actor, organisation, at: datetime) -> list[str]:
    return [sentence for hook in KEEPS for sentence in hook(actor=actor, organisation=organisation, at=at)]


def left(*, actor, organisation, at: datetime) -> None:
    for hook in LEFT:
        hook(actor=actor, organisation=organisation, at=at)


def against_erasing(*, user, at: datetime) -> list[str]:
    return [sentence for hook in AGAINST_ERASING for sentence in hook(user=user, at=at)]


def erasing(*, actor, user, at: datetime) -> None:
    for hook in ERASING:
        hook(actor=actor, user=user, at=at)
