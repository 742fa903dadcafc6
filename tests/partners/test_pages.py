"""The partner's pages and the lab's pages about partners: what each person sees, types, and is refused."""

import re

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partners import actions
from partners.actions import organisations
from partners.models import Grant, PartnerProfile
from portal.ledger.models import Event
from portal.submissions import actions as case_actions
from tests import factories as make
from tests.api.calls import counted
from tests.factories import DAY, FACTS, NOW
from tests.factories_partners import GRANT_INSTRUCTIONS, PROFILE, PURPOSE, TYPED, GrantCase, Partner

pytestmark = pytest.mark.django_db
START = NOW + 20 * DAY
ACTIVE = START + DAY
# Texts of the lab's that a page could leak.
SECRETS = (FACTS["model_name"], FACTS["summary"], "Card of marzipan", PURPOSE, GRANT_INSTRUCTIONS)


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


class Browser:
    """A signed-in person's browser."""

    def __init__(self, user):
        self.client = Client()
        self.client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.content[-2000:])
        return answer.content.decode()

    def post(self, path: str, status: int = 303, **data):
        answer = self.client.post(path, data)
        assert answer.status_code == status, (path, answer.status_code, text_of(answer.content.decode()))
        return answer

    def lands(self, path: str, **data) -> str:
        """What is said on the page that a posted form leads to."""
        return text_of(self.get(self.post(path, **data)["Location"]))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def shown(html: str) -> set[str]:
    """Which of the lab's texts a page shows."""
    return {secret for secret in SECRETS if secret in html}


def grant_page(case: GrantCase, page: str = "") -> str:
    return f"/partner/grants/{case.grant.pk}/{page}"


def lab_page(case: GrantCase, page: str = "", *, grant: bool = True) -> str:
    middle = f"{case.grant.pk}/" if grant else ""
    return f"/lab/cases/{case.submission.case_number}/partners/{middle}{page}"


def test_the_partner_sees_nothing_before_both_consents_and_the_bare_record_after_the_end():
    case = GrantCase()
    case.propose()
    admin, member = Browser(case.partner.admin), Browser(case.partner.member)
    for browser in (admin, member):
        browser.get(grant_page(case), 404)
        home = browser.get("/partner/")
        assert shown(home) == set()
        assert case.submission.case_number not in home
        assert "Nothing is granted to you yet" in home
    actions.concur(actor=case.coordinator, grant=case.grant, at=NOW)
    offer = admin.get(grant_page(case))
    assert shown(offer) == {FACTS["model_name"], FACTS["summary"], PURPOSE}
    assert "1 document in scope" in text_of(offer)
    member.get(grant_page(case), 404)
    case.grant = actions.accept(
        actor=case.partner.admin, grant=case.grant, users=[case.partner.member], at=NOW
    )
    with time_machine.travel(ACTIVE, tick=False):
        member = Browser(case.partner.member)
        page = member.get(grant_page(case))
        assert shown(page) == {FACTS["model_name"], FACTS["summary"], PURPOSE, "Card of marzipan"}
        assert "Nougat safeguards" not in page
        revealed = member.post(grant_page(case, "reveal/"), 200)
        assert "nougat-key-2" in revealed.content.decode()
        assert "no-store" in revealed["Cache-Control"]
        version = case.document.versions.get()
        file = member.client.get(f"/partner/documents/{version.pk}/content/")
        assert b"marzipan card" in b"".join(file.streaming_content)
        other = case.other_document.versions.get()
        member.get(f"/partner/documents/{other.pk}/content/", 404)
        actions.revoke(actor=case.coordinator, grant=case.grant, reason_code="not_needed", at=ACTIVE)
        bare = member.get(grant_page(case))
        assert shown(bare) == set()
        assert shown(member.get("/partner/")) == set()
        member.post(grant_page(case, "reveal/"), 403)
        member.get(f"/partner/documents/{version.pk}/content/", 404)
    verbs = Event.objects.filter(kind="look", actor=case.partner.member).values_list("verb", flat=True)
    assert set(verbs) == {
        "viewed_grant",
        "revealed_grant_instructions",
        "downloaded_document",
    }


