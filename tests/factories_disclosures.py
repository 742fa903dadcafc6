"""Cases with disclosure notices, made through the actions."""

from portal.submissions import actions
from portal.submissions.actions import disclosures
from portal.submissions.models import DisclosureNotice, Document
from tests import factories as make

REFERENCE = "FOIA-2026-0117"
WORDS = "A newspaper asks for the whole draft card: praline-request-1."
GROUNDS = "Section 2 tells how the caramel is made; every rival would make it: praline-grounds-1."
REASONS = "Section 2 repeats what the patent shows: praline-reasons-1."


def document(case: make.Case, title: str = "Card", *, at=make.NOW, **options) -> Document:
    return actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="system_card",
        title=title,
        upload=make.pdf(title, f"{title}.pdf"),
        at=at,
        **options,
    )


def notified(
    case: make.Case, actor=None, *, at=make.NOW, reference: str = REFERENCE, **options
) -> DisclosureNotice:
    options = {"text": WORDS} | options
    return disclosures.give_notice(
        actor=actor or case.coordinator, submission=case.submission, reference=reference, at=at, **options
    )


def objected(case: make.Case, notice: DisclosureNotice, *, at=make.NOW) -> DisclosureNotice:
    return disclosures.object_to(actor=case.contributor, notice=notice, reason=GROUNDS, at=at)


def to_be_disclosed(case: make.Case, notice: DisclosureNotice, *, at=make.NOW, **options) -> DisclosureNotice:
    return disclosures.decide_to_disclose(
        actor=case.coordinator, notice=notice, reason=REASONS, at=at, **options
    )
