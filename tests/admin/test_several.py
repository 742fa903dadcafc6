"""A step for several rows is offered to those whom it may be open to, and to no others, by a form or without one."""

import re
from datetime import timedelta

import pytest
import time_machine

from partners import actions
from partners.models import Grant
from portal.accounts.models import Role
from portal.deadlines.models import Message
from portal.site.admin import site
from portal.submissions.models import Submission
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import CASES, Desk, address
from tests.factories import NOW
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db
HOUR, GRANTS = timedelta(hours=1), "partners_grant_changelist"
NO_IDS = ["http://127.0.0.1/", "1' OR '1'='1", "9" * 40, "\0", ""]
OFFER = "With the chosen ones"


def test_a_list_offers_a_coordinator_to_acknowledge_and_nobody_else():
    case = make.Case(make.submitted)
    office = make.programme_office()
    people = {
        "coordinator": case.coordinator,
        "designator": reviewing.designator(),
        "auditor": reviewing.auditor(),
        "security": make.member(office, Role.SECURITY),
    }
    lists = {name: Desk(person).get(CASES).content.decode() for name, person in people.items()}
    assert {name for name, page in lists.items() if OFFER in page} == {"coordinator"}
    number = case.submission.case_number
    assert {name for name, page in lists.items() if number in page} == {
        "coordinator",
        "designator",
        "auditor",
    }


def test_an_auditor_who_posts_the_step_all_the_same_changes_nothing():
    case = make.Case(make.submitted)
    chosen = {"action": "acknowledge", "_selected_action": [str(case.submission.pk)], "index": "0"}
    Desk(reviewing.auditor()).client.post(address(CASES), chosen)
    assert Submission.objects.get(pk=case.submission.pk).acknowledged_at is None
    Desk(case.coordinator).client.post(address(CASES), chosen)
    assert Submission.objects.get(pk=case.submission.pk).acknowledged_at is not None


def test_what_is_chosen_under_no_id_is_not_there_and_the_others_are_taken():
    case = make.Case(make.submitted)
    desk = Desk(case.coordinator)
    chosen = {"action": "acknowledge", "_selected_action": NO_IDS, "index": "0"}
    assert desk.client.post(address(CASES), chosen).status_code == 302
    assert Submission.objects.get(pk=case.submission.pk).acknowledged_at is None
    chosen["_selected_action"] = [*NO_IDS, str(case.submission.pk)]
    assert desk.client.post(address(CASES), chosen).status_code == 302
    assert Submission.objects.get(pk=case.submission.pk).acknowledged_at is not None


def test_no_list_fails_at_what_is_chosen_under_no_id():
    """Keys of every kind: of their own, another row's, numbers."""
    desk, asked = Desk(make.coordinator()), {}
    for model, model_admin in site._registry.items():
        for step in getattr(model_admin, "bulk_steps", ()):
            page = f"{model._meta.app_label}_{model._meta.model_name}_changelist"
            chosen = {"action": step, "_selected_action": NO_IDS, "index": "0"}
            asked[page, step] = desk.client.post(address(page), chosen).status_code
    assert ("partners_partnerprofile_changelist", "begin_vetting") in asked
    assert set(asked.values()) == {302}


def test_an_auditor_reads_what_was_not_delivered_and_is_not_offered_to_send_it():
    case = make.Case(make.submitted)
    message = Message.objects.filter(case_id=case.submission.pk).order_by("pk").first()
    Message.objects.filter(pk=message.pk).update(state=Message.State.FAILED, failure="SMTPRecipientsRefused")
    for person, offered in ((case.coordinator, True), (reviewing.auditor(), False)):
        page = Desk(person).text("deadlines_message_change", message.pk)
        assert "SMTPRecipientsRefused" in page
        assert ("Send again" in page) is offered
        assert (OFFER in Desk(person).text("deadlines_message_changelist")) is offered


def test_what_changed_since_the_list_was_shown_is_left_for_a_look():
    case, other = GrantCase(), GrantCase()
    grants = [one.propose(at=NOW) for one in (case, other)]
    desk = Desk(case.coordinator)
    with time_machine.travel(NOW + HOUR, tick=False):
        # A sitting of its own: a session that began later, by the clock, is over.
        earlier = Desk(case.coordinator).get(GRANTS).content.decode()
    shown = re.search(r'name="shown_at" value="([^"]+)"', earlier)
    actions.set_documents(
        actor=case.contributor, grant=grants[0], documents=[case.other_document], at=NOW + 2 * HOUR
    )
    chosen = {
        "action": "concur",
        "_selected_action": [str(grant.pk) for grant in grants],
        "index": "0",
        "shown_at": shown[1],
    }
    page = desk.client.post(address(GRANTS), chosen, follow=True).content.decode()
    assert "It changed since the list was shown." in page
    assert [Grant.objects.get(pk=grant.pk).concurred_at is not None for grant in grants] == [False, True]
    # What is no instant leaves nothing out, and breaks nothing.
    desk.client.post(address(GRANTS), chosen | {"shown_at": "2026-13-45T99:99"})
    assert Grant.objects.get(pk=grants[0].pk).concurred_at is not None
