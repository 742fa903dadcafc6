"""How a document is marked, by whom it is marked otherwise, and that every page which tells of it shows its banner twice."""

import re

import pytest
import time_machine

from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, NotAllowed
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.models import Document
from tests import factories as make
from tests.admin.desk import CASE, Desk
from tests.api.calls import Caller
from tests.factories_partners import GrantCase
from tests.factories_reviews import Reviewed
from tests.lab.test_draft import edit
from tests.lab.uploads import upload
from tests.lab.visitor import Visitor, errors_beside

pytestmark = pytest.mark.django_db
STRICT = "CUI//SP-PROPIN//NOFORN · TLP:RED · confidential commercial information"
DEFAULT = "TLP:AMBER+STRICT · confidential commercial information"


def marked(case, title="Card", **values) -> Document:
    return actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title=title,
        upload=make.pdf(title), at=make.NOW, **values,
    )  # fmt: skip


def banners(answer) -> list[str]:
    """The banners of a page in their order, without those of single documents on the workbench."""
    body = re.sub(r"<article.*?</article>", "", answer.content.decode(), flags=re.DOTALL)
    found = re.findall(r'<p class="portal-marking"><span class="usa-sr-only">Marking: </span>(.*?)</p>', body)
    assert body.index("<h1") > body.index("portal-marking") if found else True
    return found


# --- By the lab's pages ---------------------------------------------------------------------------------------------


def test_a_banner_is_given_with_a_new_document():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    typed = {"kind": "other", "title": "Card", "tlp": "TLP:RED", "confidential_commercial": "on"}
    answer = visitor.post(
        "add_document", case.submission, **typed, cui="cui // sp-propin//noforn", file=upload()
    )
    assert f"Card Other {STRICT} Report a spill in Card card.pdf" in visitor.follow(answer)


def test_what_is_no_banner_is_told_beside_it_and_nothing_is_stored():
    case = make.Case(make.submitted)
    typed = {"kind": "other", "title": "Card", "tlp": "TLP:RED", "cui": "CUI//SP PROPIN", "file": upload()}
    answer = Visitor(case.contributor).post("add_document", case.submission, **typed)
    assert errors_beside(answer, "cui") == [
        "“SP PROPIN” is not a CUI category: write it as PROPIN, or SP-PROPIN where it is specified."
    ]
    assert Document.objects.count() == 0


def test_the_lab_marks_otherwise_and_both_markings_are_on_record():
    case = make.Case(make.submitted)
    document = marked(case)
    visitor = Visitor(case.contributor)
    raised = {"tlp": "TLP:RED", "cui": "CUI//SP-PROPIN//NOFORN", "confidential_commercial": "on"}
    assert "The marking was changed." in visitor.follow(
        visitor.post("mark_document", case.submission, document.pk, **raised)
    )
    lowered = {"tlp": "TLP:GREEN", "cui": ""}
    visitor.post("mark_document", case.submission, document.pk, **lowered)
    events = Event.objects.filter(verb="mark_document").order_by("seq")
    named = ("document", "from", "to", "lowered")
    assert [tuple(event.data[name] for name in named) for event in events] == [
        (str(document.pk), DEFAULT, STRICT, False),
        (str(document.pk), STRICT, "TLP:GREEN", True),
    ]
    record = visitor.text("changes", case.submission)
    assert f"Changed the marking of a document, from {STRICT} to TLP:GREEN" in record


def test_a_draft_is_marked_from_its_form():
    case = make.Case(make.draft)
    document = marked(case)
    visitor = Visitor(case.contributor)
    answer = edit(visitor, case.again(), do=f"mark:{document.pk}")
    assert answer.headers["Location"].endswith(f"/documents/{document.pk}/marking/")
    text = visitor.follow(answer)
    assert f"Marked {DEFAULT} now." in text


def test_marking_stays_the_labs_after_the_end():
    case = make.Case()
    document = marked(case)
    actions.withdraw(actor=case.contributor, submission=case.submission)
    assert actions.mark_document(actor=case.contributor, document=document, tlp="TLP:RED").tlp == "TLP:RED"


def test_who_reads_the_document_is_told_and_nobody_else():
    case = GrantCase()
    case.agree()
    at = make.NOW + 21 * make.DAY
    Message.objects.all().delete()
    actions.mark_document(actor=case.contributor, document=case.document, tlp="TLP:RED", at=at)
    told = set(Message.objects.filter(kind="mark_document").values_list("recipient", flat=True))
    assert told == {case.coordinator.pk, case.partner.member.pk}
    actions.mark_document(actor=case.contributor, document=case.other_document, tlp="TLP:RED", at=at)
    found = Message.objects.filter(kind="mark_document").values_list("recipient", flat=True)
    assert sorted(found) == sorted([case.coordinator.pk] * 2 + [case.partner.member.pk])


