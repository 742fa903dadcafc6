"""Vetting by criteria: versions that nobody changes, vettings pinned to one, reasons that are told and notes that are not."""

import re

import pytest
import time_machine
from django.db import DatabaseError, transaction

from partners.actions import organisations, vetting
from partners.models import Vetting, VettingAnswer, VettingCriteria
from portal.asking import Asked
from portal.errors import Invalid, Missing, NotAllowed, Refused, Stale, WrongState
from portal.ledger.models import Event
from tests import factories as make
from tests.admin.desk import Desk
from tests.api.calls import Caller
from tests.factories import DAY, NOW
from tests.factories_partners import PROFILE, GrantCase, Partner, answered
from tests.partners.test_pages import Browser, text_of

pytestmark = pytest.mark.django_db
PAGE = "/partner/profile/"
REASON, NOTE, WORDS = "Nougat lacks a lock.", "Praline says otherwise.", "Come back with a lock."
KEYS = ["identity", "infrastructure", "use", "security", "contacts", "ownership", "conflicts", "attestations"]


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def current() -> VettingCriteria:
    return VettingCriteria.objects.current()


def publish(actor=None, questions=None, **options) -> VettingCriteria:
    options = {"expected_number": 1, "note": "Because of nougat."} | options
    kept = [Asked(row.title, row.guidance, row.key) for row in current().criteria.all()]
    asked = [*kept[1:], Asked("Is there nougat?")] if questions is None else questions
    return vetting.publish_criteria(actor=actor or make.coordinator(), questions=asked, at=NOW, **options)


def in_vetting(office) -> Partner:
    partner = Partner(by=office, eligible=False)
    partner.profile = organisations.begin_vetting(actor=office, profile=partner.profile, at=NOW)
    return partner


def not_selected(office) -> Partner:
    partner = in_vetting(office)
    answers = {"security": {"found": "not_met", "reason": REASON, "note": NOTE}}
    vetting.answer_criteria(actor=office, profile=partner.profile, answers=answers, at=NOW)
    organisations.not_select(
        actor=office, profile=partner.profile, reason_code="security", reason=WORDS, at=NOW
    )
    return partner


# --- criteria ---------------------------------------------------------------------------------------------------------


def test_there_are_criteria_from_the_start_and_they_read_like_no_score():
    first = current()
    assert (first.number, first.published_by) == (1, None)
    assert [row.key for row in first.criteria.all()] == KEYS
    texts = [first.introduction, *(f"{row.title} {row.guidance}" for row in first.criteria.all())]
    words = set(re.findall("[a-z]+", " ".join(texts).lower()))
    assert not words & {
        "approve", "approval", "deny", "license", "licence", "clear", "permit", "hold", "score", "grade", "points",
    }  # fmt: skip


def test_a_version_is_published_once_and_never_changed():
    office = make.coordinator()
    second = publish(office)
    assert (second.number, [row.key for row in second.criteria.all()]) == (2, [*KEYS[1:], "is-there-nougat"])
    assert Event.objects.get(verb="publish_criteria").data == {"number": 2, "criteria": 8}
    with pytest.raises(Stale):
        publish(office)
    with pytest.raises(Missing):
        publish(office, expected_number=2, note=" ")
    with pytest.raises(Invalid):
        publish(office, expected_number=2, questions=[Asked("Nougat", "", "no-such-key")])
    same = [Asked(row.title, row.guidance, row.key) for row in second.criteria.all()]
    with pytest.raises(Invalid):
        publish(office, expected_number=2, questions=same)
    for rows in (VettingCriteria.objects, second.criteria):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.filter(pk=rows.first().pk).update(
                **{"note" if rows is VettingCriteria.objects else "title": "x"}
            )
    others = [
        make.member(make.agency(), "coordinator"), make.member(make.programme_office(), "auditor"), Partner().admin,
        make.member(make.lab(), "admin"), make.person(is_superuser=True),
    ]  # fmt: skip
    for person in others:
        with pytest.raises(NotAllowed):
            publish(person, expected_number=2)