def test_strangers_get_404_on_every_page():
    case = GrantCase()
    case.agree()
    other = Partner(by=case.coordinator)
    pages = ["", "accept/", "decline/", "surrender/", "close-out/", "people/"]
    for person in (other.admin, make.member(case.partner.organisation, "member")):
        browser = Browser(person)
        for page in pages:
            browser.get(grant_page(case, page), 404)
        browser.post(grant_page(case, "reveal/"), 404)
        browser.post(grant_page(case, f"people/{case.partner.member.pk}/unname/"), 404)
    for person in (case.contributor, case.coordinator, make.person()):
        browser = Browser(person)
        browser.get("/partner/", 404)
        browser.get("/partner/profile/", 404)
        browser.get(grant_page(case), 404)
    for person in (make.member(make.lab(), "admin"), case.partner.admin, case.coordinator):
        browser = Browser(person)
        for page in ("", "decline/", "revoke/", "suspend/", "extend/", "documents/", "instructions/"):
            browser.get(lab_page(case, page), 404)
        browser.get(lab_page(case, grant=False), 404)
        browser.get(lab_page(case, "propose/", grant=False), 404)
        for page in ("consent/", "resume/", "reveal/", "extend/agree/"):
            browser.post(lab_page(case, page), 404)


def test_accepting_in_the_browser():
    case = GrantCase()
    grant = case.offer()
    admin = Browser(case.partner.admin)
    page = admin.get(grant_page(case, "accept/"))
    assert "Only the persons whom the partner names" in page
    answer = admin.post(
        grant_page(case, "accept/"), 200, version=1, users=[case.partner.member.pk], revision=grant.revision
    )
    assert "Say that you have read and accept the terms" in answer.content.decode()
    values = {"version": 1, "users": [case.partner.member.pk], "read": "on", "revision": grant.revision}
    stale = admin.post(grant_page(case, "accept/"), 409, **values | {"revision": grant.revision - 1})
    assert "changed since you opened the page" in stale.content.decode()
    said = admin.lands(grant_page(case, "accept/"), **values)
    assert "Your organisation has accepted the terms." in said
    # The same form once more: said, not done again.
    again = admin.lands(grant_page(case, "accept/"), **values)
    assert "done already" in again
    found = case.grant_again()
    assert (found.stored_state, [row.user_id for row in found.named.all()]) == (
        "agreed",
        [case.partner.member.pk],
    )


def test_a_partner_s_forms_have_the_small_comforts_that_they_ask_for():
    """A form sent once, what was typed not left by accident, and the errors in focus: the script of it is on the page."""
    partner = Partner()
    for path in ("/partner/profile/", "/partner/profile/evidence/", "/partner/findings/new/"):
        page = Browser(partner.admin).get(path)
        assert "data-once" in page
        assert "portal/lab" in page, path


def test_declining_needs_a_reason_and_keeps_what_was_typed():
    case = GrantCase()
    grant = case.offer()
    admin = Browser(case.partner.admin)
    answer = admin.post(
        grant_page(case, "decline/"), 200, reason="Our turbine rests.", revision=grant.revision
    )
    html = answer.content.decode()
    assert "Choose a reason." in html
    assert "Our turbine rests." in html
    admin.lands(
        grant_page(case, "decline/"),
        reason_code="capacity",
        reason="Our turbine rests.",
        revision=grant.revision,
    )
    assert case.grant_again().reason_code == "capacity"


def test_naming_surrendering_and_closing_out():
    case = GrantCase()
    case.agree()
    second = make.member(case.partner.organisation, "member", "Second Person")
    admin = Browser(case.partner.admin)
    assert "Second Person" in admin.lands(grant_page(case, "people/"), user=second.pk)
    admin.post(grant_page(case, "people/"), 200, user=case.contributor.pk)
    admin.lands(grant_page(case, f"people/{second.pk}/unname/"))
    assert [row.user_id for row in case.grant.named.filter(ended_at=None)] == [case.partner.member.pk]
    Browser(case.partner.member).get(grant_page(case, "surrender/"), 403)
    with time_machine.travel(ACTIVE, tick=False):
        admin = Browser(case.partner.admin)
        revision = case.grant_again().revision
        admin.lands(grant_page(case, "surrender/"), revision=revision)
        home = text_of(admin.get("/partner/"))
        assert "Close out the grant" in home
        admin.post(grant_page(case, "close-out/"), 200, revision=revision + 1)
        said = admin.lands(
            grant_page(case, "close-out/"), attested="on", reason="Shredded.", revision=revision + 1
        )
        assert "Nothing more is owed" in said
        assert "Close out the grant" not in text_of(admin.get("/partner/"))
    assert case.grant_again().stored_state == "closed_out"


