"""Model cards: Markdown, with or without a YAML header. Tables of benchmarks are read wherever they stand."""

import re
from html.parser import HTMLParser
from typing import Any, BinaryIO

import yaml
from markdown_it import MarkdownIt

from portal.submissions.evidence.found import Evidence, Score, Section, Unreadable, number_in, text_in

CARD_AT_MOST = 2 << 20
SECTION_AT_MOST = 10_000
_HEADER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?\s*%?")
# Columns of a table of benchmarks that hold no results.
_NO_RESULTS = frozenset(
    {"category", "benchmark", "# shots", "shots", "metric", "notes", "reported in", "dataset", "task"}
)
# The words of a heading that names a part of the card, not the model.
_PARTS = re.compile(
    r"model (information|card|details?|overview|description|summary)|introduction|overview", re.I
)


def read_card(stream: BinaryIO) -> Evidence:
    """What a card says of its model. Raises Unreadable for what is no text, and for more than 2 MB of it."""
    raw = stream.read(CARD_AT_MOST + 1)
    if len(raw) > CARD_AT_MOST:
        raise Unreadable(
            "This is neither an evaluation log of Inspect nor a model card: it is a text of more than 2 MB."
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            "This is neither an evaluation log of Inspect nor a model card: it is no text."
        ) from error
    if "\x00" in text or not text.strip():
        raise Unreadable("This is neither an evaluation log of Inspect nor a model card.")
    found = Evidence("model_card")
    header = _HEADER.match(text)
    above = 0
    if header is not None:
        _read_header(found, header.group(1))
        above = text[: header.end()].count("\n")
        text = text[header.end() :]
    found.sections = _sections(text, above)
    page = _Page()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    page.close()
    for number, table in enumerate(page.tables, start=1):
        _read_table(found, table, number)
    found.model = found.model or _name_of(page)
    if header is None and not page.headings and not found.scores:
        raise Unreadable("This is a text, and no model card: it has neither a header nor a heading.")
    if found.model is None:
        found.problems.append("The card does not say what its model is called.")
    return found


def _sections(text: str, above: int) -> list[Section]:
    """The text under each heading, as it is written, up to the next heading of any level; ``above`` lines stand before it.

    Tables and markup are left out: they are no sentences.
    """
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [
        (token.map[0], token.map[1], text_in(tokens[place + 1].content) or "")
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]
    lines = text.splitlines()
    ends = [*(first for first, _, _ in headings[1:]), *([len(lines)] if headings else [])]
    found = []
    for (first, behind, heading), end in zip(headings, ends, strict=True):
        words = "\n".join(
            line for line in lines[behind:end] if not line.lstrip().startswith(("|", "<"))
        ).strip()
        if words and heading:
            found.append(Section(heading, words[:SECTION_AT_MOST], above + first + 1))
    return found


class _Loader(yaml.SafeLoader):
    """YAML without aliases, by which a few lines can stand for a very large value."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def _read_header(found: Evidence, text: str) -> None:
    try:
        header = _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        found.problems.append("The card's header could not be read.")
        return
    found.model = text_in(header.get("model_name"))
    index = header.get("model-index")
    for entry in index if isinstance(index, list) else []:
        if not isinstance(entry, dict):
            continue
        found.model = found.model or text_in(entry.get("name"))
        results = entry.get("results")
        for result in results if isinstance(results, list) else []:
            _read_result(found, result)


def _read_result(found: Evidence, result: Any) -> None:
    if not isinstance(result, dict):
        return
    sources = [result.get(name) for name in ("dataset", "task")]
    names = [text_in(source.get("name")) for source in sources if isinstance(source, dict)]
    name = next((name for name in names if name), None)
    metrics = {}
    given = result.get("metrics")
    for metric in given if isinstance(given, list) else []:
        called = text_in(metric.get("name") or metric.get("type")) if isinstance(metric, dict) else None
        if called:
            metrics[called] = number_in(metric.get("value"))
            if metrics[called] is None:
                found.problems.append(f"{name or 'A result'}: {called} is not a number.")
    if name and metrics:
        found.scores.append(Score(name, metrics, "header, model-index"))


def _read_table(found: Evidence, rows: list[list[str]], number: int) -> None:
    """A table with a column of benchmarks: one row of results for each, with what each model's column says."""
    if len(rows) < 2:
        return
    titles = [title.casefold() for title in rows[0]]
    if "benchmark" not in titles:
        return
    at = titles.index("benchmark")
    columns = [
        number for number, title in enumerate(titles) if title and title not in _NO_RESULTS and number != at
    ]
    for row in rows[1:]:
        if len(row) != len(titles) or not row[at]:
            found.problems.append("A row of a table of benchmarks could not be read.")
            continue
        metric = row[titles.index("metric")] if "metric" in titles else ""
        name = text_in(f"{row[at]}, {metric}" if metric else row[at]) or row[at]
        metrics = {rows[0][number]: value for number in columns if (value := _value(row[number])) is not None}
        if metrics:
            found.scores.append(Score(name, metrics, f"table {number}"))
        elif any(row[number] for number in columns):
            found.problems.append(f"{name}: no column holds one number.")