def test_the_workbench_shows_what_a_version_changes_before_it_is_published():
    office = make.coordinator()
    in_vetting(office)
    desk = Desk(office)
    page = "partners_vettingcriteria_publish"
    assert 'value="Who the organisation is"' in desk.get(page).content.decode()
    sent = {"number": 1, "rows": 2, "introduction": "Look.", "note": "Shorter."}
    sent |= {
        "key-0": "identity",
        "title-0": "Who it is",
        "guidance-0": "",
        "place-0": 1,
        "title-1": "Nougat",
        "place-1": 2,
    }
    preview = text_of(desk.post(page, preview="1", **sent).content.decode())
    assert "Becomes: Who it is" in preview
    assert "1 vetting stays with version 1" in preview
    assert current().number == 1
    assert desk.post(page, publish="1", **sent).status_code == 303
    assert [row.title for row in current().criteria.all()] == ["Who it is", "Nougat"]
    assert "Nougat" in desk.text("partners_vettingcriteria_change", current().pk)
    auditor = Desk(make.member(make.programme_office(), "auditor"))
    assert auditor.get(page).status_code == 403
    assert "version 2" in auditor.text("partners_vettingcriteria_changelist")


# --- the checklist ----------------------------------------------------------------------------------------------------


def test_a_vetting_is_pinned_to_the_version_it_began_with():
    office = make.coordinator()
    partner = in_vetting(office)
    publish(office)
    with pytest.raises(Refused) as refused:
        organisations.find_eligible(actor=office, profile=partner.profile, at=NOW)
    assert (refused.value.code, "Who the organisation is" in refused.value.message) == (
        "criteria_unanswered",
        True,
    )
    new = {"is-there-nougat": {"found": "met"}}
    with pytest.raises(Invalid):
        vetting.answer_criteria(actor=office, profile=partner.profile, answers=new, at=NOW)
    met = {key: {"found": "met"} for key in KEYS}
    vetting.answer_criteria(actor=office, profile=partner.profile, answers=met, at=NOW)
    organisations.find_eligible(actor=office, profile=partner.profile, at=NOW)
    row = Vetting.objects.get()
    assert (row.criteria.number, row.outcome, row.ended_at, row.ended_by) == (1, "eligible", NOW, office)
    # Vetted again before it lapses: by the newest version, and every criterion is answered anew.
    with pytest.raises(Refused):
        organisations.find_eligible(actor=office, profile=partner.again(), at=NOW + DAY)
    answered(office, partner.again(), at=NOW + DAY)
    assert partner.again().state_at(NOW + DAY) == "eligible"
    organisations.find_eligible(actor=office, profile=partner.again(), at=NOW + 2 * DAY)
    assert list(Vetting.objects.order_by("number").values_list("number", "criteria__number")) == [
        (1, 1),
        (2, 2),
    ]


def test_what_is_not_met_has_a_reason_and_bars_nothing_by_itself():
    office = make.coordinator()
    partner = in_vetting(office)
    for found in ("not_met", "not_applicable"):
        with pytest.raises(Missing) as refused:
            answered(office, partner.profile, found=found)
        assert refused.value.field == "reason-identity"
    assert not VettingAnswer.objects.exists()
    answered(office, partner.profile)
    vetting.answer_criteria(
        actor=office,
        profile=partner.profile,
        answers={"security": {"found": "not_met", "reason": REASON}},
        at=NOW,
    )
    assert (
        organisations.find_eligible(actor=office, profile=partner.profile, at=NOW).state_at(NOW) == "eligible"
    )
    verbs = (
        Event.objects.filter(verb="partner_answer_criteria").order_by("seq").values_list("data", flat=True)
    )
    assert [row["answered"] for row in verbs] == [sorted(KEYS), ["security"]]


