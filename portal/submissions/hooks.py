"""What upper floors add to a case's steps: they fill these lists from their AppConfig, and it happens in one transaction."""

from collections.abc import Callable
from typing import Any

# (submission, actor, at): the lab's planned partner release moved from ``old`` (an instant or None); follow it.
DATES_MOVED: list[Callable] = []
# (submission, at): the window or the state changed and is saved; plan what hangs on it.
REPLANNED: list[Callable] = []
# (submission, actor, at, verb): withdrawn or released; end every access that this floor does not know of.
ACCESS_ENDED: list[Callable] = []
# (submission) -> ids of organisations that have or may get a grant on the case.
PARTNERS_OF: list[Callable] = []
# (submission) -> ids of persons who hold or may get a reviewer's seat on the case.
REVIEWERS_OF: list[Callable] = []

# (submission, release, at) -> the start of the first agreed grant if the planned partner release moved there; writes nothing.
FIRST_GRANT_IF: list[Callable] = []
# (ids of cases, at) -> for each of them what is still owed or open on this floor, in words: it keeps the case's files.
OWED: list[Callable] = []
# (at, running=False) -> queryset of the seats that have the lead of a case, with ``submission_id``, where ``running`` says that
# the cases asked are not over; and the path to the name of who sits there.
LEADS: list[tuple[Callable, str]] = []

# Kinds of stored files -> (file, found, at): records what came of a scan; ``found`` is whether that is malware. What is named
# here is scanned, and its strays are removed from the storage.
STORED: dict[Any, Callable] = {}


def call(hooks: list[Callable], *args, **kwargs) -> None:
    for hook in hooks:
        hook(*args, **kwargs)


def gather(hooks: list[Callable], submission) -> set:
    """The union of what the hooks return."""
    return {item for hook in hooks for item in hook(submission)}
