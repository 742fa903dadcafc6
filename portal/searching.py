"""Full-text search by PostgreSQL: a model says which of its columns are WORDS, an index holds them, every search asks alike.

What a person may find is never decided here: rows come narrowed by ``visible_to``.
"""

from collections.abc import Sequence
from typing import TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

CONFIG = "english"
LONGEST = 200
# Around what was found: characters that no text of ours holds, so that marking up comes after escaping.
_START, _STOP = "\x02", "\x03"
Rows = TypeVar("Rows", bound=QuerySet)


def _vector(words: Sequence[str]) -> SearchVector:
    return SearchVector(*words, config=CONFIG)


def words_index(name: str, words: Sequence[str]) -> GinIndex:
    """The index that ``saying`` walks: both are made from the same expression."""
    return GinIndex(_vector(words), name=name)


def asked(text: str) -> SearchQuery:
    """What a person typed, as search engines read it: quotes for phrases, ``or``, a minus before what should not be there."""
    return SearchQuery(_typed(text), config=CONFIG, search_type="websearch")


def _typed(text: str) -> str:
    return text[:LONGEST].replace("\x00", " ")


def saying(rows: Rows, text: str) -> Rows:
    """Those rows whose columns ``WORDS`` hold what was asked for.

    The index is walked by a function of the table's own, made with row-level security (portal/site/migrations/0002_rows.py).
    """
    found = f"SELECT portal_found_{rows.model._meta.db_table}(websearch_to_tsquery(%s::regconfig, %s))"
    return rows.filter(pk__in=RawSQL(found, [CONFIG, _typed(text)]))  # noqa: S611 (a table's name; the text is a parameter)


def ranked(rows: Rows, words: Sequence[str], text: str) -> Rows:
    """``saying``, the best first, each row with ``snippet``: the words around what was found (see ``marked_up``)."""
    parts: list = []
    for name in words:
        parts += [name, Value(" \n")]
    snippet = SearchHeadline(
        Concat(*parts, output_field=TextField()),
        asked(text),
        config=CONFIG,
        start_sel=_START,
        stop_sel=_STOP,
        max_words=28,
        min_words=12,
        max_fragments=2,
    )
    found = saying(rows, text).annotate(rank=SearchRank(_vector(words), asked(text)), snippet=snippet)
    return found.order_by("-rank", "pk")


def marked_up(snippet: str) -> SafeString:
    """A snippet as HTML: whatever the text holds is text, and what was found is marked."""
    text = escape(snippet).replace(_START, "<mark>").replace(_STOP, "</mark>")
    return mark_safe(text)  # noqa: S308 (escaped above)
