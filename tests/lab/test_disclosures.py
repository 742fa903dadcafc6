"""The lab's inbox of disclosure notices and the page on which it answers: by agency, with words kept where it is refused."""

import io
import json
import zipfile

import pytest
from django.urls import reverse

from portal.accounts.models import Membership, Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions import disclosures
from portal.submissions.models import DisclosureNotice, DisclosureStatement
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_disclosures import (
    GROUNDS,
    REASONS,
    REFERENCE,
    WORDS,
    document,
    notified,
    objected,
    to_be_disclosed,
)
from tests.lab.visitor import Visitor, errors_beside, words

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY
INBOX, PAGE = "disclosures", "disclosure"
DUE = "28 Sep 2026, 10:00 a.m. EDT"


@pytest.fixture
def case():
    return reviewing.Reviewed()


@pytest.fixture
def visitor(case):
    return Visitor(case.contributor)


def post(visitor, notice, **data):
    data = {"revision": notice.revision, "answer": "object", "reason": GROUNDS} | data
    return visitor.post(PAGE, notice.submission, notice.number, **data)


def said(notice) -> list[tuple]:
    return list(DisclosureStatement.objects.filter(notice=notice).values_list("verb", "text"))


def test_the_case_and_the_inbox_lead_to_a_notice_and_say_by_when(case, visitor):
    notified(case, documents=[document(case)])
    page = visitor.text("case", case.submission)
    assert "says whether it objects to what disclosure notice 1 names." in page
    assert "Answer a disclosure notice" in page
    inbox = visitor.get(INBOX)
    text = words(inbox)
    for part in (
        case.submission.case_number,
        make.programme_office().name,
        REFERENCE,
        WORDS,
        f"Answer by {DUE}",
    ):
        assert part in text
    assert reverse("lab:disclosure", args=[case.submission.case_number, 1]) in inbox.content.decode()
    shown = visitor.text(PAGE, case.submission, 1)
    for part in ("You are heard first", WORDS, "Card", "TLP:AMBER+STRICT", f"Until {DUE}"):
        assert part in shown


def test_the_inbox_holds_what_is_open_the_earliest_first_and_on_asking_everything(case, visitor):
    other = make.submitted(actor=case.contributor, lab=case.lab)
    late = disclosures.give_notice(
        actor=case.coordinator, submission=other, reference="LATE", text=WORDS, at=NOW + DAY
    )
    first = notified(case)
    over = notified(case, reference="OVER")
    disclosures.drop(actor=case.coordinator, notice=over, at=NOW)
    assert list(visitor.get(INBOX).context["page"]) == [first, late]
    assert set(visitor.get(INBOX, show="all").context["page"]) == {first, late, over}
    assert "Request ended" in visitor.text(INBOX, show="all")


def test_an_empty_inbox_says_what_it_will_hold(case, visitor):
    notified(make.Case())
    assert "No open disclosure notices" in visitor.text(INBOX)
    assert "No disclosure notices No agency has given your lab notice" in visitor.text(INBOX, show="all")
    assert "praline" not in visitor.text(INBOX, show="all")


# Clock, session, person, seats, the notices, the look, and the notices' badge.
@pytest.mark.parametrize("rows", [1, 30])
def test_the_inbox_costs_the_same_with_one_notice_and_with_thirty(rows):
    case = make.Case()
    for number in range(rows):
        notified(case, reference=f"FOIA-{number}", text=f"{'x' * 9000} {number}")
    visitor = Visitor(case.viewer)
    visitor.get(INBOX)
    assert visitor.queries(INBOX) == 6
    assert visitor.queries(f"{reverse('lab:disclosures')}?show=all") == 6


@pytest.mark.parametrize("rows", [1, 30])
def test_a_notice_costs_the_same_with_one_statement_and_with_thirty(rows):
    case = make.Case()
    notice = notified(case, documents=[document(case, f"Card {number}") for number in range(rows)])
    for number in range(rows):
        disclosures.object_to(actor=case.contributor, notice=notice, reason=f"{'x' * 9990} {number}", at=NOW)
    visitor = Visitor(case.viewer)
    visitor.get(PAGE, case.submission, 1)
    # As the inbox, with the case, the notice's statements and documents, which of them are open, and what the person may do.
    assert visitor.queries(PAGE, case.submission, 1) == 11


def test_the_lab_reads_the_agency_and_no_person_of_it(case, visitor):
    notice = to_be_disclosed(case, objected(case, notified(case)))
    for page in (visitor.get(INBOX), visitor.get(PAGE, case.submission, 1)):
        assert case.coordinator.name not in page.content.decode()
    text = visitor.text(PAGE, case.submission, 1)
    office = make.programme_office().name
    assert f"{office}: Gave notice of a request to disclose" in text
    assert f"{case.lab.name}, {case.contributor.name}: Objected to the disclosure" in text
    assert f"{office}: Decided to disclose" in text
    assert REASONS in text
    assert f"not before {DUE}" in text
    assert notice.disclose_at == NOW + 14 * DAY


def test_an_objection_is_given_once_and_a_second_click_lands_where_the_first_did(case, visitor):
    notice = notified(case)
    first, twice = post(visitor, notice), post(visitor, notice)
    assert first.status_code == twice.status_code == 303
    assert "Your lab's answer was given. The agency has been told." in visitor.follow(first)
    assert said(notice) == [("object", GROUNDS)]


