"""Versions of the programme's settings: what holds, what is refused, and that nothing of the past is altered."""

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, transaction

from portal import programme, work
from portal.deadlines import registry
from portal.errors import Invalid, Missing, NotAllowed, Refused, Stale
from portal.ledger.models import Event
from portal.programme import actions, schema, versions
from portal.programme.models import Version
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.accounts.test_pages import queries
from tests.api.calls import counted
from tests.core.test_concurrency import at_once
from tests.programme.changing import saved
from tests.site.test_notices import client_of

NOW, DAY = make.NOW, make.DAY
# Targets of parts that are not built yet: a number that nothing reads is not offered to anyone.
UNREAD: set[str] = set()


@pytest.mark.django_db
def test_without_a_version_everything_is_as_delivered(settings):
    settings.PORTAL_PROGRAMME_NAME = "The marzipan programme"
    now = programme.current()
    assert (now.number, now.name) == (0, "The marzipan programme")
    assert {name: now.target(name) for name in settings.PORTAL_TARGETS} == settings.PORTAL_TARGETS
    assert registry.wording("acknowledge") == registry.DEADLINES["acknowledge"].wording


@pytest.mark.django_db
def test_a_version_holds_what_differs_and_the_next_one_builds_on_it():
    office = make.coordinator()
    first = saved(office, name="Marzipan Access")
    second = saved(office, NOW + DAY, target__attest_business_days="3")
    back = saved(office, NOW + 2 * DAY, name=django_settings.PORTAL_PROGRAMME_NAME)
    assert [(row.number, row.values) for row in (first, second, back)] == [
        (1, {"name": "Marzipan Access"}),
        (2, {"name": "Marzipan Access", "target:attest_business_days": 3}),
        (3, {"target:attest_business_days": 3}),
    ]
    assert (programme.current().number, programme.target("attest_business_days")) == (3, 3)
    assert [row.digest for row in (first, second, back)] == [
        first.digest_after(""),
        second.digest_after(first.digest),
        back.digest_after(second.digest),
    ]
    events = Event.objects.filter(verb="changed_settings").order_by("seq")
    assert [(event.actor, event.data["settings"], event.what) for event in events] == [
        (office, keys, "Changed the programme's settings")
        for keys in (["name"], ["target:attest_business_days"], ["name"])
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"reason": "Another."}, {"values": {}}, {"number": 9}])
def test_a_version_is_never_altered_or_removed(values):
    version = saved(make.coordinator(), name="Marzipan Access")
    for change in (lambda rows: rows.update(**values), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(Version.objects.filter(pk=version.pk))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "typed", "words"),
    [
        ("target:attest_business_days", "0", "Between 1 and 20 business days."),
        ("target:attest_business_days", "21", "Between 1 and 20 business days."),
        ("target:attest_business_days", "-1", "Write a whole number of business days."),
        ("target:attest_business_days", "2.5", "Write a whole number of business days."),
        ("target:attest_business_days", "²", "Write a whole number of business days."),
        ("target:draft_feedback_days", "30", "Between 1 and 29 days."),
        ("name", "", "Write what it says."),
        ("name", "x" * 121, "Write between 3 and 120 characters."),
        ("name", "Access\nto marzipan", "Write one line."),
        ("name", "The Licensing Programme", "Nothing here says that of a release: Licensing."),
    ],
)
def test_what_is_out_of_bounds_is_refused_in_words(key, typed, words):
    with pytest.raises(Invalid) as refused:
        actions.preview(actor=make.coordinator(), typed={key: typed}, at=NOW)
    assert (refused.value.message, refused.value.field) == (words, key)
    assert not Version.objects.exists()


@pytest.mark.django_db
def test_the_orders_30_days_and_what_nobody_knows_are_no_settings():
    office = make.coordinator()
    for key in ("target:window_days", "window_days", "retention"):
        with pytest.raises(Invalid, match="There is no such setting"):
            actions.preview(actor=office, typed={key: "60"}, at=NOW)
    with pytest.raises(Invalid, match="Nothing is different"):
        actions.preview(actor=office, typed={"target:attest_business_days": "2"}, at=NOW)


def test_every_target_that_the_code_reads_can_be_set():
    named = {key.removeprefix("target:") for key in schema.SETTINGS if key.startswith("target:")}
    assert set(django_settings.PORTAL_TARGETS) - named == UNREAD
    for row in schema.SETTINGS.values():
        assert row.read(row.typed(row.default())) == row.default(), row.key


