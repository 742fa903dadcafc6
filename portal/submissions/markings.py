"""Markings of documents: read, put in order of strictness, and derived for several parts. Pure functions of their values.

Three dimensions stand side by side, since none of them says what another does: the CUI banner (what law protects, and whom it
may reach), TLP 2.0 (how far a reader may pass it on) and confidential commercial information (FOIA exemption 4). A derived
marking is at least as strict as the strictest part in each of them.

Source of the forms: the CUI banner of 32 CFR 2002 (``CUI``, ``CUI//SP-PROPIN``, ``CUI//SP-CTI/PRVCY//NOFORN``) and TLP 2.0.
The categories are a public registry's and change, so a category is judged by its form alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from portal.errors import Invalid

# Strictest first.
TLP = ("TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR")
COMMERCIAL = "confidential commercial information"
# Limited dissemination, in the order in which a banner names it; REL TO goes on with countries.
NOFORN, RELEASABLE = "NOFORN", "REL TO"
DISSEMINATION = (NOFORN, "FED ONLY", "FEDCON", "NOCON", "DL ONLY", RELEASABLE)
LONGEST = 200
_CATEGORY = re.compile(r"(SP-)?[A-Z][A-Z0-9-]{1,14}$")
_COUNTRY = re.compile(r"[A-Z]{3,4}$")
_HOME = "USA"


@dataclass(frozen=True, slots=True)
class Cui:
    """A CUI banner: whether there is one, its categories, its dissemination controls, and the countries of a REL TO."""

    marked: bool = False
    categories: frozenset[str] = frozenset()
    dissemination: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()

    def __str__(self) -> str:
        if not self.marked:
            return ""
        # Specified categories stand before basic ones, each group by the alphabet.
        categories = sorted(self.categories, key=lambda name: (not name.startswith("SP-"), name))
        controls = [self._control(name) for name in DISSEMINATION if name in self.dissemination]
        return "//".join(part for part in ("CUI", "/".join(categories), "/".join(controls)) if part)

    def _control(self, name: str) -> str:
        if name != RELEASABLE:
            return name
        return f"{RELEASABLE} {', '.join([_HOME, *sorted(self.countries - {_HOME})])}"

    def joined(self, other: "Cui") -> "Cui":
        """The banner over both: every category and control of either, and only the countries that both name."""
        controls = self.dissemination | other.dissemination
        both = bool(self.countries and other.countries)
        countries = self.countries & other.countries if both else self.countries | other.countries
        if RELEASABLE in controls and (NOFORN in controls or countries <= {_HOME}):
            controls, countries = (controls - {RELEASABLE}) | {NOFORN}, frozenset()
        return Cui(self.marked or other.marked, self.categories | other.categories, controls, countries)


@dataclass(frozen=True, slots=True)
class Marking:
    """What a document, or a page that tells of several, is marked with."""

    tlp: str = TLP[-1]
    cui: str = ""
    confidential_commercial: bool = False

    def __str__(self) -> str:
        return " · ".join(
            part for part in (self.cui, self.tlp, COMMERCIAL if self.confidential_commercial else "") if part
        )

    def covers(self, other: "Marking") -> bool:
        """Whether it is at least as strict as another in every dimension."""
        return derived([self, other]) == derived([self])


def read_cui(text: str) -> Cui:
    """A banner as people type it; empty for none. Raises Invalid on field ``cui``, saying which part is not one."""
    text = " ".join(text.upper().split())
    if not text:
        return Cui()
    control, *parts = [part.strip() for part in text.split("//")]
    if control not in ("CUI", "CONTROLLED"):
        raise Invalid("A CUI banner begins with CUI, such as CUI//SP-PROPIN.", field="cui")
    if len(parts) > 2 or not all(parts):
        raise Invalid(
            "A CUI banner has at most two parts after CUI: categories, then limited dissemination, each after //.",
            field="cui",
        )
    named = [_items(part) for part in parts]
    controls = named.pop() if named and (len(named) == 2 or all(map(_is_control, named[-1]))) else []
    return _built(named[0] if named else [], controls)


def _items(part: str) -> list[str]:
    return [item.strip() for item in part.split("/")]


def _is_control(item: str) -> bool:
    return item in DISSEMINATION or item.startswith(RELEASABLE)


def _built(categories: list[str], controls: list[str]) -> Cui:
    for category in categories:
        if _is_control(category) or not _CATEGORY.match(category):
            raise Invalid(
                f"“{category}” is not a CUI category: write it as PROPIN, or SP-PROPIN where it is specified.",
                field="cui",
            )
    names, countries = set(), set()
    for control in controls:
        name = RELEASABLE if control.startswith(RELEASABLE) else control
        if name not in DISSEMINATION:
            raise Invalid(
                f"“{control}” is not a limited dissemination control: {', '.join(DISSEMINATION[:-1])} or REL TO USA, XXX.",
                field="cui",
            )
        names.add(name)
        if name == RELEASABLE:
            countries |= _countries(control)
    if {NOFORN, RELEASABLE} <= names:
        raise Invalid("NOFORN and REL TO exclude each other.", field="cui")
    return Cui(True, frozenset(categories), frozenset(names), frozenset(countries))


def _countries(control: str) -> set[str]:
    found = {country for country in re.split(r"[ ,]+", control.removeprefix(RELEASABLE)) if country}
    if _HOME not in found or len(found) < 2 or not all(map(_COUNTRY.match, found)):
        raise Invalid(
            "REL TO names USA and at least one other country, by their letters: REL TO USA, GBR.", field="cui"
        )
    return found


def marking(*, tlp: str, cui: str = "", confidential_commercial: bool = False) -> Marking:
    """A marking of values as they came in, the banner in its canonical form. Raises Invalid, naming the field."""
    if tlp not in TLP:
        raise Invalid("Choose a TLP marking.", field="tlp")
    banner = str(read_cui(cui))
    if max(len(cui), len(banner)) > LONGEST:
        raise Invalid(f"The CUI banner is longer than {LONGEST} characters.", field="cui")
    return Marking(tlp, banner, confidential_commercial)


def derived(parts: Iterable[Marking]) -> Marking | None:
    """The marking over several parts: at least the strictest of them in each dimension. None for no parts."""
    parts = list(parts)
    if not parts:
        return None
    cui = Cui()
    for part in parts:
        cui = cui.joined(read_cui(part.cui))
    return Marking(
        min((part.tlp for part in parts), key=TLP.index),
        str(cui),
        any(part.confidential_commercial for part in parts),
    )
