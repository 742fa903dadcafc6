"""The API's collection findings: what each reader gets, every verb, every refusal, and what a list costs."""

import pytest
import time_machine

from partners.models import Finding
from portal.accounts.models import Role
from portal.ledger.models import Event
from tests import factories as make
from tests.api.calls import NOT_FOUND, NOT_YOURS, NOT_YOURS_TO_CHANGE, Caller, counted, problem, refused
from tests.factories import DAY, NOW
from tests.factories_findings import CHAIN, VALUES, Reported
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
DUE = NOW + 90 * DAY


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def iso(instant) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_a_findings_whole_way():
    case = GrantCase()
    grant = case.agree()
    member, office = Caller(case.partner.member), Caller(case.coordinator)
    lab, liaison = Caller(case.contributor), Caller(make.member(make.agency(), Role.LIAISON))
    answer = member.post(
        "findings/", VALUES | {"grant": str(grant.pk), "embargo_until": "2027-01-01T00:00:00-05:00"}
    )
    assert answer.status_code == 201, answer.content
    made = answer.json()
    address = f"findings/{made['id']}/"
    assert answer["Location"].endswith(f"/api/v1/{address}")
    assert {name: made[name] for name in VALUES} == VALUES
    assert (made["state"], made["submission"], made["owner"], made["verbs"], made["embargo_until"]) == (
        "draft",
        str(case.submission.pk),
        str(case.lab.pk),
        ["report"],
        "2027-01-01T05:00:00Z",
    )
    changed = member.patch(address, {"title": "Praline overflows", "revision": made["revision"]}).json()
    assert (changed["title"], changed["text"]) == ("Praline overflows", VALUES["text"])
    for stranger in (office, lab, liaison):
        refused(stranger.get(address), NOT_FOUND)
    assert member.post(f"{address}report/").json()["state"] == "reported"
    assert liaison.post(f"{address}triage/", {"ssvc": "Act"}).json()["ssvc"] == "Act"
    assert office.post(f"{address}validate/").json()["state"] == "validated"
    refused(lab.get(address), NOT_FOUND)
    notified = office.post(f"{address}notify_owner/").json()
    assert (notified["state"], notified["disclosure_due_at"]) == ("owner_notified", iso(DUE))
    assert lab.post(f"{address}remediate/").json()["state"] == "remediating"
    assert lab.post(f"{address}extend_disclosure/").json()["disclosure_due_at"] == iso(DUE + 14 * DAY)
    begun = liaison.post(f"{address}relay/", {"clearinghouse": "Invented"}).json()
    assert begun["relays"] == [
        {"clearinghouse": "Invented", "requested_at": iso(NOW), "their_id": "", "recorded_at": None}
    ]
    later = {"embargo_until": iso(NOW + 200 * DAY)}
    words = (
        "A relay to the clearinghouse is under way: no date of this finding moves until their id is recorded."
    )
    refused(office.post(f"{address}set_embargo/", later), problem(409, "Conflict", "mid_relay", words))
    relayed = liaison.post(f"{address}relay/", {"clearinghouse_id": "VU#1"}).json()
    assert (relayed["relays"][0]["their_id"], relayed["state"]) == ("VU#1", "remediating")
    assert office.post(f"{address}set_embargo/", later).json()["embargo_until"] == later["embargo_until"]
    assert lab.post(f"{address}fix/").json()["state"] == "fixed"
    words = "It is under embargo: it is published with the owner's consent, or once the embargo has passed."
    refused(office.post(f"{address}publish/"), problem(409, "Conflict", "under_embargo", words))
    assert lab.post(f"{address}consent_publication/").json()["owner_consented_at"] == iso(NOW)
    assert office.post(f"{address}publish/").json()["state"] == "published"


