"""The ledger's proof of a case's record, for its archive."""

from portal.ledger import proofs
from portal.ledger.models import Head
from portal.submissions import history
from portal.submissions.models import Submission

# How many earlier archives' heads are proved to be beginnings of the log; and that of the case's first event.
EARLIER = 100


def of_record(case: Submission, head: Head | None) -> bytes:
    """The file ``ledger.json``: each sealed event of the record with its proof, and the way from earlier archives' heads."""
    taken = history.looks(case).filter(verb="took_along", data__head__isnull=False)
    sizes = {size for size in taken.values_list("data__head", flat=True)[:EARLIER] if isinstance(size, int)}
    first = proofs.first_head_of(case.pk)
    return proofs.of_case(case.pk, case.case_number, earlier=sizes | ({first} if first else set()), head=head)
