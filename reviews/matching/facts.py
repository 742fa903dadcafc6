"""What a matching is made from and what it says. Ids are text; their order decides nothing."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Bar(StrEnum):
    """Why a reviewer is not paired with a case, or with any."""

    CONFLICT = "conflict"
    SEATED = "seated"
    DECLINED = "declined"
    FULL = "full"
    NO_PROFILE = "no_profile"
    OTHER_AGENCY = "other_agency"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Need:
    """New seats wanted on a case in a domain. With ``lead`` one of them has the lead; at most one need of a case says so."""

    case: str
    domain: str
    seats: int = 1
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One person of one agency. ``load`` is how many live seats the person has, ``cap`` how many are the most.

    ``kept_out`` is a reason that holds for every case.
    """

    id: str
    agency: str
    domains: frozenset[str] = frozenset()
    load: int = 0
    cap: int = 0
    kept_out: Bar | None = None

    @property
    def room(self) -> int:
        return 0 if self.kept_out else max(0, self.cap - self.load)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a matching knows.

    ``barred`` says for (reviewer, case) why not, ``prior`` names the (reviewer, case) whose lab the reviewer has reviewed
    before, ``agencies`` every agency that might be asked.
    """

    needs: tuple[Need, ...]
    reviewers: tuple[Reviewer, ...]
    barred: frozenset[tuple[str, str, Bar]] = frozenset()
    prior: frozenset[tuple[str, str]] = frozenset()
    agencies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pair:
    """A seat that is suggested, and why: codes that ``words.py`` puts into sentences."""

    case: str
    domain: str
    lead: bool
    reviewer: str
    agency: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """Why a reviewer was not considered for a case; ``case`` is empty where it holds for all of the run."""

    reviewer: str
    case: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would fill one more seat, and whom it is about."""

    code: str
    reviewer: str = ""
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """Seats nobody is left for. ``reasons``: (code, of how many reviewers of the domain); exactly three remedies."""

    case: str
    domain: str
    seats: int
    lead: bool
    reasons: tuple[tuple[str, int], ...]
    remedies: tuple[Remedy, Remedy, Remedy]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``cost`` is for those who check the solver; it is shown and stored nowhere."""

    pairs: tuple[Pair, ...]
    excluded: tuple[Excluded, ...]
    unmet: tuple[Unmet, ...]
    cost: int


def digests(facts: Facts) -> dict[str, str]:
    """A SHA-256 of each part of the facts, whatever order they come in: what changed since is told by part."""
    parts = {
        "needs": sorted([n.case, n.domain, n.seats, n.lead] for n in facts.needs),
        "reviewers": sorted(
            (asdict(r) | {"domains": sorted(r.domains)} for r in facts.reviewers), key=lambda row: row["id"]
        ),
        "barred": sorted(facts.barred),
        "prior": sorted(facts.prior),
        "agencies": sorted(facts.agencies),
    }
    return {
        name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        for name, part in parts.items()
    }
