"""Who may read and who may change the programme's settings. Plain answers; unknown means no."""


def is_of_the_office(actor) -> bool:
    """A coordinator of the programme office, who sees which cases a change concerns."""
    return actor.is_authenticated and any(
        seat.programme_office and seat.kind == "agency" and seat.role == "coordinator" for seat in actor.seats
    )


def may_change(actor) -> bool:
    """The programme's coordinators, and superusers, whose business is accounts and settings."""
    return actor.is_authenticated and actor.is_active and (actor.is_superuser or is_of_the_office(actor))


def may_read(actor) -> bool:
    """Who may change them, and auditors."""
    return may_change(actor) or (
        actor.is_authenticated and actor.is_active and actor.has_seat("agency", "auditor")
    )
