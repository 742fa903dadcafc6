"""Whom a lab or the programme office may choose from for one case, and what those chosen so far cover. It helps to choose, and
decides nothing: nobody's consent or silence is read from it, and a gap bars nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.db.models import QuerySet

from partners import countries
from partners.models import Grant, PartnerProfile, Sector
from partners.querysets import PartnerProfileQuerySet
from partners.states import State
from portal import clock
from portal.submissions.models import Submission

# How many organisations a form offers at once; more are found by their sector, country or name.
OFFERED = 200
# The picture's columns: the countries with most organisations, and one for all others.
COLUMNS = 12
OTHERS = "…"
AGREED, PROPOSED, GAP, NOBODY = "agreed", "proposed", "gap", "nobody"
_STANDING = (State.PROPOSED, State.AGREED, State.ACTIVE, State.SUSPENDED)
# In percent of the width and in pixels.
_LEFT, _RIGHT, _TOP, _ROW = 8.0, 100.0, 4, 20


def candidates(user, case: Submission, *, at: datetime) -> PartnerProfileQuerySet:
    """Eligible partners without a standing grant on this case; who is refused for a conflict is said only on asking."""
    standing = Grant.objects.visible_to(user, at=at).filter(
        submission=case, stored_state__in=["proposed", "agreed"]
    )
    found = PartnerProfile.objects.visible_to(user, at=at).eligible(at=at)
    return found.exclude(pk__in=standing.order_by().values("partner_id")).for_list()


class NarrowForm(forms.Form):
    """What narrows the organisations a form offers. Asked for by GET, so that a choice of them can be passed on as a link."""

    use_required_attribute = False
    sector = forms.ChoiceField(required=False, choices=[("", "Any sector"), *Sector.choices])
    country = forms.ChoiceField(required=False)
    name = forms.CharField(required=False, max_length=100, label="Part of the name")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "Any country"), *countries.names().items()]

    def narrow(self, rows: QuerySet[PartnerProfile]) -> QuerySet[PartnerProfile]:
        """The rows that fit; what cannot be read narrows nothing."""
        self.full_clean()
        given = self.cleaned_data
        if given.get("sector"):
            rows = rows.filter(sectors__contains=[given["sector"]])
        if given.get("country"):
            rows = rows.filter(country=given["country"])
        if given.get("name", "").strip():
            rows = rows.filter(organisation__name__icontains=given["name"].strip())
        return rows


@dataclass(frozen=True, slots=True)
class Offer:
    """The organisations a form offers: ``rows`` is every one that may be chosen, ``shown`` those it lists."""

    rows: QuerySet[PartnerProfile]
    shown: QuerySet[PartnerProfile]
    fitting: int
    narrowing: NarrowForm

    @property
    def more(self) -> bool:
        return self.fitting > OFFERED


def offer(user, case: Submission, given, *, at: datetime) -> Offer:
    """What a form offers a person for a case, narrowed by ``given`` (the query of the page)."""
    return narrowed(candidates(user, case, at=at), given)


def narrowed(rows: QuerySet[PartnerProfile], given) -> Offer:
    """What a form offers of these organisations."""
    narrowing = NarrowForm(given)
    keys = list(narrowing.narrow(rows).values_list("pk", flat=True))
    return Offer(rows, rows.filter(pk__in=keys[:OFFERED]), len(keys), narrowing)


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the picture: one sector in one country."""

    x: float
    y: int
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """One sector in numbers of organisations; ``missing`` names the countries with eligible ones of which none is chosen."""

    number: int
    sector: str
    agreed: int
    proposed: int
    eligible: int
    missing: list[str]

    @property
    def is_gap(self) -> bool:
        return not (self.agreed or self.proposed)

    @property
    def text_y(self) -> int:
        return _TOP + _ROW * (self.number - 1) + 14


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which sectors and countries the partners of one case cover: a table, and a picture that says the same."""

    rows: list[Row]
    cells: list[Cell]
    columns: list[tuple[float, str]]
    width: float

    @property
    def bottom(self) -> int:
        return _TOP + _ROW * len(self.rows)

    @property
    def height(self) -> int:
        return self.bottom + 24

    @property
    def label_y(self) -> int:
        return self.bottom + 16


def coverage(user, case: Submission, *, at: datetime | None = None) -> Coverage:
    """Two queries, of what this person sees: a lab of its own case's partners, and of organisations that are eligible."""
    at = at or clock.now()
    grants = (
        Grant.objects.visible_to(user, at=at).filter(submission=case).in_state(*_STANDING, at=at).order_by()
    )
    profile = "partner__partner_profile"
    chosen = {
        partner: (PROPOSED if state == State.PROPOSED else AGREED, sectors, country)
        for partner, state, sectors, country in grants.values_list(
            "partner_id", "stored_state", f"{profile}__sectors", f"{profile}__country"
        )
    }
    eligible = PartnerProfile.objects.visible_to(user, at=at).eligible(at=at).order_by()
    found = {
        pk: (GAP, sectors, country)
        for pk, sectors, country in eligible.values_list("pk", "sectors", "country")
    }
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for state, sectors, country in (found | chosen).values():
        for sector in sectors or ():
            cell = counts.setdefault((sector, country), {AGREED: 0, PROPOSED: 0, GAP: 0})
            cell[state] += 1
    return _drawn(counts)


def _drawn(counts: dict[tuple[str, str], dict[str, int]]) -> Coverage:
    totals: dict[str, int] = {}
    for (_, country), cell in counts.items():
        totals[country] = totals.get(country, 0) + sum(cell.values())
    ordered = sorted(totals, key=lambda country: (-totals[country], country))
    apart, others = ordered[:COLUMNS], ordered[COLUMNS:]
    groups = [(country, [country]) for country in apart] + ([(OTHERS, others)] if others else [])
    width = round((_RIGHT - _LEFT) / max(len(groups), 1), 3)
    cells, rows = [], []
    for number, sector in enumerate(Sector, start=1):
        here = {
            country: counts[sector.value, country] for country in ordered if (sector.value, country) in counts
        }
        rows.append(_row(number, sector, here))
        for column, (_, group) in enumerate(groups):
            state = _state([here[country] for country in group if country in here])
            cells.append(Cell(round(_LEFT + width * column, 3), _TOP + _ROW * (number - 1), state))
    columns = [(round(_LEFT + width * (n + 0.5), 3), label) for n, (label, _) in enumerate(groups)]
    return Coverage(rows, cells, columns, round(width * 0.88, 3))


def _row(number: int, sector: Sector, here: dict[str, dict[str, int]]) -> Row:
    names = countries.names()
    missing = sorted(names.get(country, country) for country, cell in here.items() if _state([cell]) == GAP)
    sums = {key: sum(cell[key] for cell in here.values()) for key in (AGREED, PROPOSED, GAP)}
    return Row(number, str(sector.label), sums[AGREED], sums[PROPOSED], sums[GAP], missing)


def _state(cells: list[dict[str, int]]) -> str:
    """The furthest that any organisation came; a gap where some are eligible and none is chosen."""
    return next((key for key in (AGREED, PROPOSED, GAP) if any(cell[key] for cell in cells)), NOBODY)
