"""Countries by their ISO 3166 alpha-2 codes, from the time zone database's list of them."""

from functools import cache
from importlib.resources import files


@cache
def names() -> dict[str, str]:
    """Every code with the country's usual English name, in the order of the names."""
    text = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = [line.partition("\t")[::2] for line in text.splitlines() if line and not line.startswith("#")]
    return dict(sorted(rows, key=lambda row: row[1]))