def test_an_organisation_applies_and_keeps_its_profile():
    organisation = make.partner_organisation()
    browser = Browser(make.member(organisation, "admin"))
    assert "has not applied yet" in browser.get("/partner/")
    answer = browser.post("/partner/profile/", 200, operates="Three dams.", country="US")
    assert "Choose at least one sector." in answer.content.decode()
    assert "Three dams." in answer.content.decode()
    page = "/partner/profile/"
    dams = TYPED | {"sectors": ["dams"], "operates": "Three dams."}
    browser.lands(page, **dams)
    profile = PartnerProfile.objects.get(pk=organisation.pk)
    assert (profile.stored_state, profile.sectors) == ("applied", ["dams"])
    dams |= {"country": "DE", "revision": profile.revision}
    browser.lands(page, **dams | {"operates": "Four dams."})
    stale = browser.post(page, 409, **dams | {"operates": "Five."})
    assert "Five." in stale.content.decode()
    member = Browser(make.member(organisation, "member"))
    assert "Four dams." in member.get(page)
    member.post(page, 403, **dams | {"operates": "Six."})


@pytest.mark.parametrize("state", ["not_selected", "suspended", "removed", "eligible", "lapsed"])
def test_the_standing_is_told_in_words(state):
    partner = Partner()
    office = make.coordinator()
    words = {
        "eligible": "can offer you early access",
        "lapsed": "has run out",
        "suspended": "is stopped until",
    }
    if state == "not_selected":
        partner = Partner(eligible=False)
        organisations.begin_vetting(actor=office, profile=partner.profile, at=NOW)
        organisations.not_select(actor=office, profile=partner.profile, reason_code="capacity", at=NOW)
        words[state] = "No place for further partners"
    elif state == "suspended":
        organisations.suspend(actor=office, profile=partner.profile, reason="A nougat audit.", at=NOW)
    elif state == "removed":
        organisations.remove(actor=office, profile=partner.profile, reason="A nougat sale.", at=NOW)
        words[state] = "no longer a partner"
    at = partner.profile.revet_due_at if state == "lapsed" else NOW
    with time_machine.travel(at, tick=False):
        page = text_of(Browser(partner.admin).get("/partner/profile/"))
        assert words[state] in page
        reasons = {"suspended": "A nougat audit.", "removed": "A nougat sale."}
        assert [reason for reason in reasons.values() if reason in page] == [
            reason for known, reason in reasons.items() if known == state
        ]


def test_the_lab_proposes_several_partners_at_once():
    case = GrantCase()
    second = Partner(by=case.coordinator)
    lab = Browser(case.contributor)
    page = text_of(lab.get(lab_page(case, "propose/", grant=False)))
    assert case.partner.organisation.name in page
    assert "may share its model with anyone outside the programme" in page
    values = {
        "partners": [case.partner.organisation.pk, second.organisation.pk],
        "purpose": PURPOSE,
        "access_mode": "api",
        "start": "date",
        "zone": "UTC",
        "documents": [case.document.pk],
        "instructions": GRANT_INSTRUCTIONS,
    }
    answer = lab.post(lab_page(case, "propose/", grant=False), 200, **values)
    assert "Give the start." in answer.content.decode()
    assert PURPOSE in answer.content.decode()
    said = lab.lands(
        lab_page(case, "propose/", grant=False),
        starts_at_date="2026-10-04",
        starts_at_time="14:00",
        **values,
    )
    assert "Your lab has consented by it" in said
    rows = Grant.objects.values_list("partner_id", "starts_at", "stored_state", "proposed_side")
    assert set(rows) == {
        (case.partner.organisation.pk, START, "proposed", "lab"),
        (second.organisation.pk, START, "proposed", "lab"),
    }
    assert "No organisation can be proposed" in lab.get(lab_page(case, "propose/", grant=False))
    viewer = Browser(case.viewer)
    viewer.get(lab_page(case, grant=False))
    viewer.get(lab_page(case, "propose/", grant=False), 403)