# --- Whose act it is ------------------------------------------------------------------------------------------------


def test_invariants_13_and_14_nobody_but_the_lab_changes_a_marking():
    case = Reviewed()
    document = marked(case)
    for person in (case.viewer, case.coordinator, case.lead, case.reviewer, make.person(is_superuser=True)):
        for values in ({"confidential_commercial": False}, {"tlp": "TLP:CLEAR"}, {"tlp": "TLP:RED"}):
            with pytest.raises(NotAllowed):
                actions.mark_document(actor=person, document=document, at=make.NOW + 21 * make.DAY, **values)
    document.refresh_from_db()
    assert document.marking == DEFAULT


def test_a_refused_marking_changes_nothing():
    case = make.Case(make.submitted)
    document = marked(case)
    before = Event.objects.count()
    with pytest.raises(AlreadyDone):
        actions.mark_document(actor=case.contributor, document=document, tlp="TLP:AMBER+STRICT")
    with pytest.raises(Invalid):
        actions.mark_document(actor=case.contributor, document=document, cui="SECRET")
    document.refresh_from_db()
    assert (document.marking, Event.objects.count()) == (DEFAULT, before)


def test_by_api():
    case = make.Case(make.submitted)
    document = marked(case)
    lab, office = Caller(case.contributor), Caller(case.coordinator)
    path = f"documents/{document.pk}/mark/"
    assert office.post(path, {"tlp": "TLP:CLEAR"}).status_code == 403
    assert Caller(make.Case().contributor).post(path, {"tlp": "TLP:CLEAR"}).status_code == 404
    answer = lab.post(path, {"tlp": "TLP:RED", "cui": "CUI//SP-PROPIN//NOFORN"})
    assert (answer.status_code, answer.json()["marking"], answer.json()["cui"]) == (
        200,
        STRICT,
        "CUI//SP-PROPIN//NOFORN",
    )
    again = lab.post(path, {"tlp": "TLP:RED"})
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    wrong = lab.post(path, {"cui": "CUI//?"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["cui"])


# --- The banner -----------------------------------------------------------------------------------------------------

OVER_ALL = "CUI//SP-CTI/PROPIN//NOFORN · TLP:RED · confidential commercial information"


def several(case) -> Document:
    marked(case, "One", tlp="TLP:RED", cui="CUI//PROPIN", confidential_commercial=False)
    return marked(case, "Two", tlp="TLP:GREEN", cui="CUI//SP-CTI//NOFORN")


def test_every_page_of_the_lab_about_the_case_has_the_banner_twice():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    assert banners(visitor.get("case", case.submission)) == []
    document = several(case)
    for page in ("case", "receipt", "who", "changes", "add_document", "move_dates", "withdraw"):
        assert (page, banners(visitor.get(page, case.submission))) == (page, [OVER_ALL] * 2)
    for page in ("new_version", "mark_document"):
        assert banners(visitor.get(page, case.submission, document.pk)) == [OVER_ALL] * 2


def test_a_document_that_was_taken_out_of_the_draft_marks_no_page():
    case = make.Case(make.draft)
    several(case)
    actions.remove_document(actor=case.contributor, document=Document.objects.get(title="Two"))
    assert banners(Visitor(case.contributor).get("edit", case.submission)) == ["CUI//PROPIN · TLP:RED"] * 2


def test_the_workbench_shows_the_banner_to_whom_the_documents_are_open():
    case = Reviewed()
    several(case)
    with time_machine.travel(make.NOW + 21 * make.DAY):
        for person in (case.coordinator, case.reviewer):
            assert banners(Desk(person).get(CASE, case.submission.pk)) == [OVER_ALL] * 2
        actions.release(actor=case.contributor, submission=case.submission)
        assert banners(Desk(case.coordinator).get(CASE, case.submission.pk)) == []


def test_a_partner_sees_the_banner_of_what_is_open_to_it_alone():
    case = GrantCase()
    actions.mark_document(actor=case.contributor, document=case.document, cui="CUI//NOCON", at=make.NOW)
    actions.mark_document(actor=case.contributor, document=case.other_document, tlp="TLP:RED", at=make.NOW)
    case.agree()
    with time_machine.travel(make.NOW + 21 * make.DAY):
        answer = Visitor(case.partner.member).client.get(f"/partner/grants/{case.grant.pk}/")
    assert banners(answer) == [f"CUI//NOCON · {DEFAULT}"] * 2
