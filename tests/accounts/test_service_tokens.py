"""A lab's service tokens: made, rotated and revoked by its administrators, shown once, expiring, outliving who made them."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import ApiToken, Membership, Role, User
from portal.deadlines.models import Deadline, Message
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from tests import factories as make
from tests.accounts.doors import reauthenticate, sign_in
from tests.api.calls import Caller
from tests.factories_services import service, tokens_of

pytestmark = pytest.mark.django_db
MONTH = 30 * make.DAY


@pytest.fixture
def lab():
    return make.lab("Aurora Invented Labs")


@pytest.fixture
def ada(lab):
    return make.member(lab, Role.ADMIN, "Ada")


def api(secret: str) -> int:
    return Client().get("/api/v1/submissions/", headers={"authorization": f"Bearer {secret}"}).status_code


def page(lab) -> str:
    return f"/account/organisation/{lab.pk}/services/"


def test_it_is_made_on_the_page_and_shown_once(lab, ada):
    client = sign_in(ada)
    assert "No services" in client.get(page(lab)).content.decode()
    form = {"name": "Release pipeline", "lifetime": "30", "scope": "write"}
    assert client.post(page(lab), form)["Location"].startswith("/account/reauthenticate/")
    assert not ApiToken.objects.exists()
    reauthenticate(client)
    made = client.post(page(lab), form)
    secret = made.context["secret"]
    assert secret in made.content.decode()
    listed = client.get(page(lab)).content.decode()
    assert ("Release pipeline" in listed, "by Ada" in listed, "Not yet" in listed) == (True, True, True)
    assert secret not in listed
    assert secret not in str(list(ApiToken.objects.values()) + list(Event.objects.values()))
    token = ApiToken.objects.get()
    assert (token.user.name, token.scope, token.made_by) == (
        "Release pipeline (service of Aurora Invented Labs)",
        "write",
        ada,
    )
    assert (token.user.service_of, list(token.user.memberships.values_list("organisation", "role"))) == (
        lab,
        [(lab.pk, "service")],
    )
    assert api(secret) == 200


def test_the_page_is_its_labs_administrators_alone(lab, ada):
    found, _ = service(lab, actor=ada)
    others = [
        make.member(lab, Role.CONTRIBUTOR),
        make.member(make.lab(), Role.ADMIN),
        make.coordinator(),
        make.person(is_superuser=True),
    ]
    own = f"{page(lab)}{found.pk}/"
    for other in others:
        client = sign_in(other)
        answers = [
            client.get(page(lab)),
            client.get(own),
            client.post(page(lab), {"name": "x", "lifetime": "30", "scope": "read"}),
            client.post(f"{own}rotate/", {"rotate-lifetime": "30"}),
            client.post(f"{own}revoke/", {"revoke-sure": "on"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5, other
    # An administrator of two labs finds each service under its own lab only.
    second = make.lab()
    Membership.objects.create(user=ada, organisation=second, role=Role.ADMIN)
    assert sign_in(ada).get(f"{page(second)}{found.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["contributor", "stranger", "sysadmin", "service"])
def test_nobody_else_makes_or_rotates_one(lab, ada, who):
    found, _ = service(lab, actor=ada)
    actor = {
        "contributor": lambda: make.member(lab, Role.CONTRIBUTOR),
        "stranger": lambda: make.member(make.lab(), Role.ADMIN),
        # It opens lab material, which a sysadmin does not see.
        "sysadmin": lambda: make.person(is_superuser=True),
        "service": lambda: found,
    }[who]()
    with pytest.raises(NotAllowed):
        actions.make_service(actor=actor, organisation=lab, name="Mine", scope="read", lifetime=MONTH)
    with pytest.raises(NotAllowed):
        actions.rotate_service(actor=actor, user=found, lifetime=MONTH)
    assert User.objects.live_services().count() == 1


def test_only_labs_have_services():
    partner = make.partner_organisation()
    admin = make.member(partner, Role.ADMIN)
    with pytest.raises(NotAllowed):
        actions.make_service(actor=admin, organisation=partner, name="Mine", scope="read", lifetime=MONTH)
    assert sign_in(admin).get(page(partner)).status_code == 404


def test_bad_input(lab, ada):
    service(lab, actor=ada)
    for error, values in [
        (Missing, {"name": " "}),
        (Invalid, {"name": "x" * 81}),
        (Invalid, {"name": "RELEASE pipeline"}),
        (Invalid, {"lifetime": timedelta(days=366)}),
        (Invalid, {"lifetime": timedelta(0)}),
        (Invalid, {"scope": "everything"}),
    ]:
        given = {"name": "Another", "scope": "read", "lifetime": MONTH} | values
        with pytest.raises(error):
            actions.make_service(actor=ada, organisation=lab, **given)
    assert User.objects.live_services().count() == 1


def test_a_lab_has_twenty_at_most(lab, ada):
    for number in range(20):
        last, _ = service(lab, actor=ada, name=f"Service {number}")
    service(make.lab(), name="Service of another lab")
    with pytest.raises(Invalid, match="20 services"):
        service(lab, actor=ada, name="One more")
    actions.revoke_service(actor=ada, user=last)
    service(lab, actor=ada, name="Service 19")


def test_it_expires(lab, ada):
    found, secret = service(lab, actor=ada)
    [token] = tokens_of(found)
    with time_machine.travel(token.expiry - timedelta(seconds=5)):
        assert api(secret) == 200
    with time_machine.travel(token.expiry + timedelta(seconds=5)):
        assert api(secret) == 401
        assert token.is_expired


def test_it_goes_on_when_who_made_it_leaves(lab, ada):
    _, secret = service(lab, actor=ada)
    bea = make.member(lab, Role.ADMIN)
    actions.end_membership(actor=bea, membership=ada.memberships.get())
    actions.deactivate_person(actor=make.person(is_superuser=True), user=ada)
    assert api(secret) == 200
    assert "by Ada" in sign_in(bea).get(page(lab)).content.decode()


def test_no_service_is_the_administrator_an_organisation_keeps(lab, ada):
    service(lab, actor=ada)
    with pytest.raises(actions.memberships.LastAdministrator):
        actions.end_membership(actor=ada, membership=ada.memberships.get())


# --- Rotating ---------------------------------------------------------------------------------------------------------------


def test_rotating_ends_the_old_secret_at_once(lab, ada):
    found, old = service(lab, actor=ada)
    client = sign_in(ada)
    rotate = f"{page(lab)}{found.pk}/rotate/"
    assert client.post(rotate, {"rotate-lifetime": "30"})["Location"].startswith("/account/reauthenticate/")
    assert client.get(rotate)["Location"] == f"{page(lab)}{found.pk}/"
    reauthenticate(client)
    made = client.post(rotate, {"rotate-lifetime": "365"})
    assert (api(old), api(made.context["secret"])) == (401, 200)
    assert [(token.name, token.scope) for token in tokens_of(found)] == [("Release pipeline", "write")]


def test_the_old_secret_may_open_for_another_day(lab, ada):
    found, oldest = service(lab, actor=ada)
    _, old = actions.rotate_service(actor=ada, user=found, lifetime=MONTH, overlap=True)
    assert (api(oldest), api(old)) == (200, 200)
    _, new = actions.rotate_service(actor=ada, user=found, lifetime=MONTH, overlap=True)
    # Never three, and the one before the last not for longer than it had.
    assert (api(oldest), api(old), api(new)) == (401, 200, 200)
    before, _ = tokens_of(found)
    with time_machine.travel(before.expiry - timedelta(seconds=5)):
        assert before.expiry - before.created < timedelta(hours=25)
        assert (api(old), api(new)) == (200, 200)
    with time_machine.travel(before.expiry + timedelta(seconds=5)):
        assert (api(old), api(new)) == (401, 200)


def test_a_short_lived_secret_is_not_made_longer_by_the_overlap(lab, ada):
    found, _ = service(lab, actor=ada, lifetime=timedelta(hours=1))
    [before] = tokens_of(found)
    actions.rotate_service(actor=ada, user=found, lifetime=MONTH, overlap=True)
    assert tokens_of(found)[0].expiry == before.expiry


# --- Revoking ---------------------------------------------------------------------------------------------------------------


def test_revoking_asks_and_ends_everything_at_once(lab, ada):
    found, secret = service(lab, actor=ada)
    client, revoke = sign_in(ada), f"{page(lab)}{found.pk}/revoke/"
    assert "Tick this to confirm." in client.post(revoke, {}).content.decode()
    assert api(secret) == 200
    assert client.post(revoke, {"revoke-sure": "on"})["Location"] == page(lab)
    assert api(secret) == 401
    found = User.objects.get(pk=found.pk)
    assert (found.is_active, tokens_of(found), found.memberships.filter(ended_at=None).exists()) == (
        False,
        [],
        False,
    )
    events = Event.objects.filter(subject_id=found.pk).order_by("seq").values_list("verb", "actor")
    assert list(events) == [("made_service", ada.pk), ("revoked_service", ada.pk)]
    for again in (actions.revoke_service, actions.rotate_service):
        with pytest.raises(AlreadyDone):
            again(actor=ada, user=found, **({} if again is actions.revoke_service else {"lifetime": MONTH}))
    assert client.post(revoke, {"revoke-sure": "on"}).status_code == 404
    # The name is free again; the one that ended keeps it on record.
    service(lab, actor=ada)
    assert User.objects.filter(name=found.name).count() == 2


def test_a_membership_that_ended_opens_nothing_whatever_tokens_say(lab, ada):
    found, secret = service(lab, actor=ada)
    Membership.objects.filter(user=found).update(ended_at=make.NOW)
    assert api(secret) == 401


# --- Who is told ------------------------------------------------------------------------------------------------------------


def test_all_administrators_are_told_each_time(lab, ada):
    bea = make.member(lab, Role.ADMIN)
    make.member(lab, Role.CONTRIBUTOR)
    make.member(make.lab(), Role.ADMIN)
    found, _ = service(lab, actor=ada)
    actions.rotate_service(actor=bea, user=found, lifetime=MONTH)
    actions.revoke_service(actor=ada, user=found)
    told = Message.objects.values_list("recipient", "kind", "link", "case_number")
    assert sorted(told) == sorted([(admin.pk, "service_changed", page(lab), "") for admin in (ada, bea)] * 3)


def test_administrators_are_reminded_before_it_expires(lab, ada):
    found, _ = service(lab, actor=ada)
    [token] = tokens_of(found)
    due = Deadline.objects.get(kind="service_expires")
    assert (due.subject_id, due.organisation, due.due_at, due.next_at) == (
        found.pk,
        lab,
        token.expiry,
        token.expiry - 14 * make.DAY,
    )
    actions.rotate_service(actor=ada, user=found, lifetime=90 * make.DAY)
    due.refresh_from_db()
    assert due.due_at == tokens_of(found)[0].expiry
    actions.revoke_service(actor=ada, user=found)
    due.refresh_from_db()
    assert (due.is_open, due.next_at) == (False, None)


# --- When it was used -------------------------------------------------------------------------------------------------------


def test_a_use_is_written_down_once_an_hour(lab, ada):
    found, secret = service(lab, actor=ada)
    used = []
    start = tokens_of(found)[0].created
    for minutes in (1, 59, 62, 121):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert api(secret) == 200
        used.append(tokens_of(found)[0].last_used_at - start)
    assert used == [timedelta(minutes=minutes) for minutes in (1, 1, 62, 62)]


def test_its_name_follows_the_labs(lab, ada):
    found, _ = service(lab, actor=ada)
    root = make.person(is_superuser=True)
    actions.update_organisation(actor=root, organisation=lab, name="Borealis", short_name="Bo")
    assert str(User.objects.get(pk=found.pk)) == "Release pipeline (service of Bo)"


def test_the_date_stands_where_administrators_read_dates_and_nowhere_else(lab, ada):
    _, secret = service(lab, actor=ada)
    others = [
        make.member(lab, Role.CONTRIBUTOR),
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.coordinator(),
    ]
    [due] = Caller(ada).results("deadlines/")
    assert (due["kind"], due["case_number"]) == ("service_expires", "")
    callers = [*map(Caller, others), Caller(token=secret)]
    assert [caller.results("deadlines/") for caller in callers] == [[]] * 5
    client = sign_in(ada)
    assert [client.get(address).status_code for address in ("/", "/lab/", "/notices/")] == [200] * 3
