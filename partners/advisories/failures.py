"""What stands against a document: the test it fails, the place in it, and words for a person."""

from dataclasses import dataclass

from portal.errors import Invalid

# Names of what is no numbered test: the file is no JSON we take; it has another structure than its schema says; it is valid
# but says something that no advisory here can hold.
JSON, SCHEMA, READING = "json", "schema", "reading"
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """``test`` is a number of CSAF 2.0 section 6.1 or a name of this module, ``path`` a JSON pointer ('' is all of it)."""

    test: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.test} {self.path or '/'}: {self.message}"


class AdvisoryError(Invalid):
    """No advisory can be read of this, or written from it. ``message`` is for people, number and path included."""

    code = "invalid_advisory"

    def __init__(self, *, test: str, path: str, message: str):
        self.failure = Failure(test, path, message)
        super().__init__(str(self.failure))

    @property
    def test(self) -> str:
        return self.failure.test

    @property
    def path(self) -> str:
        return self.failure.path


def at(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def shortened(message: str) -> str:
    """A validator's words, which may quote the whole of a document, in one line that a person can read."""
    line = " ".join(message.split())
    if len(line) <= LONGEST:
        return line
    half = LONGEST // 2
    return f"{line[:half]} ... {line[-half:]}"
