"""Recording who read nominations: whom a lab wants as a partner, and why, is the lab's."""

from collections.abc import Iterable

from partners.models import PartnerNomination
from portal.accounts.models import Kind
from portal.ledger import actions as ledger
from portal.submissions.querysets import agency_wide, lab_capacity


def read_nominations(*, actor, rows: Iterable[PartnerNomination], verb: str) -> None:
    """Nominations that were shown: one event each, in one statement, beside every case."""
    subjects = [(row, None, _standing(actor, row)) for row in rows]
    if subjects:
        ledger.look(actor=actor, verb=verb, subjects=subjects)


def _standing(actor, row: PartnerNomination) -> str:
    own = [seat for seat in actor.seats if seat.organisation_id == row.nominated_for_id]
    of_lab = {lab_capacity(seat.role) for seat in own if seat.kind == Kind.LAB}
    if of_lab:
        return min(of_lab)
    return str(next(iter(agency_wide(actor)), "agency_coordinator"))
