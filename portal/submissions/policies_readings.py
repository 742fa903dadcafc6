"""Who looks into reading that differs from usual. Plain answers; unknown means no."""

from portal.submissions.models import UnusualReading


def may_look_into(actor, reading: UnusualReading) -> bool:
    """A coordinator of the programme office or a security officer who sees it; never the reader."""
    if not actor.is_authenticated or not actor.is_active:
        return False
    return UnusualReading.objects.to_look_into_by(actor).filter(pk=reading.pk).exists()


def capacities(actor, reading: UnusualReading) -> frozenset[str]:
    return frozenset({"overseer"}) if may_look_into(actor, reading) else frozenset()