def test_the_other_ends():
    first, second, third = (Reported(until="triage") for _ in range(3))
    office = Caller(first.coordinator)

    def take(case, verb, **body):
        return office.post(f"findings/{case.finding.number}/{verb}/", body)

    words = "There is no such finding."
    for unknown in ("FD-0000-0000", str(make.NOW), str(Reported().finding.pk)):
        refused(
            take(second, "mark_duplicate", duplicate_of=unknown),
            problem(400, "Bad Request", "invalid", words, errors={"duplicate_of": [words]}),
        )
    duplicate = take(second, "mark_duplicate", duplicate_of=first.finding.number).json()
    assert (duplicate["state"], duplicate["duplicate_of"]) == ("duplicate", str(first.finding.pk))
    assert take(third, "not_reproduce").status_code == 400
    assert take(third, "not_reproduce", reason="Tried on 3.2.").json()["state"] == "not_reproduced"
    # Partners never see each other: the original of a duplicate is another's.
    assert Caller(second.member).get(f"findings/{second.finding.pk}/").json()["duplicate_of"] is None
    first.step("validate", "coordinator")
    refused_owner = take(first, "notify_owner", owner=str(first.partner.pk))
    assert refused_owner.json()["errors"] == {"owner": ["There is no such lab."]}
    assert take(first, "notify_owner", vendor_contact="psirt@vendor.invalid").json()["owner"] is None
    for verb in ("remediate", "fix"):
        assert take(first, verb).status_code == 200
    assert take(first, "close_unpublished").status_code == 400
    assert take(first, "close_unpublished", reason="No user is left.").json()["state"] == "closed_unpublished"


def test_an_exploited_one_by_the_api():
    case = Reported(until="notify_owner")
    answer = Caller(case.coordinator).post(f"findings/{case.finding.pk}/mark_exploited/").json()
    assert (answer["exploited"], answer["disclosure_due_at"]) == (True, iso(NOW + 7 * DAY))


def test_what_each_reader_is_told():
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="notify_owner")
    told = {}
    for name in ("member", "owner", "coordinator", "liaison"):
        body = Caller(getattr(case, name)).get(f"findings/{case.finding.pk}/").json()
        told[name] = [body[field] for field in ("reporter", "reporter_name", "reporter_chain", "submission")]
    reporter, submission = [str(case.partner.pk), case.partner.name, CHAIN], str(granted.submission.pk)
    assert told == {
        "member": [*reporter, submission],
        "owner": [None, None, None, submission],
        "coordinator": [*reporter, submission],
        "liaison": [*reporter, None],
    }
    leak = Caller(case.owner).get(f"findings/{case.finding.pk}/").content.decode()
    listed = Caller(case.owner).get("findings/").content.decode()
    for word in (case.partner.name, str(case.partner.pk), case.member.name, "Dam Watch"):
        assert word not in leak + listed


def test_a_stranger_gets_404_and_counts_nothing():
    case = Reported(until="notify_owner")
    strangers = (
        make.member(make.partner_organisation(), Role.ADMIN),
        make.member(make.lab(), Role.ADMIN),
        make.member(make.agency(), Role.REVIEWER),
        make.person(is_superuser=True),
    )
    for stranger in strangers:
        caller = Caller(stranger)
        assert caller.results("findings/") == []
        for address in (case.finding.pk, case.finding.number):
            refused(caller.get(f"findings/{address}/"), NOT_FOUND)
            refused(caller.post(f"findings/{address}/remediate/"), NOT_FOUND)
            refused(caller.patch(f"findings/{address}/", {"title": "x"}), NOT_FOUND)


def test_who_sees_it_and_may_not():
    case = Reported(until="report")
    auditor = Caller(make.member(make.agency(), Role.AUDITOR))
    refused(auditor.post(f"findings/{case.finding.pk}/triage/"), NOT_YOURS)
    refused(Caller(case.member).post(f"findings/{case.finding.pk}/triage/"), NOT_YOURS)
    refused(auditor.patch(f"findings/{case.finding.pk}/", {"title": "x"}), NOT_YOURS_TO_CHANGE)
    words = "You write findings for no organisation."
    refused(auditor.post("findings/", VALUES), problem(403, "Forbidden", "not_allowed", words))
    late = Caller(case.member).patch(f"findings/{case.finding.pk}/", {"title": "x"})
    words = "This finding was reported: it is not edited any more."
    refused(late, problem(409, "Conflict", "wrong_state", words))


