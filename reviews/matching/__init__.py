"""Who might review what: pure functions from facts to a suggestion. No database, no clock, no chance.

    match(Facts(needs=..., reviewers=..., barred=..., prior=..., agencies=...)) -> Suggestion

The same facts in any order give the same suggestion. docs/adr/0014-matching.md argues the costs.
"""

from reviews.matching.facts import (
    Bar,
    Excluded,
    Facts,
    Need,
    Pair,
    Remedy,
    Reviewer,
    Suggestion,
    Unmet,
    digests,
)
from reviews.matching.suggest import match

__all__ = [
    "Bar",
    "Excluded",
    "Facts",
    "Need",
    "Pair",
    "Remedy",
    "Reviewer",
    "Suggestion",
    "Unmet",
    "digests",
    "match",
]
