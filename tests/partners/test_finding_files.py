"""Evidence files of findings: who opens which, and how they come and go."""

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error, transaction

from partners.actions import findings as actions
from partners.models import Finding, FindingFile
from partners.policies_findings import reads_reporter
from portal.accounts.models import Role, User
from portal.deadlines.models import Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, Refused, WrongState
from portal.ledger.models import Event
from portal.submissions import actions as cases
from tests import factories as make
from tests.admin.desk import words
from tests.api.calls import Caller
from tests.factories import DAY, NOW
from tests.factories_findings import FILE_NAME, Reported
from tests.factories_partners import GrantCase, Partner
from tests.partners.test_findings_addressed import told as addressed
from tests.partners.test_findings_addressed import with_consent
from tests.partners.test_findings_visibility import GOVERNMENT, everyone
from tests.reviews.logged import folder
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
__all__ = ["folder"]


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def opens(person) -> set:
    return set(FindingFile.objects.visible_to(person).values_list("pk", flat=True))


def refused(error, call, **arguments) -> str:
    with pytest.raises(error) as raised:
        call(at=NOW, **arguments)
    return raised.value.message


def told(kind: str) -> set:
    return set(Message.objects.filter(kind=kind).values_list("recipient_id", "case_number", "link"))


def ended(verb: str) -> Reported:
    """A finding that is over by this verb."""
    case = Reported(until="triage")
    match verb:
        case "mark_duplicate":
            case.step(verb, "coordinator", duplicate_of=Reported(until="report").finding)
        case "not_reproduce":
            case.step(verb, "coordinator", reason="Tried.")
        case _:
            case = Reported(until="fix")
            who = "owner" if verb == "publish" else "coordinator"
            case.step(verb, who, **({} if verb == "publish" else {"reason": "No user is left."}))
    return case


OVER = ("mark_duplicate", "not_reproduce", "publish", "close_unpublished")


@pytest.mark.parametrize(
    ("until", "every", "owners"),
    [
        ("", ["colleague"], []),
        ("report", ["colleague", *GOVERNMENT], []),
        ("validate", ["colleague", *GOVERNMENT], []),
        ("notify_owner", ["colleague", *GOVERNMENT], ["owner", "owner's viewer"]),
        ("fix", ["colleague", *GOVERNMENT], ["owner", "owner's viewer"]),
    ],
)
def test_who_opens_a_file(until, every, owners):
    case, other = Reported(until=until), Reported(until="notify_owner")
    kept, given = case.add("kept"), case.add("given", for_owner=True)
    other.add("others", for_owner=True)
    people = everyone(case)
    own = {kept.pk, given.pk}
    seen = {name: opens(person) & own for name, person in people.items()}
    assert {name: found for name, found in seen.items() if found} == {
        **dict.fromkeys(every, own), **{name: {given.pk} for name in owners},
    }  # fmt: skip


def test_a_partner_that_a_finding_is_addressed_to_gets_no_file():
    case, harbor = with_consent(), Partner()
    given = case.add(for_owner=True)
    addressed(case, harbor)
    assert list(Finding.objects.visible_to(harbor.member)) == [case.finding]
    assert opens(harbor.member) == set()
    with pytest.raises(NotAllowed):
        actions.open_file(actor=harbor.member, file=given)
    client, page = client_of(harbor.member), f"/partner/findings/{case.finding.pk}/"
    shown = client.get(page)
    assert (shown.status_code, "Evidence files" in words(shown)) == (200, False)
    assert [client.get(f"{page}files/{given.pk}/content/").status_code, client.get(f"{page}files/add/").status_code] == [
        404, 403,
    ]  # fmt: skip
    assert client.post(f"{page}files/{given.pk}/remove/").status_code == 404
    assert Caller(harbor.member).get(f"findings/{case.finding.pk}/").json()["files"] == []
    # Nor does who also sits in the owning lab get more than that lab, or another partner's reporters less than theirs.
    case.owner.memberships.create(organisation=harbor.organisation, role=Role.MEMBER, since=NOW - DAY)
    assert opens(User.objects.get(pk=case.owner.pk)) == {given.pk}
    assert opens(case.member) == {given.pk}


