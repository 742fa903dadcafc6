"""Spills on the workbench: reported from each page, hidden in each list and search, looked after by security officers."""

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions.models import Document, InformationRequest, Spill
from reviews.models import Assessment, Inquiry
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, Desk, words
from tests.core.test_spills import Spilled, report

pytestmark = pytest.mark.django_db
NOW = make.NOW
LIST, PAGE = "submissions_spill_changelist", "submissions_spill_change"
DOCUMENT = "submissions_document_report_spill"


@pytest.fixture
def case():
    return Spilled()


def subjects(case) -> dict:
    return {
        "submissions_informationrequest": case.second,
        "reviews_assessment": reviews.shared(case),
        "reviews_inquiry": reviews.submitted_inquiry(case.contributor, case.lab),
    }


# Words that a search finds it by; nothing else that could be found has them.
SEARCHED = {
    "submissions_informationrequest": "caramel",
    "reviews_assessment": "nougat-finding-1",
    "reviews_inquiry": "nougat",
}
SECRET = {
    "submissions_informationrequest": "which of the other",
    "reviews_assessment": "nougat-finding-1",
    "reviews_inquiry": "Kestrel 6",
}


@pytest.mark.parametrize("admin", SECRET)
def test_each_page_has_the_button_and_after_it_no_door_shows_anything(case, admin):
    subject = subjects(case)[admin]
    desks = [Desk(case.coordinator), Desk(case.auditor)]
    assert SECRET[admin] in words(desks[0].get(f"{admin}_change", subject.pk))
    assert str(subject.pk) in desks[0].get("search", q=SEARCHED[admin]).content.decode()
    asked = desks[0].text(f"{admin}_report_spill", subject.pk)
    assert "It is frozen in that moment" in asked
    assert "nougat-finding-1" not in asked
    done = desks[0].post(f"{admin}_report_spill", subject.pk, feared="classified")
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{admin}_changelist"))
    assert Spill.objects.get().subject_id == subject.pk
    for desk in desks:
        for page in (f"{admin}_change", f"{admin}_history", f"{admin}_report_spill"):
            assert desk.get(page, subject.pk).status_code == 404, page
        listed = desk.get(f"{admin}_changelist")
        assert subject.pk not in [row.pk for row in listed.context["cl"].result_list]
        assert str(subject.pk) not in desk.get("search", q=SEARCHED[admin]).content.decode()
        exported = desk.client.post(reverse(f"admin:{admin}_export")).content.decode()
        assert SECRET[admin] not in exported
        assert str(subject.pk) not in desk.get(CASE, case.submission.pk).content.decode()


def test_a_document_is_reported_from_the_page_of_the_case(case):
    desk = Desk(case.coordinator)
    page = desk.get(CASE, case.submission.pk).content.decode()
    assert reverse(f"admin:{DOCUMENT}", args=[case.document.pk]) in page
    assert "Praline card" in page
    before = Event.objects.count()
    assert "Praline card" in desk.text(DOCUMENT, case.document.pk)
    (look,) = Event.objects.order_by("seq")[before:]
    assert (look.verb, look.actor, look.case_id) == ("viewed_documents", case.coordinator, case.submission.pk)
    assert "Choose what is feared." in desk.post(DOCUMENT, case.document.pk).content.decode()
    done = desk.post(DOCUMENT, case.document.pk, feared="export_controlled")
    assert (done.status_code, done["Location"]) == (303, reverse(f"admin:{CASE}", args=[case.submission.pk]))
    after = desk.get(CASE, case.submission.pk)
    assert after.status_code == 200
    for word in ("Praline card", "card.pdf", case.document.current.sha256):
        assert word not in after.content.decode()
    version = case.document.versions.get()
    for address in (
        reverse("admin:submissions_document_content", args=[version.pk]),
        reverse("admin:submissions_document_compare", args=[case.document.pk]),
        reverse(f"admin:{DOCUMENT}", args=[case.document.pk]),
    ):
        assert desk.client.get(address).status_code == 404, address
    assert "Praline card" not in desk.get("search", q="Praline").content.decode()


@pytest.mark.parametrize("who", ["nobody", "lab", "stranger", "partner", "security"])
def test_who_cannot_read_a_document_finds_no_page_to_report_it(case, who):
    user = {
        "nobody": None,
        "lab": case.contributor,
        "stranger": make.member(make.agency(), Role.REVIEWER),
        "partner": make.member(make.partner_organisation(), Role.ADMIN),
        "security": case.security,
    }[who]
    desk = Desk(user)
    found = {
        desk.get(DOCUMENT, case.document.pk).status_code,
        desk.post(DOCUMENT, case.document.pk, feared="other").status_code,
    }
    assert found == ({302} if who == "nobody" else {404})
    assert not Spill.objects.exists()


def test_security_reads_kind_and_id_never_the_content_and_lifts_or_removes(case):
    spill = report(case, case.document, at=NOW)
    desk = Desk(case.security)
    listed, page = desk.text(LIST), desk.text(PAGE, spill.pk)
    for said in (listed, page):
        assert case.submission.case_number in said
        assert "Document with its versions" in said
        for word in ("Praline", "card.pdf", case.document.current.sha256):
            assert word not in said
    assert (str(case.document.pk) in page, "Rita Reviewer" in page) == (True, True)
    assert [offer.step.verb for offer in desk.get(PAGE, spill.pk).context["offers"]] == [
        "lift_spill",
        "remove_content",
    ]
    assert desk.post("submissions_spill_lift_spill", spill.pk, reason=" ").context["form"].errors
    assert Spill.objects.get().state == "frozen"
    done = desk.post("submissions_spill_lift_spill", spill.pk, reason="It was a drill.")
    assert (done.status_code, Spill.objects.get().state) == (303, "lifted")
    assert Document.objects.visible_to(case.coordinator).filter(pk=case.document.pk).exists()
    again = report(case, case.document, at=NOW)
    assert "cannot be brought back" in desk.text("submissions_spill_remove_content", again.pk)
    desk.post("submissions_spill_remove_content", again.pk, keep_name="on")
    assert (Spill.objects.get(pk=again.pk).state, Document.objects.get().title) == ("removed", "Praline card")
    assert [offer.step.verb for offer in desk.get(PAGE, again.pk).context["offers"]] == []


def test_who_else_reads_the_list_and_who_finds_nothing_in_it(case):
    spill = report(case, case.document, at=NOW)
    expected = {
        case.security: [spill.pk], case.agency_security: [spill.pk], case.auditor: [spill.pk],
        # Who coordinates for the reporter's agency; not who does for the programme.
        case.agency_coordinator: [spill.pk], case.coordinator: [],
        make.member(make.agency(), Role.SECURITY): [],
    }  # fmt: skip
    for user, rows in expected.items():
        desk = Desk(user)
        assert [row.pk for row in desk.get(LIST).context["cl"].result_list] == rows, user
        assert desk.get(PAGE, spill.pk).status_code == (200 if rows else 404), user
    for user in (case.auditor, case.agency_coordinator):
        desk = Desk(user)
        assert not desk.get(PAGE, spill.pk).context["offers"]
        assert desk.post("submissions_spill_remove_content", spill.pk).status_code == 403
    assert Spill.objects.get().state == "frozen"
    for user in (case.reviewer, case.contributor):
        assert Desk(user).get(LIST).status_code in (403, 404)


def test_the_objects_are_all_still_there_behind_it(case):
    for subject in subjects(case).values():
        report(case, subject, case.coordinator, at=NOW)
    assert (InformationRequest.objects.count(), Assessment.objects.count(), Inquiry.objects.count()) == (
        2,
        1,
        1,
    )
