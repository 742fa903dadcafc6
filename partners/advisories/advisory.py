"""What an advisory says, whichever format carries it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn, get_args

from partners.advisories import vectors
from partners.advisories.csaf_tests import is_version_range, rank
from partners.advisories.failures import READING, AdvisoryError
from portal.submissions.markings import TLP

Kind = Literal["software_vulnerability", "model_safeguard", "model_capability", "incident"]
Status = Literal["draft", "interim", "final"]
PublisherCategory = Literal["coordinator", "discoverer", "other", "translator", "user", "vendor"]
ReferenceCategory = Literal["external", "self"]
RemediationCategory = Literal["mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"]
NoteCategory = Literal["description", "details", "faq", "general", "legal_disclaimer", "other", "summary"]
# A document without a label is handled as one that nobody has labelled yet.
UNLABELLED = "TLP:AMBER+STRICT"
_VERSION = re.compile(r"[0-9]+(\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?)?")
# What a page may turn into a link.
_ADDRESS = re.compile(r"(https?|ftp)://[^\s]+\Z|mailto:[^\s]+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its versions. Neither affected nor fixed versions: it is affected, and nobody says in which. ``family`` is
    its product family, or the package ecosystem in OSV. A version may be a range, in words or as ``vers:``."""

    name: str
    vendor: str = ""
    affected: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    family: str = ""

    def __post_init__(self) -> None:
        _texts("name", self.name)
        _texts("affected", *self.affected)
        _texts("fixed", *self.fixed)
        if len({*self.affected, *self.fixed}) < len(self.affected) + len(self.fixed):
            _refuse("A version stands twice, or as affected and as fixed.", "affected", test="6.1.6")

    @property
    def key(self) -> tuple[str, str, str]:
        return self.vendor, self.family, self.name


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """One link of the reporter chain, in the words it was given in."""

    names: tuple[str, ...] = ()
    organization: str = ""
    summary: str = ""
    urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _texts("names", *self.names)
        _addresses("urls", *self.urls)
        if not (self.names or self.organization or self.summary or self.urls):
            _refuse("An acknowledgment names somebody or says something.", "names")


@dataclass(frozen=True, slots=True)
class Identifier:
    """The number that the weakness has in another system: GHSA, the clearinghouse, ..."""

    system: str
    text: str

    def __post_init__(self) -> None:
        _texts("text", self.system, self.text)


@dataclass(frozen=True, slots=True)
class Reference:
    """A page about it; ``self`` is this advisory's own."""

    url: str
    summary: str
    category: ReferenceCategory = "external"

    def __post_init__(self) -> None:
        _texts("summary", self.summary)
        _addresses("url", self.url)
        _one_of("category", self.category, get_args(ReferenceCategory))


@dataclass(frozen=True, slots=True)
class Remediation:
    """What can be done about it."""

    details: str
    category: RemediationCategory = "vendor_fix"
    url: str = ""

    def __post_init__(self) -> None:
        _texts("details", self.details)
        _addresses("url", *([self.url] if self.url else []))
        _one_of("category", self.category, get_args(RemediationCategory))