@pytest.mark.parametrize("until", ["", "report", "notify_owner"])
def test_a_finding_that_is_shown_otherwise_gives_no_file_and_sql_and_policy_agree(until):
    """Whoever else is shown a finding, such as a partner it was addressed to, gets no file by that."""
    case = Reported(until=until)
    everything = Finding.objects.filter(pk=case.finding.pk)
    people = everyone(case)
    admitted = {name for name, one in people.items() if everything.telling_reporter_to(one).exists()}
    assert admitted == {"colleague", *(GOVERNMENT if until else [])}
    visible = {name for name, one in people.items() if Finding.objects.visible_to(one).exists()}
    assert {name for name in visible if reads_reporter(people[name], case.finding)} == admitted


def test_who_sits_in_the_owning_lab_too_opens_as_an_owner():
    case = Reported(until="notify_owner")
    kept, given = case.add("kept"), case.add("given", for_owner=True)
    both = make.member(case.lab, Role.CONTRIBUTOR)
    for agency, role in ((make.programme_office(), Role.DESIGNATOR), (make.agency(), Role.LIAISON)):
        both.memberships.create(organisation=agency, role=role, since=NOW - DAY)
        assert opens(User.objects.get(pk=both.pk)) == {given.pk}
    assert kept.pk in opens(case.liaison)


def test_a_lab_that_reports_on_its_own_model_opens_all():
    lab = make.lab()
    writer = make.member(lab, Role.CONTRIBUTOR)
    finding = actions.create_finding(
        actor=writer, reporter=lab, values={"kind": "incident", "title": "T", "text": "T", "product": "P"}
    )
    kept = actions.add_file(actor=writer, finding=finding, upload=make.pdf(), shows="A log")
    assert opens(make.member(lab, Role.VIEWER)) == {kept.pk}


@pytest.mark.parametrize("about", ["owner", "reporter", "case"])
def test_a_conflict_hides_the_files_with_the_finding(about):
    granted = GrantCase()
    case = Reported(submission=granted.submission, until="notify_owner")
    files_ = {case.add("kept").pk, case.add("given", for_owner=True).pk}
    barred = make.coordinator()
    assert opens(barred) == files_
    where = {"owner": {"organisation": granted.lab}, "reporter": {"organisation": case.partner}}
    target = where.get(about, {"submission": granted.submission})
    cases.declare_conflict(actor=barred, user=barred, at=NOW, **target)
    person = User.objects.get(pk=barred.pk)
    assert opens(person) == set()
    refused_now = pytest.raises(NotAllowed)
    with refused_now:
        actions.open_file(actor=person, file=FindingFile.objects.first())


def test_a_draft_takes_files_that_nobody_is_told_of_and_gives_them_back():
    case = Reported()
    file = case.add(shows="  Log of the overflow  ")
    assert (file.name, file.shows, file.for_owner, file.number, file.scan_state, file.uploaded_by) == (
        FILE_NAME, "Log of the overflow", False, 1, "not_scanned", case.member,
    )  # fmt: skip
    colleague = make.member(case.partner, Role.ADMIN)
    actions.remove_file(actor=colleague, finding=case.again(), file=file, at=NOW)
    assert (opens(case.member), FindingFile.objects.get().removed_at) == (set(), NOW)
    # The bytes stay, and the very file may come again.
    assert default_storage.exists(file.file.name)
    assert refused(AlreadyDone, actions.remove_file, actor=colleague, finding=case.finding, file=file)
    again = case.add()
    assert (opens(case.member), again.number) == ({again.pk}, 1)
    data = {"file": str(file.pk), "sha256": file.sha256}
    more = {"size": file.size, "for_owner": False}
    rows = Event.objects.filter(subject_id=case.finding.pk, verb__contains="_file").order_by("seq")
    assert list(rows.values_list("verb", "actor_id", "capacity", "case_id", "data")) == [
        ("add_finding_file", case.member.pk, "reporter", None, data | more),
        ("remove_finding_file", colleague.pk, "reporter", None, data),
        ("add_finding_file", case.member.pk, "reporter", None, data | more | {"file": str(again.pk)}),
    ]
    assert not Message.objects.filter(kind="finding_file").exists()


