"""Whether a document is CSAF 2.0: its schema, and the mandatory tests 6.1.1 to 6.1.33 of the standard.

The schema and most tests are the package ``csaf``'s. Where it differs from the standard the tests are ours (``csaf_tests``,
``csaf_profiles``). What the schemas of CVSS find is test 6.1.8.
"""

import re
from dataclasses import replace
from typing import Any

from partners.advisories import package
from partners.advisories.csaf_profiles import profile_failures
from partners.advisories.csaf_tests import TESTS
from partners.advisories.failures import SCHEMA, AdvisoryError, Failure, shortened
from partners.advisories.json_text import within_limits

INVALID_CVSS = "6.1.8"
PROFILES = "6.1.27"
# These read CVSS data, so they need its structure.
_OF_CVSS = {"6.1.7", "6.1.9", "6.1.10"}
_CVSS = re.compile(r"/vulnerabilities/\d+/scores/\d+/cvss_v[23](/|$)")


def check(document: object) -> list[Failure]:
    """Every failure, by number; none says that the document is valid. The tests presuppose the schema's structure, so one
    without it is told of its structure alone."""
    if not isinstance(document, dict):
        return [Failure(SCHEMA, "", "A CSAF document is a JSON object.")]
    try:
        within_limits(document)
    except AdvisoryError as error:
        return [error.failure]
    broken = _of_package(document, preset="schema")
    if not all(_CVSS.match(failure.path) for failure in broken):
        return [_numbered(failure) for failure in broken]
    left_out = _OF_CVSS if broken else set()
    found = _of_package(document, skip_rules=frozenset({SCHEMA, PROFILES, *TESTS}))
    for test in {test: None for number, test in TESTS.items() if number not in left_out}:
        found += test(document)
    found += profile_failures(document)
    # The words of 6.1.8 tell what is wrong for its version of CVSS; the schema's are that no version accepts it.
    if not any(failure.test == INVALID_CVSS for failure in found):
        found += [_numbered(failure) for failure in broken]
    first = {(failure.test, failure.path): failure for failure in reversed(found)}
    return sorted(first.values(), key=_place)


def _of_package(document: dict[str, Any], **options: Any) -> list[Failure]:
    return [
        Failure(result.id, error.instance_path.rstrip("/"), shortened(error.message))
        for result in package.validate(document, **options).results
        if not result.skipped
        for error in result.errors
    ]


def _numbered(failure: Failure) -> Failure:
    """A finding of the schema, that in CVSS data under its number."""
    return replace(failure, test=INVALID_CVSS) if _CVSS.match(failure.path) else failure


def _place(failure: Failure) -> tuple[tuple[int, ...], str]:
    return tuple(int(part) for part in failure.test.split(".")), failure.path