@dataclass(frozen=True, slots=True)
class Note:
    """A text beside the summary."""

    text: str
    title: str = ""
    category: NoteCategory = "general"

    def __post_init__(self) -> None:
        _texts("text", self.text)
        _one_of("category", self.category, get_args(NoteCategory))


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of the advisory: its number (integers, or semantic versions), when, and what changed."""

    number: str
    at: datetime
    summary: str

    def __post_init__(self) -> None:
        _texts("summary", self.summary)
        _aware("at", self.at)
        if not _VERSION.fullmatch(self.number):
            _refuse("A version is an integer, or a semantic version such as 1.2.0.", "number")

    def order(self) -> tuple:
        """What revisions are sorted by: date, then number."""
        return self.at, rank(self.number)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes; the namespace is an address that is theirs."""

    name: str
    namespace: str
    category: PublisherCategory = "coordinator"
    contact: str = ""
    authority: str = ""

    def __post_init__(self) -> None:
        _texts("name", self.name)
        _texts("namespace", self.namespace)
        _one_of("category", self.category, get_args(PublisherCategory))


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One weakness, told to those concerned. Instants are aware; ``cvss`` has at most one vector a version, newest version first;
    ``cwe`` is a number ('CWE-20'); ``ssvc`` and ``distribution`` are taken verbatim;
    ``source_lang`` is the language that a translator translated from.

    Raises AdvisoryError with the field as its path; what a format demands beyond that shows when it is written."""

    id: str
    title: str
    publisher: Publisher
    revisions: tuple[Revision, ...]
    initial_release: datetime
    current_release: datetime
    summary: str = ""
    kind: Kind = "software_vulnerability"
    status: Status = "draft"
    tlp: str = UNLABELLED
    distribution: str = ""
    embargo_until: datetime | None = None
    products: tuple[Product, ...] = ()
    cve: str = ""
    ids: tuple[Identifier, ...] = ()
    cwe: str = ""
    cvss: tuple[str, ...] = ()
    ssvc: str = ""
    acknowledgments: tuple[Acknowledgment, ...] = ()
    references: tuple[Reference, ...] = ()
    remediations: tuple[Remediation, ...] = ()
    notes: tuple[Note, ...] = ()
    lang: str = "en"
    source_lang: str = ""

    def __post_init__(self) -> None:
        _texts("id", self.id)
        _texts("title", self.title)
        _one_of("kind", self.kind, get_args(Kind))
        _one_of("status", self.status, get_args(Status))
        _one_of("tlp", self.tlp, TLP)
        _aware("initial_release", self.initial_release)
        _aware("current_release", self.current_release)
        if self.embargo_until is not None:
            _aware("embargo_until", self.embargo_until)
        if not self.revisions:
            _refuse("There is no revision.", "revisions")
        if len({product.key for product in self.products}) < len(self.products):
            _refuse("A product stands twice.", "products")
        if len({*self.ids}) < len(self.ids):
            _refuse("An id stands twice.", "ids")
        object.__setattr__(self, "cvss", newest_first(self.cvss))

    @property
    def version(self) -> str:
        """The number of the latest revision."""
        return max(self.revisions, key=Revision.order).number


def is_range(version: str) -> bool:
    """Whether a version's name stands for several."""
    return version.startswith("vers:") or is_version_range(version)


def newest_first(given: tuple[str, ...]) -> tuple[str, ...]:
    """Vectors by their version. Refuses what is none, and two of one version."""
    found: dict[str, str] = {}
    for vector in given:
        try:
            version = vectors.version_of(vector)
        except ValueError as error:
            _refuse(str(error), "cvss")
        if version in found:
            _refuse(f"There are two vectors of CVSS {version}.", "cvss")
        found[version] = vector
    return tuple(found[version] for version in sorted(found, reverse=True))


def strongest(given: list[str]) -> tuple[str, ...]:
    """For each version the vector with the highest base score: of several products, the one that is worst off."""
    best: dict[str, str] = {}
    for vector in given:
        version = vectors.version_of(vector)
        if version not in best or vectors.score(vector) > vectors.score(best[version]):
            best[version] = vector
    return tuple(best.values())


def _texts(name: str, *texts: str) -> None:
    if not all(texts):
        _refuse("A text is empty.", name)


def _addresses(name: str, *addresses: str) -> None:
    if not all(_ADDRESS.match(address) for address in addresses):
        _refuse("An address begins with http://, https://, ftp:// or mailto:.", name)


def _aware(name: str, at: datetime) -> None:
    if at.tzinfo is None:
        _refuse("An instant has a time zone.", name)


def _one_of(name: str, value: str, values: tuple[str, ...]) -> None:
    if value not in values:
        _refuse(f"This is one of {', '.join(values)}.", name)


def _refuse(message: str, name: str, *, test: str = READING) -> NoReturn:
    raise AdvisoryError(test=test, path=name, message=message)