def test_after_the_report_the_office_is_told_and_the_owner_of_what_is_for_it():
    case = Reported(until="validate")
    page = f"/admin/partners/finding/{case.finding.pk}/change/"
    office = (case.coordinator.pk, case.finding.number, page)
    case.add("first", for_owner=True)
    assert told("finding_file") == {office}
    case.step("notify_owner", "coordinator", owner=case.lab)
    before = case.again().revision
    case.add("second")
    assert told("finding_file") == {office}
    case.add("third", for_owner=True)
    lab = f"/lab/findings/{case.finding.pk}/"
    assert told("finding_file") == {office, (case.owner.pk, case.finding.number, lab)}
    # What an owner has open goes on being the newest: a file that is not for it changes nothing that it could notice.
    assert case.again().revision == before
    file = FindingFile.objects.first()
    assert refused(WrongState, actions.remove_file, actor=case.member, finding=case.finding, file=file) == (
        "This finding was reported: its files stay with it."
    )
    assert FindingFile.objects.filter(removed_at=None).count() == 3


@pytest.mark.parametrize("verb", OVER)
def test_once_it_is_over_no_file_is_added_and_those_there_are_opened_still(verb, folder):
    case = ended(verb)
    assert refused(WrongState, case.add) == "This finding is over: no file is added any more."
    assert list(folder.rglob("*.pdf")) == []
    # Nor by who goes around the action.
    row = FindingFile(
        finding=case.finding, number=1, shows="x", uploaded_by=case.member, size=1, sha256="0" * 64, name="x",
        content_type="text/plain", file="finding_files/x",
    )  # fmt: skip
    with pytest.raises(Error, match="no file is added to a finding that is over"), transaction.atomic():
        row.save(force_insert=True)


def test_what_was_added_before_stays_open_after_the_end():
    case = Reported(until="fix")
    file = case.add(for_owner=True)
    case.step("publish", "owner")
    for person in (case.member, case.owner, case.liaison):
        assert opens(person) == {file.pk}


def test_who_adds_and_takes_out():
    case = Reported()
    file = case.add()
    people = everyone(case) | {"partner's own": case.member}
    for name, person in people.items():
        if name in ("colleague", "partner's own"):
            case.add(name, actor=person)
            continue
        assert (
            refused(NotAllowed, case.add, actor=person) == "Only those who report a finding add files to it."
        )
        message = refused(NotAllowed, actions.remove_file, actor=person, finding=case.finding, file=file)
        assert message == "Only those who report a finding take its files out."
    assert FindingFile.objects.filter(removed_at=None).count() == 3
    other = Reported()
    with pytest.raises(FindingFile.DoesNotExist):
        actions.remove_file(actor=other.member, finding=other.finding, file=file, at=NOW)


def test_what_is_no_file_is_refused_and_nothing_is_kept(folder):
    case = Reported()
    assert refused(Missing, case.add, shows=" ") == "Write what the file shows."
    assert refused(Invalid, case.add, shows="x" * 201)
    assert refused(Invalid, case.add, upload=None) == "Choose a file."
    assert refused(Invalid, case.add, upload=ContentFile(b"", name="x.txt")) == "The file is empty."
    assert refused(Invalid, case.add, upload=ContentFile(b"MZ...", name="x.txt")) == "Programs are not taken."
    assert refused(Invalid, case.add, sha256="0" * 64).startswith("The file changed on its way")
    assert not FindingFile.objects.exists()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_the_same_bytes_once_a_finding_and_at_most_twenty(folder):
    case, other = Reported(), Reported()
    first = case.add("0")
    words = "This very file is with the finding already; nothing was stored twice."
    assert refused(AlreadyDone, case.add, text="0", for_owner=True) == words
    assert other.add("0").sha256 == first.sha256
    numbers = [case.add(str(count), for_owner=count > 10).number for count in range(1, 20)]
    # Those for the owner are counted by themselves.
    assert numbers == [*range(2, 12), *range(1, 10)]
    with pytest.raises(Refused, match="at most 20 files") as raised:
        case.add("the 21st")
    assert raised.value.code == "too_many_files"
    actions.remove_file(actor=case.member, finding=case.finding, file=first, at=NOW)
    assert case.add("instead").number == 12
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 22
