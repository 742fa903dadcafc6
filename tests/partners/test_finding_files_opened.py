"""Evidence files of findings on their way out: on record, under whose name, until when; scanned, and kept by the database."""

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error, connection, transaction

from partners import downloads
from partners.actions import findings as actions
from partners.models import FindingFile
from portal.accounts.models import Affiliation, Role
from portal.errors import NotAllowed, Refused
from portal.ledger.models import Event
from portal.submissions import actions as cases
from portal.submissions import files
from tests import factories as make
from tests.core.test_orphans import AT, stored_at
from tests.core.test_scanning import Clamd, running
from tests.factories import DAY, NOW
from tests.factories_findings import FILE_NAME, Reported
from tests.factories_partners import GrantCase
from tests.partners.test_finding_files import told
from tests.reviews.logged import folder

pytestmark = pytest.mark.django_db
__all__ = ["folder"]


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def test_an_owner_learns_from_name_look_and_hash_nothing_of_who_reported():
    granted = GrantCase()
    granted.agree()
    case = Reported(
        reporter=granted.partner.organisation, submission=granted.submission, until="notify_owner"
    )
    file, kept = case.add(for_owner=True), case.add("kept")
    names = {}
    for name in ("member", "owner", "coordinator", "liaison"):
        answer = downloads.download_of_finding(actor=getattr(case, name), file=file)
        assert b"marzipan proof" in b"".join(answer.streaming_content)
        names[name] = answer["Content-Disposition"]
    own = f'attachment; filename="{FILE_NAME}"'
    neutral = f'attachment; filename="{case.finding.number}-1.pdf"'
    assert names == {"member": own, "owner": neutral, "coordinator": own, "liaison": own}
    b"".join(downloads.download_of_finding(actor=case.coordinator, file=kept).streaming_content)
    with pytest.raises(NotAllowed):
        downloads.download_of_finding(actor=case.owner, file=kept)
    looks = Event.objects.filter(verb="downloaded_finding_file").order_by("seq")
    case_id = granted.submission.pk
    assert list(looks.values_list("actor_id", "capacity", "case_id", "data")) == [
        # What its own reporters read stays beside the lab's case.
        (case.member.pk, "partner", None, {"file": str(file.pk)}),
        (case.owner.pk, "lab", case_id, {"file": str(file.pk)}),
        (case.coordinator.pk, "coordinator", case_id, {"file": str(file.pk)}),
        (case.liaison.pk, "liaison", case_id, {"file": str(file.pk)}),
        # That there is a file which is not for it, the lab does not read either.
        (case.coordinator.pk, "coordinator", None, {"file": str(kept.pk)}),
    ]
    read = Event.objects.visible_to(case.owner)
    assert file.sha256 not in str(list(read.values_list("data", flat=True)))
    assert case.member.pk not in set(read.filter(subject_id=case.finding.pk).values_list("actor", flat=True))


@pytest.mark.parametrize(
    ("sent", "content", "ending"),
    [
        ("nougat.log", b"plain words", "txt"),
        ("nougat.csv", b"a,b", "csv"),
        ("nougat.md", b"# words", "md"),
        ("nougat.JSON", b"{}", "json"),
    ],
)
def test_a_neutral_name_ends_as_the_content_is(sent, content, ending):
    case = Reported(until="notify_owner")
    file = case.add(for_owner=True, upload=ContentFile(content, name=sent))
    answer = downloads.download_of_finding(actor=case.owner, file=file)
    assert answer["Content-Disposition"].endswith(f'"{case.finding.number}-1.{ending}"')
    answer.close()


@pytest.mark.parametrize("who", ["owner", "member", "coordinator"])
def test_a_download_ends_with_the_access(who, monkeypatch):
    monkeypatch.setattr(files.stream, "__kwdefaults__", {"recheck_every": 1})
    monkeypatch.setattr(files, "CHUNK", 100)
    case = Reported(until="notify_owner")
    file, person = case.add("x" * 500, for_owner=True), getattr(case, who)
    body = iter(downloads.download_of_finding(actor=person, file=file).streaming_content)
    assert next(body)
    if who == "coordinator":
        Affiliation.objects.create(user=person, organisation=case.lab)
    else:
        person.memberships.update(ended_at=NOW)
    with pytest.raises(ConnectionResetError):
        list(body)


def test_malware_is_given_to_nobody_and_its_reporters_are_told(settings):
    case = Reported(until="notify_owner")
    colleague = make.member(case.partner, Role.ADMIN)
    with running(Clamd()) as server:
        settings.CLAMD_URL = server.url
        upload = ContentFile(b"nougat with a worm in it", name="proof.txt")
        evil, good = case.add(actor=colleague, upload=upload, for_owner=True), case.add("good")
        assert (evil.scan_state, good.scan_state) == ("waiting", "waiting")
        assert cases.scan_waiting(at=NOW) == 2
    for person in (case.member, case.owner, case.coordinator):
        with pytest.raises(Refused) as raised:
            actions.open_file(actor=person, file=evil)
        assert raised.value.code == "malware_found"
    assert not Event.objects.filter(verb="downloaded_finding_file").exists()
    link = f"/partner/findings/{case.finding.pk}/"
    assert told("finding_malware") == {
        (who.pk, case.finding.number, link) for who in (case.member, colleague)
    }
    events = Event.objects.filter(capacity="clock", subject_id=case.finding.pk).values_list(
        "verb", "case_id", "data"
    )
    assert sorted(events, key=str) == [
        ("malware_in_finding_file", None, {"file": str(evil.pk), "state": "found"}),
        ("scan_finding_file", None, {"file": str(good.pk), "state": "nothing_found"}),
    ]  # fmt: skip
    actions.open_file(actor=case.member, file=FindingFile.objects.get(pk=good.pk))


def test_a_file_whose_row_was_rolled_back_leaves_the_storage():
    case = Reported()
    kept = case.add("kept").file.name
    with transaction.atomic():
        lost = case.add("lost").file.name
        transaction.set_rollback(True)
    for name in (kept, lost):
        stored_at(name, AT - 2 * DAY)
    assert cases.remove_orphans(at=AT) == 1
    assert (default_storage.exists(kept), default_storage.exists(lost)) == (True, False)


@pytest.mark.parametrize(
    ("until", "sql"),
    [
        ("", "DELETE FROM partners_findingfile"),
        ("", "TRUNCATE partners_findingfile"),
        ("", "UPDATE partners_findingfile SET shows = 'Another'"),
        ("", "UPDATE partners_findingfile SET for_owner = true"),
        ("", "UPDATE partners_findingfile SET sha256 = ''"),
        ("", "UPDATE partners_findingfile SET name = 'x'"),
        ("", "UPDATE partners_findingfile SET number = 2"),
        ("report", "UPDATE partners_findingfile SET removed_at = now()"),
        ("removed", "UPDATE partners_findingfile SET removed_at = NULL"),
    ],
)
def test_the_database_lets_nothing_be_rewritten_or_removed(until, sql):
    case = Reported()
    file = case.add()
    if until == "removed":
        actions.remove_file(actor=case.member, finding=case.finding, file=file, at=NOW)
    elif until:
        case.take(until)
    words = "nothing changes but its scan|is taken out of a finding once|permission denied"
    with pytest.raises(Error, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