def test_no_objection_needs_no_words_and_an_objection_does(case, visitor):
    notice = notified(case)
    bare = post(visitor, notice, reason=" \n")
    assert bare.status_code == 200
    assert errors_beside(bare, "reason") == ["Say why your lab objects."]
    nothing = post(visitor, notice, answer="")
    assert errors_beside(nothing, "answer") == ["Say whether your lab objects."]
    assert GROUNDS in words(nothing)
    assert said(notice) == []
    assert post(visitor, notice, answer="not_object", reason="").status_code == 303
    assert said(notice) == [("not_object", "")]


@pytest.mark.parametrize("answer", ["decide_to_disclose", "drop", "object\x00", "<script>"])
def test_another_verb_is_no_answer(case, visitor, answer):
    notice = notified(case)
    refused = post(visitor, notice, answer=answer)
    assert refused.status_code == 200
    assert errors_beside(refused, "answer")
    assert DisclosureNotice.objects.get().stored_state == "notified"


@pytest.mark.parametrize(
    "text",
    ["x" * 10_000, "\u202eסוד מסחרי\u202c — 秘密 🎂", "<script>alert('praline')</script>", "a\r\nb"],
)
def test_words_of_any_script_and_length_are_kept_and_shown_as_text(case, visitor, text):
    notice = notified(case)
    assert post(visitor, notice, reason=text).status_code == 303
    page = visitor.get(PAGE, case.submission, 1)
    assert said(notice) == [("object", text.replace("\r\n", "\n"))]
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("text", ["x" * 10_001, "a\x00b"])
def test_what_cannot_be_stored_is_said_beside_the_field(case, visitor, text):
    notice = notified(case)
    refused = post(visitor, notice, reason=text)
    assert (refused.status_code, bool(errors_beside(refused, "reason")), said(notice)) == (200, True, [])


def test_a_stale_answer_is_refused_with_its_words_and_may_then_be_given(case, visitor):
    notice = notified(case)
    disclosures.not_object(actor=case.contributor, notice=notice, reason="Fine: other-tab.", at=NOW)
    stale = post(visitor, notice)
    assert stale.status_code == 409
    assert GROUNDS in words(stale)
    assert "Fine: other-tab." in words(stale)
    assert 'name="revision" value="2"' in stale.content.decode()
    assert post(visitor, notice, revision=2).status_code == 303
    assert said(notice) == [("not_object", "Fine: other-tab."), ("object", GROUNDS)]


def test_after_the_decision_the_form_is_gone_and_a_late_post_is_told_why(case, visitor):
    notice = notified(case)
    disclosures.decide_not_to_disclose(actor=case.coordinator, notice=notice, at=NOW)
    assert "Give this answer" not in visitor.text(PAGE, case.submission, 1)
    late = post(visitor, DisclosureNotice.objects.get())
    assert late.status_code == 409
    assert "so this step cannot be taken" in words(late)
    assert GROUNDS in words(late)


def test_who_reads_and_who_answers(case):
    notice = notified(case)
    viewer = Visitor(case.viewer)
    assert "Administrators and contributors of your lab answer." in viewer.text(PAGE, case.submission, 1)
    assert post(viewer, notice).status_code == 403
    strangers = [
        make.Case().contributor,
        case.coordinator,
        case.reviewer,
        make.member(make.partner_organisation(), Role.ADMIN),
    ]
    for person in strangers:
        other = Visitor(person)
        assert other.get(PAGE, case.submission, 1).status_code == 404
        assert post(other, notice).status_code == 404
    assert Visitor(case.contributor).get(PAGE, case.submission, 2).status_code == 404
    assert Visitor(case.contributor).get(PAGE, case.submission, 2**40).status_code == 404
    assert said(notice) == []


def test_leaving_the_lab_ends_the_answering_at_once(case, visitor):
    notice = notified(case)
    Membership.objects.filter(user=case.contributor).update(ended_at=NOW)
    assert post(visitor, notice).status_code == 404
    assert said(notice) == []


def test_each_reading_is_a_look(case, visitor):
    notified(case)
    visitor.get(INBOX)
    visitor.get(PAGE, case.submission, 1)
    found = Event.objects.filter(kind="look", actor=case.contributor).order_by("seq")
    assert [(event.verb, event.capacity, event.case_id) for event in found] == [
        ("listed_disclosures", "lab", case.submission.pk),
        ("viewed_disclosures", "lab", case.submission.pk),
    ]


def test_a_withdrawn_case_is_still_answered_for(visitor, case):
    actions.withdraw(actor=case.contributor, submission=case.submission, at=NOW)
    notice = notified(case)
    assert "Answer a disclosure notice" in visitor.text("case", case.submission)
    assert post(visitor, notice).status_code == 303


def test_the_archive_takes_the_notices_along_under_the_names_the_lab_reads(case, visitor):
    to_be_disclosed(case, objected(case, notified(case, documents=[document(case)])))
    answer = visitor.get("take_along", case.submission)
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        taken = json.loads(archive.read("disclosures.json"))
    office = make.programme_office().name
    assert taken == [
        {
            "number": 1,
            "state": "to_disclose",
            "agency": office,
            "request": REFERENCE,
            "documents": ["Card"],
            "said": [
                {"at": NOW.isoformat(), "who": who, "what": what, "text": text}
                for who, what, text in (
                    (office, "Gave notice of a request to disclose", WORDS),
                    (f"{case.lab.name}, {case.contributor.name}", "Objected to the disclosure", GROUNDS),
                    (office, "Decided to disclose", REASONS),
                )
            ],
            "given_at": NOW.isoformat(),
            "due_at": (NOW + 14 * DAY).isoformat(),
            "disclose_at": (NOW + 14 * DAY).isoformat(),
            "disclosed_at": None,
        }
    ]
