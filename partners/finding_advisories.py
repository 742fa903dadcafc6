"""A finding as an advisory, in the formats that others read, and an advisory of others as the values of a finding.

What maps to what in the formats themselves stands in docs/adr/0021; here is what a finding says.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from django.conf import settings

from partners import cvss, policies_findings
from partners.advisories import (
    Acknowledgment,
    Advisory,
    AdvisoryError,
    Identifier,
    Product,
    Publisher,
    Revision,
    check,
    csaf_file_name,
    dumps,
    each_from_csaf,
    from_osv,
    to_csaf,
    to_osv,
)
from partners.findings_states import FindingState
from partners.models import Finding
from portal import programme
from portal.errors import Invalid, WrongState

CSAF, OSV = "csaf", "osv"
FORMATS = {CSAF: "CSAF 2.0", OSV: "OSV"}
# Bytes of a file that is read: the published ones have some hundred kilobytes.
LARGEST = 5_000_000
# Ends what was longer than a finding's field.
_CUT = " … (shortened)"
# The instants at which what an advisory tells has changed, each with what is said of it.
_REVISIONS = (
    ("reported_at", "Reported."),
    ("validated_at", "Validated."),
    ("owner_notified_at", "The owner was notified."),
    ("fixed_at", "Fixed by the owner."),
    ("published_at", "Published."),
    ("closed_unpublished_at", "Closed without publication."),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A finding in one of ``FORMATS``, as the file that is handed out."""

    name: str
    content: bytes


def written(user, finding: Finding, form: str) -> Written:
    """The advisory of a reported finding for this person, deterministic to the byte. Raises WrongState for a draft, and Invalid
    where the format cannot carry what the finding says, naming the path.
    """
    if finding.state == FindingState.DRAFT:
        raise WrongState("A draft is told to nobody. Report it first.")
    advisory = advisory_of(finding, with_chain=policies_findings.reads_reporter(user, finding))
    try:
        document = to_csaf(advisory) if form == CSAF else to_osv(advisory)
        failures = check(document) if form == CSAF else ()
    except AdvisoryError as error:
        raise Invalid(f"{FORMATS[form]} cannot carry this finding. {error.message}") from error
    for failure in failures:
        raise Invalid(f"{FORMATS[form]} cannot carry this finding. {failure}")
    name = csaf_file_name(advisory) if form == CSAF else f"{finding.number.lower()}.osv.json"
    return Written(name, dumps(document).encode())


def advisory_of(finding: Finding, *, with_chain: bool) -> Advisory:
    """What a finding says. Who reported it is told only where the reader reads it: an owner is not told (invariant 9)."""
    revisions = _revisions(finding)
    chain = finding.reporter_chain if with_chain and finding.reporter_chain.strip() else ""
    return Advisory(
        id=finding.number,
        title=finding.title,
        publisher=Publisher(name=programme.current().name, namespace=settings.PORTAL_BASE_URL),
        revisions=revisions,
        initial_release=revisions[0].at,
        current_release=revisions[-1].at,
        summary=finding.text,
        kind=finding.kind,  # type: ignore[arg-type]
        status="final" if finding.state == FindingState.PUBLISHED else "interim",
        tlp=finding.tlp,
        # What is published is under none any more: its owner consented, or it has passed.
        embargo_until=None if finding.published_at else finding.embargo_until,
        products=(
            Product(name=finding.product, affected=(finding.version,) if finding.version.strip() else ()),
        ),
        ids=tuple(
            Identifier(system=relay.clearinghouse, text=relay.their_id)
            for relay in finding.relays.all()
            if relay.their_id
        ),
        cwe=finding.cwe,
        cvss=(finding.cvss,) if finding.cvss else (),
        ssvc=finding.ssvc,
        acknowledgments=(Acknowledgment(summary=chain),) if chain else (),
    )


def _revisions(finding: Finding) -> tuple[Revision, ...]:
    told: list[tuple[datetime, str]] = [
        (at, said) for column, said in _REVISIONS if (at := getattr(finding, column)) is not None
    ]
    return tuple(
        Revision(number=str(number), at=at, summary=said)
        for number, (at, said) in enumerate(sorted(told, key=itemgetter(0)), start=1)
    )


def read(data: bytes, form: str) -> list[dict]:
    """The values of a finding for each weakness an advisory file is about. Raises Invalid, naming the failing test and path."""
    if len(data) > LARGEST:
        raise Invalid(f"An advisory file has at most {LARGEST // 1_000_000} MB.", field="file")
    try:
        found = each_from_csaf(data) if form == CSAF else (from_osv(data),)
    except AdvisoryError as error:
        raise Invalid(f"Not a valid {FORMATS[form]} file. {error.message}", field="file") from error
    return [_values(advisory) for advisory in found]


def _values(advisory: Advisory) -> dict:
    """What a finding holds of an advisory; what it has no field for stands in its text. What is longer than a finding takes says
    that it was shortened, so that nothing is lost unseen.
    """
    product = advisory.products[0] if advisory.products else None
    numbers = [advisory.cve, *(f"{one.system}: {one.text}" for one in advisory.ids)]
    beside = [
        f"From {advisory.publisher.name}, {advisory.id}, version {advisory.version}.",
        *(f"Known as {number}." for number in numbers if number),
        *(f"Also {_named(other)}." for other in advisory.products[1:]),
        *(f"Fixed in {', '.join(one.fixed)} of {one.name}." for one in advisory.products if one.fixed),
        *(f"{one.details}" for one in advisory.remediations),
        *(f"{one.summary}: {one.url}" for one in advisory.references),
        *(f"{one.title}: {one.text}" if one.title else one.text for one in advisory.notes),
        *(f"Scored {vector}." for vector in advisory.cvss if not vector.startswith(cvss.PREFIX)),
    ]
    scores = [vector for vector in advisory.cvss if vector.startswith(cvss.PREFIX)]
    return {
        "kind": advisory.kind,
        "title": _fitting("title", advisory.title),
        "text": _fitting("text", "\n\n".join([advisory.summary or advisory.title, *beside])),
        "product": _fitting("product", _named(product) if product else ""),
        "version": _fitting("version", ", ".join(product.affected) if product else ""),
        "cwe": advisory.cwe,
        "cvss": scores[0] if scores else "",
        "ssvc": advisory.ssvc if advisory.ssvc in Finding.Ssvc.values else "",
        "tlp": advisory.tlp,
        "embargo_until": advisory.embargo_until,
        "reporter_chain": _fitting(
            "reporter_chain", "\n\n".join(_acknowledged(one) for one in advisory.acknowledgments)
        ),
    }


def _fitting(name: str, text: str) -> str:
    at_most = Finding._meta.get_field(name).max_length
    return text if len(text) <= at_most else text[: at_most - len(_CUT)] + _CUT


def _named(product: Product) -> str:
    return f"{product.vendor} {product.name}".strip()


def _acknowledged(one: Acknowledgment) -> str:
    """A link of the chain verbatim, its parts apart."""
    who = [", ".join(one.names), one.organization]
    return "\n".join(part for part in [*who, one.summary, *one.urls] if part)