@pytest.mark.django_db
def test_only_the_offices_coordinators_and_superusers_change_settings():
    office, sysadmin = make.coordinator(), make.person(is_superuser=True)
    others = [
        reviewing.auditor(),
        reviewing.designator(),
        make.member(make.agency(), "coordinator"),
        make.member(make.programme_office(), "reviewer"),
        make.member(make.lab(), "admin"),
        make.member(make.partner_organisation(), "admin"),
        make.person(is_superuser=True, is_active=False),
    ]
    for person in others:
        with pytest.raises(NotAllowed):
            actions.preview(actor=person, typed={"name": "Marzipan Access"}, at=NOW)
    saved(office, name="Marzipan Access")
    assert saved(sysadmin, NOW + DAY, name="Nougat Access").made_by == sysadmin
    assert list(Event.objects.filter(verb="changed_settings").values_list("capacity", flat=True)) == [
        "sysadmin",
        "programme_office",
    ]


@pytest.mark.django_db
def test_a_reason_is_needed_and_a_preview_writes_nothing():
    office, typed = make.coordinator(), {"name": "Marzipan Access"}
    seen = actions.preview(actor=office, typed=typed, at=NOW)
    assert not Version.objects.exists()
    assert not Event.objects.filter(verb="changed_settings").exists()
    with pytest.raises(Missing):
        actions.change(
            actor=office, typed=typed, reason=" ", expected_number=0, expected_digest=seen.digest, at=NOW
        )


@pytest.mark.django_db
def test_a_change_made_on_an_older_version_is_not_saved():
    office, typed = make.coordinator(), {"name": "Marzipan Access"}
    seen = actions.preview(actor=office, typed=typed, at=NOW)
    saved(make.coordinator(), target__attest_business_days="3")
    with pytest.raises(Stale):
        actions.change(
            actor=office, typed=typed, reason="Mine.", expected_number=0, expected_digest=seen.digest, at=NOW
        )
    assert [row.values for row in Version.objects.all()] == [{"target:attest_business_days": 3}]
    assert programme.current().number == 1


@pytest.mark.committed_db
def test_of_two_coordinators_at_once_one_is_asked_to_look_again():
    people = [make.coordinator(), make.coordinator()]
    seen = actions.preview(actor=people[0], typed={"name": "Marzipan Access"}, at=NOW)

    def call(person):
        return lambda: actions.change(
            actor=person,
            typed={"name": "Marzipan Access"},
            reason="At once.",
            expected_number=0,
            expected_digest=seen.digest,
            at=NOW,
        )

    # The later one finds its name there already, or its version gone: nothing is saved twice either way.
    assert at_once([call(person) for person in people]) in (["done", "stale"], ["done", "invalid"])
    assert list(Version.objects.values_list("number", flat=True)) == [1]


@pytest.mark.committed_db
def test_a_step_on_a_case_is_not_disturbed_and_the_change_is_asked_to_wait(owner_connection):
    case = make.Case(make.submitted)
    with owner_connection.transaction():
        owner_connection.execute("SELECT * FROM deadlines_deadline FOR UPDATE")
        with pytest.raises(Refused) as refused:
            actions.preview(actor=case.coordinator, typed={"target:acknowledge_business_days": "4"}, at=NOW)
    assert (refused.value.code, Version.objects.count()) == ("busy", 0)
    assert saved(case.coordinator, target__acknowledge_business_days="4").number == 1


@pytest.mark.django_db
def test_a_piece_of_work_asks_once_and_the_next_one_sees_the_new_version():
    office = make.coordinator()
    with work.piece(), counted(1):
        assert [programme.current().number for _ in range(3)] == [0, 0, 0]
    version = saved(office, name="Marzipan Access")
    with work.piece(), counted(2):
        # Which version, and once a process what it says.
        assert [programme.current().name for _ in range(3)] == ["Marzipan Access"] * 3
    with work.piece():
        versions.note(version.pk)
        with counted(0):
            assert programme.current().name == "Marzipan Access"


@pytest.mark.django_db
def test_within_a_change_the_work_goes_on_under_the_new_version_and_after_a_preview_under_the_old():
    office = make.coordinator()
    with work.piece():
        assert programme.current().number == 0
        actions.preview(actor=office, typed={"name": "Marzipan Access"}, at=NOW)
        assert programme.current().number == 0
        saved(office, name="Marzipan Access")
        assert programme.current().number == 1


@pytest.mark.django_db
def test_a_signed_in_page_learns_of_a_new_version_with_its_person():
    office = make.coordinator()
    client = client_of(office)
    client.get("/notices/")
    before = queries(client, "/notices/")
    saved(office, name="Marzipan Access")
    assert "Marzipan Access" in client.get("/notices/").content.decode()
    assert queries(client, "/notices/") == before