def test_who_answers_and_when():
    office = make.coordinator()
    partner = Partner(by=office, eligible=False)
    with pytest.raises(WrongState):
        answered(office, partner.profile)
    organisations.begin_vetting(actor=office, profile=partner.profile, at=NOW)
    others = [
        partner.admin, make.member(make.agency(), "coordinator"), make.member(make.programme_office(), "auditor"),
        make.member(make.lab(), "admin"), make.person(is_superuser=True),
    ]  # fmt: skip
    for person in others:
        with pytest.raises(NotAllowed):
            answered(person, partner.profile)
    with pytest.raises(Stale):
        vetting.answer_criteria(
            actor=office, profile=partner.profile, answers={}, expected_revision=1, at=NOW
        )


def test_an_ended_vetting_stays_as_it_ended():
    office = make.coordinator()
    not_selected(office)
    for rows, change in ((Vetting.objects, {"reason": "x"}), (VettingAnswer.objects, {"reason": "x"})):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.all().delete()


# --- what the applicant reads -----------------------------------------------------------------------------------------


def test_criteria_before_and_outcome_with_reasons_after_and_never_a_note():
    office = make.coordinator()
    organisation = make.partner_organisation()
    applicant = make.member(organisation, "admin")
    page = text_of(Browser(applicant).get(PAGE))
    assert "Version 1 of the criteria" in page
    assert "Who the organisation is" in page
    partner = in_vetting(office)
    vetting.answer_criteria(
        actor=office, profile=partner.profile, at=NOW,
        answers={"security": {"found": "not_met", "reason": REASON, "note": NOTE}},
    )  # fmt: skip
    under_way = Browser(partner.admin).get(PAGE) + Caller(partner.admin).get(api(partner)).content.decode()
    assert [word in under_way for word in (REASON, NOTE, "Not met", "not_met")] == [False] * 4
    organisations.not_select(
        actor=office, profile=partner.profile, reason_code="security", reason=WORDS, at=NOW
    )
    for person in (partner.admin, partner.member):
        told = text_of(Browser(person).get(PAGE))
        said = (
            "Security measures do not suffice yet",
            WORDS,
            REASON,
            "Not met",
            "version 1 of the criteria",
            NOTE,
        )
        assert [word in told for word in said] == [True] * 5 + [False]
    answer = Caller(partner.admin).get(api(partner)).json()["vetting"]
    found = {row["key"]: (row["found"], row["reason"], row["note"]) for row in answer["criteria"]}
    assert (answer["version"], answer["outcome"], answer["reason"]) == (1, "not_selected", WORDS)
    assert found == dict.fromkeys(KEYS, ("", "", None)) | {"security": ("not_met", REASON, None)}
    for person in (office, make.member(make.programme_office(), "auditor")):
        change = Desk(person).text("partners_partnerprofile_change", partner.organisation.pk)
        assert [word in change for word in (REASON, NOTE, WORDS)] == [True] * 3
    again = organisations.apply(actor=partner.admin, organisation=partner.organisation, at=NOW, **PROFILE)
    assert again.state_at(NOW) == "applied"
    assert REASON in Browser(partner.admin).get(PAGE)


def test_a_lab_and_other_partners_read_nothing_of_it():
    case = GrantCase()
    case.agree()
    partner = case.partner
    vetting.answer_criteria(
        actor=case.coordinator, profile=partner.profile, at=NOW,
        answers={"security": {"found": "not_met", "reason": REASON, "note": NOTE}},
    )  # fmt: skip
    answer = Caller(case.contributor).get(api(partner))
    assert answer.json()["vetting"] is None
    assert REASON not in answer.content.decode()
    others = [case.contributor, Partner().admin, make.member(make.agency(), "coordinator")]
    rows = Vetting.objects.filter(organisation=partner.organisation)
    assert [rows.visible_to(person).count() for person in others] == [0, 0, 0]


def api(partner: Partner) -> str:
    return f"partners/{partner.organisation.pk}/"
