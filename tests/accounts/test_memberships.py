"""Who belongs where: only by those who look after it, never without an administrator, and sessions end with a role."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from portal.accounts import actions
from portal.accounts.models import Kind, Membership, Role
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import is_signed_in, sign_in

NOW = factories.NOW


@pytest.fixture
def lab(db):
    return factories.lab()


@pytest.fixture
def admin(lab):
    return factories.member(lab, Role.ADMIN, "Ada")


@pytest.fixture
def root(db):
    return factories.person("Sid", is_superuser=True)


def membership_of(user, role=None) -> Membership:
    return user.memberships.get(ended_at=None, **({"role": role} if role else {}))


def event(verb: str) -> tuple:
    found = Event.objects.get(verb=verb)
    return found.actor, found.subject_id, found.data, found.reason


def test_ending_a_membership(lab, admin):
    member = factories.member(lab, Role.CONTRIBUTOR)
    membership, session = membership_of(member), sign_in(member)
    actions.create_token(actor=member, name="script", lifetime=factories.DAY)
    actions.end_membership(actor=admin, membership=membership, reason="left us", at=NOW)
    membership.refresh_from_db()
    assert membership.ended_at == NOW
    assert not is_signed_in(session)
    assert not member.auth_token_set.exists()
    data = {"organisation": str(lab.pk), "person": str(member.pk), "role": "contributor"}
    assert event("ended_membership") == (admin, membership.pk, data, "left us")
    assert list(member.notices.filter(kind="membership_ended").values_list("case_number", "link")) == [
        ("", "/account/")
    ]
    with pytest.raises(AlreadyDone):
        actions.end_membership(actor=admin, membership=membership)


def test_tokens_stay_with_the_other_seat(lab, admin):
    member = factories.member(lab, Role.VIEWER)
    Membership.objects.create(user=member, organisation=factories.lab(), role=Role.VIEWER, since=NOW)
    actions.create_token(actor=member, name="script", lifetime=factories.DAY)
    actions.end_membership(actor=admin, membership=lab.memberships.get(user=member))
    assert member.auth_token_set.count() == 1


def test_changing_a_role_ends_one_membership_and_begins_another(lab, admin):
    member = factories.member(lab, Role.VIEWER)
    session = sign_in(member)
    actions.change_role(actor=admin, membership=membership_of(member), role=Role.CONTRIBUTOR, at=NOW)
    held = member.memberships.order_by("since").values_list("role", "ended_at")
    assert list(held) == [("viewer", NOW), ("contributor", None)]
    assert not is_signed_in(session)


@pytest.mark.parametrize("kind", [Kind.LAB, Kind.PARTNER])
def test_the_last_administrator_stays(db, root, kind):
    organisation = factories.organisation(kind)
    last = factories.member(organisation, Role.ADMIN)
    lower = Role.VIEWER if kind == Kind.LAB else Role.MEMBER
    for call in (
        lambda: actions.end_membership(actor=last, membership=membership_of(last)),
        lambda: actions.end_membership(actor=root, membership=membership_of(last)),
        lambda: actions.change_role(actor=last, membership=membership_of(last), role=lower),
        lambda: actions.deactivate_person(actor=root, user=last),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        assert refusal.value.code == "last_administrator"
    assert not Event.objects.exists()
    factories.member(organisation, Role.ADMIN)
    actions.end_membership(actor=last, membership=membership_of(last))


def test_an_administrator_whose_account_is_closed_does_not_count(lab, admin, root):
    other = factories.member(lab, Role.ADMIN)
    actions.deactivate_person(actor=root, user=other)
    with pytest.raises(Refused):
        actions.end_membership(actor=admin, membership=membership_of(admin))


def test_the_database_keeps_the_last_administrator_too(admin):
    rows = Membership.objects.filter(user=admin)
    for change in (lambda: rows.update(ended_at=NOW), lambda: rows.update(role=Role.VIEWER), rows.delete):
        with pytest.raises(IntegrityError, match="last administrator"), transaction.atomic():
            change()


def test_an_agency_needs_no_administrator(root):
    agent = factories.member(factories.agency(), Role.COORDINATOR)
    actions.end_membership(actor=root, membership=membership_of(agent))


def test_who_may_not(lab, admin, root):
    member = factories.member(lab, Role.CONTRIBUTOR)
    other_admin = factories.member(factories.lab(), Role.ADMIN)
    coordinator = factories.coordinator()
    stranger = factories.person()
    for actor in (member, other_admin, coordinator, stranger):
        for call in (
            lambda actor=actor: actions.end_membership(actor=actor, membership=membership_of(admin)),
            lambda actor=actor: actions.change_role(
                actor=actor, membership=membership_of(admin), role=Role.VIEWER
            ),
            lambda actor=actor: actions.add_membership(
                actor=actor, organisation=lab, user=stranger, role=Role.VIEWER
            ),
        ):
            with pytest.raises(NotAllowed):
                call()
    assert not Event.objects.exists()


def test_an_administrator_adds_nobody_from_outside_but_gives_a_member_a_second_role(lab, admin, root):
    reviewer = factories.member(factories.agency(), Role.REVIEWER)
    with pytest.raises(NotAllowed):
        actions.add_membership(actor=admin, organisation=lab, user=reviewer, role=Role.VIEWER)
    member = factories.member(lab, Role.VIEWER)
    actions.add_membership(actor=admin, organisation=lab, user=member, role=Role.CONTRIBUTOR, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.add_membership(actor=admin, organisation=lab, user=member, role=Role.CONTRIBUTOR)
    actions.add_membership(actor=root, organisation=lab, user=reviewer, role=Role.VIEWER)


def test_a_role_that_the_kind_does_not_have(lab, root):
    with pytest.raises(Invalid) as refusal:
        actions.add_membership(actor=root, organisation=lab, user=factories.person(), role=Role.DESIGNATOR)
    assert refusal.value.field == "role"


@pytest.mark.committed_db
def test_two_administrators_leaving_at_once_leaves_one():
    lab = factories.lab()
    admins = [factories.member(lab, Role.ADMIN) for _ in range(2)]
    barrier = Barrier(2)

    def leave(user) -> str:
        try:
            barrier.wait(timeout=30)
            actions.end_membership(actor=user, membership=membership_of(user))
        except Refused as refused:
            return refused.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, admins)) == ["done", "last_administrator"]
    assert lab.memberships.filter(ended_at=None, role=Role.ADMIN).count() == 1


@pytest.mark.committed_db
def test_two_bare_updates_at_once_leave_one_too():
    """The trigger alone, without the action's lock."""
    lab = factories.lab()
    ids = [factories.member(lab, Role.ADMIN).memberships.get().pk for _ in range(2)]
    barrier = Barrier(2)

    def end(pk) -> str:
        try:
            with transaction.atomic():
                barrier.wait(timeout=30)
                Membership.objects.filter(pk=pk).update(ended_at=NOW)
        except IntegrityError:
            return "refused"
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(end, ids)) == ["done", "refused"]
