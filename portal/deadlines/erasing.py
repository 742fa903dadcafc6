"""What stands against erasing a person here, and what goes with them: dates that wait for them, and what they are told by."""

from datetime import datetime

from portal.deadlines.models import Absence, Bounce, Deadline, Message, NoticePreference, QuietHours

State = Message.State


def against(*, user, at: datetime) -> list[str]:
    if Deadline.objects.still_open().filter(person=user).exists():
        return ["A date waits for them."]
    return []


def erase(*, actor, user, at: datetime) -> None:
    """Nothing more is mailed to them; what was stays as rows, which name no address."""
    waiting = Message.objects.filter(recipient=user, state__in=[State.WAITING, State.HELD])
    waiting.update(state=State.DROPPED)
    for kept in (Bounce, NoticePreference, QuietHours, Absence):
        kept.objects.filter(person=user).delete()