def test_the_lab_consents_and_decides_alone():
    case = GrantCase()
    case.propose(by=case.coordinator)
    lab = Browser(case.contributor)
    assert "has not consented" in lab.get(lab_page(case))
    said = lab.lands(lab_page(case, "consent/"), revision=case.grant.revision)
    assert "Your lab has consented." in said
    assert "Your side has done this already." in lab.lands(lab_page(case, "consent/"), revision=0)
    case.grant = actions.accept(actor=case.partner.admin, grant=case.grant, at=NOW)
    page = lab.get(lab_page(case, "documents/"))
    assert "Nougat safeguards" in page
    revision = case.grant_again().revision
    lab.lands(lab_page(case, "documents/"), documents=[case.other_document.pk], revision=revision)
    assert [row.document_id for row in case.grant.scope.filter(ended_at=None)] == [case.other_document.pk]
    lab.lands(lab_page(case, "instructions/"), instructions=GRANT_INSTRUCTIONS, revision=revision + 1)
    assert "nougat-key-2" in lab.post(lab_page(case, "reveal/"), 200).content.decode()
    Browser(case.viewer).post(lab_page(case, "reveal/"), 403)
    with time_machine.travel(ACTIVE, tick=False):
        lab = Browser(case.contributor)
        revision = case.grant_again().revision
        lab.lands(lab_page(case, "suspend/"), reason="A question.", revision=revision)
        assert "Suspended by your lab" in lab.get(lab_page(case))
        lab.lands(lab_page(case, "resume/"), revision=revision + 1)
        later = case.grant.expires_at + 10 * DAY
        actions.extend(actor=case.coordinator, grant=case.grant, expires_at=later, at=ACTIVE)
        assert "asks to extend" in lab.get(lab_page(case))
        lab.lands(lab_page(case, "extend/agree/"), revision=revision + 3)
        assert case.grant_again().expires_at == later
        Browser(case.viewer).get(lab_page(case, "revoke/"), 403)
        lab.post(lab_page(case, "revoke/"), 200, revision=revision + 4)
        said = lab.lands(lab_page(case, "revoke/"), reason_code="security", revision=revision + 4)
        assert "The grant is revoked" in said
        assert "this step cannot be taken now" in text_of(
            lab.client.get(lab_page(case, "revoke/"), follow=True).content.decode()
        )
    assert case.grant_again().stored_state == "revoked"


def test_the_case_page_lists_its_partners():
    case = GrantCase()
    case.agree()
    page = text_of(Browser(case.contributor).get(f"/lab/cases/{case.submission.case_number}/"))
    assert case.partner.organisation.name in page


def test_a_message_about_the_case_leads_the_partner_to_its_grant():
    case = GrantCase()
    case.agree()
    number = case.submission.case_number
    answer = Browser(case.partner.member).client.get(f"/case/{number}/")
    assert (answer.status_code, answer["Location"]) == (302, grant_page(case))
    Browser(Partner(by=case.coordinator).admin).get(f"/case/{number}/", 404)


def test_the_list_costs_the_same_for_one_and_for_thirty():
    first = GrantCase()
    first.agree()
    counts = {}
    for number in (1, 25):
        if number > 1:
            for _ in range(24):
                case = GrantCase()
                case.partner = first.partner
                case.agree()
        browser = Browser(first.partner.admin)
        browser.get("/partner/")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/partner/").count("<tr>") == number + 1
        statements = [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        counts[number] = len(statements)
    assert counts == {1: 7, 25: 7}


@pytest.mark.parametrize("rows", [1, 30])
def test_the_lab_s_list_of_a_case_s_partners_costs_the_same_for_one_and_for_thirty(rows):
    case = GrantCase()
    case.agree()
    for _ in range(rows - 1):
        case.partner = Partner(by=case.coordinator)
        case.agree()
    browser = Browser(case.contributor)
    browser.get(lab_page(case, grant=False))
    with counted(8):
        assert browser.get(lab_page(case, grant=False)).count("<tr>") == rows + 1


def test_withdrawing_shows_the_partner_the_bare_record():
    case = GrantCase()
    case.agree()
    with time_machine.travel(ACTIVE, tick=False):
        case_actions.withdraw(actor=case.contributor, submission=case.submission, at=ACTIVE)
        page = Browser(case.partner.member).get(grant_page(case))
        assert shown(page) == set()
        assert "the lab withdrew the case" in text_of(page)


def test_the_profile_of_a_partner_is_its_own():
    partner, other = Partner(), Partner()
    page = Browser(other.admin).get(f"/partner/profile/?organisation={partner.organisation.pk}", 404)
    assert partner.organisation.name not in page
    assert PROFILE["operates"] not in page