def _value(cell: str) -> float | int | None:
    """The number of a cell that holds one number and no more."""
    if not _NUMBER.fullmatch(cell):
        return None
    plain = cell.replace(",", "").rstrip("% \t")
    return float(plain) if "." in plain else int(plain)


def _name_of(page: "_Page") -> str | None:
    """What a card without a header calls its model: its title, or what a table lists under "Model name"."""
    title = next(
        (words for level, words in page.headings if level == 1 and not _PARTS.fullmatch(words)), None
    )
    if title:
        return text_in(title)
    for table in page.tables:
        titles = [words.casefold() for words in table[0]] if table else []
        if "model name" in titles:
            at = titles.index("model name")
            names = [row[at] for row in table[1:] if len(row) > at and row[at]]
            return text_in(", ".join(dict.fromkeys(names)))
    return None


class _Page(HTMLParser):
    """Headings and tables of rendered Markdown, cells that span rows or columns written out."""

    COLUMNS_AT_MOST, ROWS_AT_MOST = 60, 2000

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[tuple[int, str]] = []
        self.tables: list[list[list[str]]] = []
        self.words: list[str] | None = None
        self.span = (1, 1)
        self.row: list[str | None] = []
        # Column -> (words, how many more rows they fill).
        self.hanging: dict[int, tuple[str, int]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self.hanging = {}
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self._end_cell()
            given = dict(attrs)
            self.span = (_small(given.get("rowspan")), _small(given.get("colspan")))
            self.words = []
        elif re.fullmatch(r"h[1-6]", tag):
            self.words = []
        elif tag == "br" and self.words is not None:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if self.words is not None:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif re.fullmatch(r"h[1-6]", tag) and self.words is not None:
            words = " ".join("".join(self.words).split())
            self.words = None
            if words:
                self.headings.append((int(tag[1]), words))

    def _end_cell(self) -> None:
        if self.words is None:
            return
        words = " ".join("".join(self.words).split())
        self.words = None
        rows, columns = self.span
        for _ in range(columns):
            self._fill()
            if len(self.row) >= self.COLUMNS_AT_MOST:
                return
            if rows > 1:
                self.hanging[len(self.row)] = (words, rows - 1)
            self.row.append(words)

    def _fill(self) -> None:
        """Put in what hangs down from the rows above."""
        while (at := len(self.row)) in self.hanging and at < self.COLUMNS_AT_MOST:
            words, left = self.hanging.pop(at)
            if left > 1:
                self.hanging[at] = (words, left - 1)
            self.row.append(words)

    def _end_row(self) -> None:
        self._end_cell()
        self._fill()
        if self.row and self.tables and len(self.tables[-1]) < self.ROWS_AT_MOST:
            self.tables[-1].append([words or "" for words in self.row])
        self.row = []


def _small(value: str | None) -> int:
    return min(int(value), 200) if value and value.isdecimal() and len(value) < 6 and int(value) else 1
