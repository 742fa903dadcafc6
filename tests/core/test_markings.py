"""Markings as values: read as people type them, written in one form, derived for several parts, never laxer than one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import Invalid
from portal.submissions.markings import DISSEMINATION, RELEASABLE, TLP, Marking, derived, marking, read_cui


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("", ""),
        ("  ", ""),
        ("CUI", "CUI"),
        ("controlled", "CUI"),
        ("cui//sp-propin", "CUI//SP-PROPIN"),
        ("CUI // PROPIN / SP-EXPT / CTI", "CUI//SP-EXPT/CTI/PROPIN"),
        ("CUI//NOCON", "CUI//NOCON"),
        ("CUI//SP-PROPIN//NOFORN", "CUI//SP-PROPIN//NOFORN"),
        ("CUI//SP-PROPIN//dl only/noforn", "CUI//SP-PROPIN//NOFORN/DL ONLY"),
        ("CUI//REL TO USA, GBR, AUS", "CUI//REL TO USA, AUS, GBR"),
        ("CUI//PROPIN//FED ONLY/REL TO GBR USA", "CUI//PROPIN//FED ONLY/REL TO USA, GBR"),
    ],
)
def test_a_banner_is_written_in_its_one_form(typed, written):
    assert str(read_cui(typed)) == written
    assert str(read_cui(written)) == written


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("PROPIN", "A CUI banner begins with CUI, such as CUI//SP-PROPIN."),
        ("CUI/PROPIN", "A CUI banner begins with CUI, such as CUI//SP-PROPIN."),
        ("CUI//", "A CUI banner has at most two parts after CUI"),
        ("CUI//A1//NOFORN//MORE", "A CUI banner has at most two parts after CUI"),
        ("CUI//<b>", "“<B>” is not a CUI category"),
        ("CUI//CTI//PROPIN", "“PROPIN” is not a limited dissemination control"),
        ("CUI//NOFORN//NOCON", "“NOFORN” is not a CUI category"),
        ("CUI//PROPIN/", "“” is not a CUI category"),
        ("CUI//PROPIN//NOFORN/REL TO USA, GBR", "NOFORN and REL TO exclude each other."),
        ("CUI//REL TO GBR", "REL TO names USA and at least one other country"),
        ("CUI//REL TO USA", "REL TO names USA and at least one other country"),
    ],
)
def test_what_is_no_banner_is_refused_by_its_part(typed, said):
    with pytest.raises(Invalid, match=f"^{said}") as refused:
        read_cui(typed)
    assert refused.value.field == "cui"


def test_a_marking_names_the_field_that_is_wrong():
    for values, field in [
        ({"tlp": "TLP:PINK"}, "tlp"),
        ({"tlp": "TLP:RED", "cui": "x"}, "cui"),
        ({"tlp": "TLP:RED", "cui": "CUI//" + "/".join(["PROPIN"] * 40)}, "cui"),
    ]:
        with pytest.raises(Invalid) as refused:
            marking(**values)
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("parts", "over_them"),
    [
        (["CUI", ""], "CUI"),
        (["CUI//PROPIN", "CUI//SP-CTI//NOCON"], "CUI//SP-CTI/PROPIN//NOCON"),
        (["CUI//NOFORN", "CUI//REL TO USA, GBR"], "CUI//NOFORN"),
        (["CUI//REL TO USA, GBR, AUS", "CUI//REL TO USA, GBR"], "CUI//REL TO USA, GBR"),
        # No country may have both, so none may have the page that tells of both.
        (["CUI//REL TO USA, GBR", "CUI//REL TO USA, AUS"], "CUI//NOFORN"),
        (["CUI", "CUI//REL TO USA, GBR"], "CUI//REL TO USA, GBR"),
    ],
)
def test_the_banner_over_several(parts, over_them):
    for order in itertools.permutations(parts):
        assert derived(Marking(cui=part) for part in order).cui == over_them


def test_each_dimension_is_derived_for_itself():
    parts = [Marking("TLP:GREEN", "CUI//NOCON"), Marking("TLP:AMBER", "", confidential_commercial=True)]
    assert derived(parts) == Marking("TLP:AMBER", "CUI//NOCON", True)
    assert str(derived(parts)) == "CUI//NOCON · TLP:AMBER · confidential commercial information"
    assert derived([]) is None


CONTROLS = [name for name in DISSEMINATION if name != RELEASABLE] + [
    "REL TO USA, GBR",
    "REL TO USA, AUS, GBR",
]


@st.composite
def markings(draw):
    categories = draw(st.sets(st.sampled_from(["PROPIN", "SP-PROPIN", "CTI", "PRVCY"])))
    controls = draw(st.sets(st.sampled_from(CONTROLS)))
    releasable = {name for name in controls if name.startswith(RELEASABLE)}
    if "NOFORN" in controls:
        controls -= releasable
    elif len(releasable) > 1:
        controls.remove(min(releasable))
    marked = draw(st.booleans())
    banner = "//".join(part for part in ("CUI", "/".join(categories), "/".join(controls)) if part)
    return marking(
        tlp=draw(st.sampled_from(TLP)),
        cui=banner if marked else "",
        confidential_commercial=draw(st.booleans()),
    )


@given(st.lists(markings(), min_size=1, max_size=4))
def test_invariant_13_a_derived_marking_covers_each_part(parts):
    over = derived(parts)
    assert all(over.covers(part) for part in parts)
    assert derived(reversed(parts)) == over
    assert derived([*parts, over]) == over


@given(markings(), markings())
def test_of_two_that_cover_each_other_neither_is_stricter(one, other):
    assert (one.covers(other) and other.covers(one)) == (one == other)
