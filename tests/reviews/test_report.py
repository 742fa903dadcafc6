"""The assessments of a case as one document: what was shared, under the names the lab reads, the same for both sides."""

import hashlib
import io

import pikepdf
import pytest
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from reviews import actions as reviews
from reviews import report
from reviews.models import Assessment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import CASE, Desk
from tests.lab import pdfs
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


@pytest.fixture
def case():
    found = reviewing.Reviewed()
    reviewing.shared(found)
    return found


def address(case) -> str:
    return reverse("admin:reviews_assessment_report", args=[case.submission.pk])


def lab(case) -> str:
    return reverse("lab_reviews:report", args=[case.submission.case_number])


def text(answer) -> str:
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    return "".join(pdfs.words(answer.content)).replace(" ", "")


def test_both_sides_get_the_very_same_document_with_what_was_shared(case):
    reviewing.checked(case, findings="Not shared yet: praline-draft.")
    answers = [Desk(case.lead).client.get(address(case)), Visitor(case.viewer).client.get(lab(case))]
    told = text(answers[0])
    assert answers[0].content == answers[1].content
    assert "nougat-finding-1" in told
    assert "praline-draft" not in told
    assert answers[0]["Content-Disposition"] == (
        f'attachment; filename="{case.submission.case_number}-assessments.pdf"'
    )


def test_its_authors_stand_under_the_names_that_the_lab_reads(case):
    told = text(Desk(case.coordinator).client.get(address(case)))
    for person in (case.reviewer, case.peer, case.lead):
        assert person.name.replace(" ", "") not in told
    assert f"{case.agency.short_name}reviewer".replace(" ", "") in told


def test_it_is_accessible_titled_and_marked_on_every_page(case):
    actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf(),
        tlp="TLP:RED", confidential_commercial=True, at=NOW,
    )  # fmt: skip
    answer = Desk(case.lead).client.get(address(case))
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert pdf.open_metadata()["pdfuaid:part"] == "1"
        assert str(pdf.docinfo["/Title"]) == f"Assessments of case {case.submission.case_number}"
        pages = len(pdf.pages)
    told = pdfs.words(answer.content)
    assert len(told) == pages
    for page in told:
        assert page.replace(" ", "").count("TLP:RED·confidentialcommercialinformation") == 2


def test_the_response_comes_with_it_and_the_bytes_follow_from_the_facts(case):
    before = Desk(case.lead).client.get(address(case)).content
    assert before == Desk(case.coordinator).client.get(address(case)).content
    reviews.respond(
        actor=case.contributor,
        assessment=Assessment.objects.get(),
        response="We retested: caramel-answer.",
        at=NOW + DAY,
    )
    after = Desk(case.lead).client.get(address(case))
    assert before != after.content
    assert "caramel-answer" in text(after)


def test_hostile_words_are_words(case):
    words = '#import "/etc/passwd" $x$ \\ *b* <b>R&D</b> \u200fעברית'
    Assessment.objects.update(findings=words)
    told = text(Desk(case.lead).client.get(address(case)))
    assert '#import"/etc/passwd"' in told
    assert "<b>R&D</b>" in told


def test_each_taking_is_a_look_with_the_hash(case):
    answer = Visitor(case.contributor).client.get(lab(case))
    look = Event.objects.get(kind="look", verb="took_assessments")
    assert (look.actor_id, look.case_id, look.capacity, look.data) == (
        case.contributor.pk,
        case.submission.pk,
        "lab",
        {"sha256": hashlib.sha256(answer.content).hexdigest()},
    )


def test_who_reads_no_assessment_gets_none(case):
    strangers = [
        reviewing.reviewer(make.agency()),
        make.member(make.agency(), Role.COORDINATOR),
        make.member(make.programme_office(), Role.LIAISON),
        make.person(is_superuser=True),
        case.contributor,
        make.member(make.partner_organisation(), Role.ADMIN),
    ]
    for person in strangers:
        assert Desk(person).client.get(address(case)).status_code == 404
    assert Visitor(make.Case().contributor).client.get(lab(case)).status_code == 404
    actions.withdraw(actor=case.contributor, submission=case.again(), at=NOW)
    assert Desk(case.coordinator).client.get(address(case)).status_code == 404
    assert Visitor(case.viewer).client.get(lab(case)).status_code == 200
    assert Desk(case.lead).client.post(address(case)).status_code in (404, 405)


def test_there_is_none_before_something_was_shared():
    case = reviewing.Reviewed()
    reviewing.checked(case)
    assert Desk(case.lead).client.get(address(case)).status_code == 404
    assert Visitor(case.viewer).client.get(lab(case)).status_code == 404
    assert address(case) not in Desk(case.lead).get(CASE, case.submission.pk).content.decode()


def test_the_pages_lead_to_it(case):
    assert address(case) in Desk(case.lead).get(CASE, case.submission.pk).content.decode()
    page = reverse("lab_reviews:assessments", args=[case.submission.case_number])
    assert lab(case) in Visitor(case.viewer).client.get(page).content.decode()


def test_it_holds_no_score_and_no_word_on_a_release(case):
    source = report.SOURCE.read_text().lower()
    for word in ("approv", "denied", "licens", "cleared", "permit", "recommend"):
        assert word not in source