def test_a_grant_or_case_that_is_not_ones_own_is_none():
    other, case = GrantCase(), Reported()
    grant = other.agree()
    caller = Caller(case.member)
    for body, words in (
        ({"grant": str(grant.pk)}, "There is no such grant."),
        ({"submission": other.submission.case_number}, "No case that you see has this number."),
    ):
        field = next(iter(body))
        answer = caller.post("findings/", VALUES | body)
        refused(answer, problem(400, "Bad Request", "invalid", words, errors={field: [words]}))


def test_a_misspelt_field_and_a_wrong_vector():
    caller = Caller(Reported().member)
    assert caller.post("findings/", VALUES | {"titel": "x"}).json()["errors"] == {
        "titel": ["There is no such field."]
    }
    wrong = caller.post("findings/", VALUES | {"cvss": "CVSS:3.1/AV:N"})
    assert wrong.json()["errors"] == {"cvss": ["A CVSS 4.0 vector begins with CVSS:4.0/."]}
    # Without a zone an instant is UTC.
    bare = caller.post("findings/", VALUES | {"embargo_until": "2027-01-01T00:00:00"})
    assert bare.json()["embargo_until"] == "2027-01-01T00:00:00Z"


def test_the_same_key_twice():
    caller = Caller(Reported().member)
    body = VALUES | {"key": "7d9a2d0e-5a31-4b43-9f10-3f4a2a6f5e0b"}
    assert caller.post("findings/", body).status_code == 201
    refused(
        caller.post("findings/", body),
        problem(409, "Conflict", "already_done", "This finding was made already."),
    )
    assert Finding.objects.count() == 2


def test_looks_are_beside_the_case_until_its_lab_is_notified():
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="validate")
    office = Caller(case.coordinator)
    address = f"findings/{case.finding.pk}/"
    office.get(address)
    lab = Caller(granted.contributor)

    def looks() -> list:
        rows = lab.results(f"submissions/{granted.submission.pk}/looks/", page_size=100)
        return [row["verb"] for row in rows if "finding" in row["verb"]]

    assert looks() == []
    office.post(f"{address}notify_owner/")
    Caller(case.liaison).get(address)
    office.get("findings/")
    events = Event.objects.filter(kind="look", subject_id=case.finding.pk).order_by("seq")
    case_id = granted.submission.pk
    assert list(events.values_list("verb", "capacity", "case_id")) == [
        ("viewed_finding", "coordinator", None),
        ("viewed_finding", "coordinator", case_id),
        ("viewed_finding", "liaison", case_id),
        ("listed_findings", "coordinator", case_id),
    ]
    assert sorted(looks()) == ["listed_findings", "viewed_finding", "viewed_finding"]


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(("who", "number"), [("member", 4), ("owner", 4), ("coordinator", 4), ("liaison", 4)])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(who, number, rows):
    case = Reported(until="notify_owner")
    template = Finding.objects.get(pk=case.finding.pk)
    for count in range(rows - 1):
        row = Finding.objects.get(pk=template.pk)
        row.pk, row.number, row._state.adding = None, f"FD-{count}", True
        row.pk = Finding().pk
        row.save(force_insert=True)
    caller = Caller(getattr(case, who))
    with counted(number):
        answer = caller.get("findings/", page_size=100)
    assert len(answer.json()["results"]) == rows
    assert [row["state"] for row in caller.results("findings/", state="fixed")] == []


def test_that_its_reporters_read_it_tells_the_lab_of_nobody():
    granted = GrantCase()
    granted.agree()
    case = Reported(
        reporter=granted.partner.organisation, submission=granted.submission, until="notify_owner"
    )
    path = f"findings/{case.finding.pk}/"
    for page in (path, f"{path}csaf/", "findings/"):
        assert Caller(case.member).get(page).status_code == 200
    assert Caller(case.coordinator).get(path).status_code == 200
    lab = Caller(granted.contributor).results(f"submissions/{granted.submission.pk}/looks/", page_size=100)
    assert [look["verb"] for look in lab if "finding" in look["verb"]] == ["viewed_finding"]
    mine = Event.objects.filter(kind="look", actor=case.member, subject_id=case.finding.pk)
    assert set(mine.values_list("verb", "case_id")) == {
        ("viewed_finding", None), ("exported_finding", None), ("listed_findings", None),
    }  # fmt: skip
