"""Two versions of a text beside each other: for the lab, for reviewers and by API, and on record as looks at both."""

import pytest
import time_machine

from portal.ledger.models import Event
from portal.submissions import actions, diffs
from portal.submissions.models import Document
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories_reviews import Reviewed
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
OLD = "# Card\nmarzipan\n<b>same</b>\nlast\n"
NEW = "# Card\nnougat\n<b>same</b>\nlast\nmore\n"


def with_versions(case, *texts: str, name: str = "card.md") -> Document:
    first, *others = [make.ContentFile(text.encode(), name=name) for text in texts]
    document = actions.add_document(
        actor=case.contributor,
        submission=case.submission,
        kind="other",
        title="Card",
        upload=first,
        at=make.NOW,
    )
    for other in others:
        actions.add_version(actor=case.contributor, document=document, upload=other, at=make.NOW)
    return document


def looks() -> list[tuple]:
    found = Event.objects.filter(verb="compared_versions").order_by("seq")
    return [(event.actor_id, event.data["version"]) for event in found]


def test_the_lab_compares_its_two_newest_versions():
    case = make.Case(make.submitted)
    document = with_versions(case, "first\n", OLD, NEW)
    visitor = Visitor(case.contributor)
    assert "Compare the two newest versions of Card" in visitor.text("case", case.submission)
    text = visitor.text("compare", document.pk)
    assert "Version 2 Version 3" in text
    assert "2 − Removed: marzipan 2 + Added: nougat" in text
    assert "3 <b>same</b> 3 <b>same</b>" in text
    assert "5 + Added: more" in text
    assert "1 − Removed: first" in visitor.text("compare", document.pk, old=1, new=2)
    assert looks() == [(case.contributor.pk, number) for number in (2, 3, 1, 2)]
    seen = visitor.text("who", case.submission, kind="files")
    assert seen.count("Compared a version of a file with another: Card card.md, version") == 4


def test_reviewers_compare_on_the_workbench_while_the_documents_are_open_to_them():
    case = Reviewed()
    document = with_versions(case, OLD, NEW)
    with time_machine.travel(make.NOW + 21 * make.DAY):
        desk = Desk(case.reviewer)
        assert "Compare the two newest versions of Card" in desk.text(
            "submissions_submission_change", case.submission.pk
        )
        answer = desk.get("submissions_document_compare", document.pk)
        assert answer.content.decode().count("portal-marking") == 2
        assert "2 − Removed: marzipan 2 + Added: nougat" in desk.text(
            "submissions_document_compare", document.pk
        )
        actions.withdraw(actor=case.contributor, submission=case.submission)
        assert desk.get("submissions_document_compare", document.pk).status_code == 404
    assert looks() == [(case.reviewer.pk, number) for number in (1, 2, 1, 2)]


def test_by_api():
    case = make.Case(make.submitted)
    document = with_versions(case, "a\nb\n", "a\nc\n")
    same = {"kind": "same", "old_number": 1, "old": "a", "new_number": 1, "new": "a", "skipped": 0}
    changed = {"kind": "changed", "old_number": 2, "old": "b", "new_number": 2, "new": "c", "skipped": 0}
    assert Caller(case.coordinator).get(f"documents/{document.pk}/compare/").json() == {
        "old": 1,
        "new": 2,
        "problem": "",
        "rows": [same, changed],
    }
    assert Caller(make.Case().contributor).get(f"documents/{document.pk}/compare/").status_code == 404


@pytest.mark.parametrize(
    "asked", [{"old": "9"}, {"old": "0"}, {"old": "x"}, {"new": "1"}, {"new": "-1"}, {"old": "²"}]
)
def test_a_version_that_is_not_there_is_404(asked):
    case = make.Case(make.submitted)
    document = with_versions(case, OLD, NEW)
    assert Visitor(case.contributor).get("compare", document.pk, **asked).status_code == 404
    assert looks() == []


def test_what_cannot_be_compared_says_so_and_is_no_look():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    many = [f"{number}\n" for number in range(diffs.MOST_CHANGES + 1)]
    for title, first, second, words in (
        (
            "pdf",
            "%PDF-1.7\na\n%%EOF\n",
            "%PDF-1.7\nb\n%%EOF\n",
            "Only text, Markdown, CSV and JSON files are compared",
        ),
        ("large", "x" * (diffs.MOST_BYTES + 1), "y", "These versions are too large to be compared here"),
        ("long", "x\n" * (diffs.MOST_LINES + 1), "y\n", "These versions are too large to be compared here"),
        ("other", "".join(many), "other\n" * len(many), "lines differ, so they are not shown here"),
    ):
        document = with_versions(case, first, second, name=f"{title}.txt")
        assert words in visitor.text("compare", document.pk)
    assert looks() == []


def test_line_ends_alone_are_no_difference():
    case = make.Case(make.submitted)
    document = with_versions(case, "a\nb\n", "a\r\nb")
    assert "No line differs." in Visitor(case.contributor).text("compare", document.pk)
    assert len(looks()) == 2


def test_another_documents_version_is_not_compared_with():
    case = make.Case(make.submitted)
    one = with_versions(case, OLD, NEW)
    other = with_versions(case, "x\n", "y\n", name="other.md")
    with pytest.raises(actions.comparing.NotAllowed):
        actions.compare_versions(actor=case.contributor, old=one.current, new=other.current)


def test_a_text_with_malware_is_not_compared_and_that_is_said():
    case = make.Case(make.submitted)
    document = with_versions(case, "One.\n", "Two.\n")
    document.versions.filter(number=2).update(scan_state="found", scan_detail="Eicar")
    text = Visitor(case.contributor).text("compare", document.pk)
    assert "Malware was found in this file, so it is given to nobody." in text
    assert "Two." not in text
    assert looks() == []
