"""The one place that imports the package ``csaf``."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _quietly() -> Iterator[None]:
    """Its import is slow, and gives the root logger a handler and a level, which are not its own to give in a server."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def validate(document: dict[str, Any], **options: Any) -> Any:
    """The package's report about a CSAF 2.0 document."""
    with _quietly():
        from csaf.csaf.v20 import validate

    return validate(document, **options)


def weakness(number: str) -> dict[str, str]:
    """A CWE number with its name, as the catalogue has it. Raises ValueError for what it has not."""
    with _quietly():
        from csaf import cwe_entry

    return {"id": number, "name": cwe_entry(number).name}
