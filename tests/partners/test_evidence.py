"""Files of evidence with an application: who opens them, that it is on record, and what malware in one does."""

import pytest
import time_machine

from partners.actions import evidence as actions
from partners.actions import organisations
from partners.models import PartnerEvidence
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from tests import factories as make
from tests.admin.desk import Desk
from tests.core.test_scanning import Clamd, running
from tests.factories import NOW
from tests.factories_partners import GrantCase, Partner
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
PAGE, ADD = "/partner/profile/", "/partner/profile/evidence/"
SECRET = "audit of marzipan"


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def added(actor, organisation, text: str = SECRET, **options) -> PartnerEvidence:
    options = {"shows": "Audit report", "upload": make.pdf(text, name="audit.pdf")} | options
    return actions.add_evidence(actor=actor, organisation=organisation, at=NOW, **options)


def content(client, url: str) -> tuple[int, bytes]:
    answer = client.get(url)
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else b""


def test_who_opens_a_file_and_each_opening_is_on_record():
    case = GrantCase()
    case.agree()
    partner, other = case.partner, Partner()
    file = added(partner.admin, partner.organisation)
    own = f"{ADD}{file.pk}/content/"
    office = f"/admin/partners/partnerprofile/{partner.organisation.pk}/evidence/{file.pk}/content/"
    auditor = make.member(make.programme_office(), "auditor")
    for person, url, capacity in (
        (partner.admin, own, "partner"),
        (partner.member, own, "partner"),
        (case.coordinator, office, "coordinator"),
        (auditor, office, "auditor"),
    ):
        client = Browser(person).client if url == own else Desk(person).client
        status, body = content(client, url)
        assert (status, SECRET.encode() in body) == (200, True), person
        look = Event.objects.filter(kind="look").latest("seq")
        assert (look.verb, look.actor_id, look.capacity, look.subject_id, look.case_id) == (
            "downloaded_evidence", person.pk, capacity, partner.organisation.pk, None,
        )  # fmt: skip
        assert look.data == {"evidence": str(file.pk), "evidence_sha256": file.sha256}
    looks = Event.objects.filter(kind="look", verb="downloaded_evidence").count()
    others = [
        other.admin, case.contributor, make.member(make.agency(), "coordinator"), auditor,
        make.member(make.programme_office(), "designator"), make.person(is_superuser=True),
    ]  # fmt: skip
    for person in others:
        assert content(Browser(person).client, own)[0] == 404
        if person != auditor:
            assert content(Desk(person).client, office)[0] in (403, 404)
            with pytest.raises(NotAllowed):
                actions.open_evidence(actor=person, evidence=file, at=NOW)
    assert Event.objects.filter(kind="look", verb="downloaded_evidence").count() == looks
    assert (
        content(
            Desk(auditor).client, office.replace(str(partner.organisation.pk), str(other.organisation.pk))
        )[0]
        == 404
    )


def test_the_organisation_adds_files_before_it_applies_and_takes_them_out():
    organisation = make.partner_organisation()
    admin = make.member(organisation, "admin")
    browser = Browser(admin)
    assert "Write what the file shows." in text_of(browser.post(ADD, 200).content.decode())
    upload = make.pdf(SECRET, name="audit.pdf")
    assert "Audit report" in browser.lands(ADD, shows="Audit report", file=upload)
    file = PartnerEvidence.objects.get()
    assert (file.name, file.scan_state, file.organisation_id) == ("audit.pdf", "not_scanned", organisation.pk)
    with pytest.raises(AlreadyDone):
        added(admin, organisation)
    member = Browser(make.member(organisation, "member"))
    assert "Audit report" in text_of(member.get(PAGE))
    member.get(ADD, 403)
    member.post(f"{ADD}{file.pk}/remove/", 403)
    assert "Audit report" not in browser.lands(f"{ADD}{file.pk}/remove/")
    assert content(browser.client, f"{ADD}{file.pk}/content/")[0] == 404
    verbs = Event.objects.filter(subject_id=organisation.pk, kind="change").order_by("seq")
    assert list(verbs.values_list("verb", "actor_id")) == [
        ("partner_add_evidence", admin.pk),
        ("partner_remove_evidence", admin.pk),
    ]


def test_what_was_taken_out_stays_with_the_programme_office():
    partner = Partner()
    file = added(partner.admin, partner.organisation)
    actions.remove_evidence(actor=partner.admin, evidence=file, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.remove_evidence(actor=partner.admin, evidence=file, at=NOW)
    desk = Desk(make.coordinator())
    assert "Taken out on" in desk.text("partners_partnerprofile_change", partner.organisation.pk)
    url = f"/admin/partners/partnerprofile/{partner.organisation.pk}/evidence/{file.pk}/content/"
    assert content(desk.client, url)[0] == 200


def test_what_is_refused():
    partner, office = Partner(), make.coordinator()
    for person in (partner.member, office, make.member(make.lab(), "admin")):
        with pytest.raises(NotAllowed):
            added(person, partner.organisation)
    with pytest.raises(Missing):
        added(partner.admin, partner.organisation, shows=" ")
    with pytest.raises(Invalid):
        added(partner.admin, partner.organisation, upload=None)
    organisations.remove(actor=office, profile=partner.profile, reason="Sold.", at=NOW)
    with pytest.raises(WrongState):
        added(partner.admin, partner.organisation)
    assert not PartnerEvidence.objects.exists()


def test_malware_is_given_to_nobody_and_the_administrators_are_told(settings):
    partner = Partner()
    with running(Clamd()) as server:
        settings.CLAMD_URL = server.url
        upload = make.ContentFile(b"nougat with a worm in it", name="audit.txt")
        evil = added(partner.admin, partner.organisation, upload=upload)
        assert cases.scan_waiting(at=NOW) == 1
    assert "Malware found" in text_of(Browser(partner.admin).get(PAGE))
    assert content(Browser(partner.admin).client, f"{ADD}{evil.pk}/content/") == (303, b"")
    told = Message.objects.filter(kind="partner_malware").values_list("recipient", flat=True)
    assert list(told) == [partner.admin.pk]
    event = Event.objects.get(verb="partner_malware_in_evidence")
    assert (event.subject_id, event.capacity) == (partner.organisation.pk, "clock")
