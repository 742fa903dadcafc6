"""Organisations that may be one and the same: alike by name, with a mail domain or the LEI in common. A hint, never a refusal."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from partners.models import PartnerApplication
from portal.accounts.models import Kind, MailDomain, Organisation

ALIKE = 0.55
SHOWN = 10
# Legal forms and little words, which tell organisations apart as little as punctuation does.
_FORMS = frozenset({
    "ag", "and", "bv", "co", "company", "corp", "corporation", "gmbh", "group", "holding", "inc", "incorporated", "limited",
    "llc", "llp", "lp", "ltd", "nv", "of", "plc", "pty", "sa", "sas", "se", "the",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likely:
    """An organisation that may be the same, and why, in words."""

    organisation: Organisation
    why: str


def likely(organisation: Organisation) -> list[Likely]:
    """The other partner organisations that this one may be; three queries however many there are.

    For who oversees the programme alone: an applicant would learn by it who else takes part.
    """
    reasons: dict[UUID, list[str]] = {}
    rows = Organisation.objects.filter(kind=Kind.PARTNER).exclude(pk=organisation.pk)
    others = {row.pk: row for row in rows.select_related("partner_profile")}
    name = trigrams(organisation.name)
    for other in others.values():
        if likeness(name, trigrams(other.name)) >= ALIKE:
            reasons.setdefault(other.pk, []).append("a name like this one's")
    own, theirs = _told(organisation.pk)
    for pk, (leis, domains) in theirs.items():
        if pk in others and leis & own[0]:
            reasons.setdefault(pk, []).append(f"the same LEI ({', '.join(sorted(leis & own[0]))})")
        if pk in others and domains & own[1]:
            shared = ", ".join(sorted(domains & own[1]))
            reasons.setdefault(pk, []).append(f"a mail domain in common ({shared})")
    found = [Likely(others[pk], "; ".join(why)) for pk, why in reasons.items()]
    return sorted(found, key=lambda row: (row.organisation.name, row.organisation.pk))[:SHOWN]


def trigrams(name: str) -> frozenset[str]:
    """The groups of three letters of a name without accents, punctuation and legal forms."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in _FORMS]
    return frozenset(
        padded[start : start + 3]
        for word in words
        for padded in [f"  {word} "]
        for start in range(len(padded) - 2)
    )


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 to 1, as PostgreSQL's trigrams have it: what is common to both of what is in either."""
    return len(one & other) / len(one | other) if one and other else 0.0


_Known = tuple[set[str], set[str]]


def _told(pk: UUID) -> tuple[_Known, dict[UUID, _Known]]:
    """(LEIs, mail domains) of the organisation, and of every other: what applications ever said, and domains on record."""
    told: dict[UUID, _Known] = {}
    rows: Iterable[tuple] = PartnerApplication.objects.order_by().values_list(
        "organisation_id", "lei", "mail_domains"
    )
    for owner, lei, domains in rows:
        leis, known = told.setdefault(owner, (set(), set()))
        leis |= {lei} - {""}
        known |= set(domains)
    on_record = MailDomain.objects.filter(ended_at=None, organisation__kind=Kind.PARTNER).order_by()
    for owner, domain in on_record.values_list("organisation_id", "domain"):
        told.setdefault(owner, (set(), set()))[1].add(domain)
    return told.pop(pk, (set(), set())), told
