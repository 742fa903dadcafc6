"""Dates, messages and events on the workbench: read by those whose business they are, and a failed message sent again."""

import pytest

from portal.accounts.models import Membership, User
from portal.deadlines import delivery, outbox, planning
from portal.deadlines.actions import requeue
from portal.deadlines.models import Deadline, Message
from portal.errors import NotAllowed
from portal.ledger.models import Event
from portal.submissions import actions
from reviews import actions as reviews_actions
from tests import factories as make
from tests import factories_partners as partnering
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, Desk, words
from tests.api.calls import counted

pytestmark = pytest.mark.django_db

DEADLINES, MESSAGES, EVENTS = (
    "deadlines_deadline_changelist",
    "deadlines_message_changelist",
    "ledger_event_changelist",
)
REQUEUE = "deadlines_message_requeue"


def _failed(case) -> Message:
    message = Message.objects.filter(case_id=case.submission.pk).order_by("pk").first()
    message.state, message.failure = Message.State.FAILED, "SMTPRecipientsRefused: no such box"
    message.attempts = outbox.GIVE_UP_AFTER
    message.save()
    return message


def test_a_failed_message_says_why_and_is_sent_again_once(mail_folder):
    case = make.Case(make.submitted)
    message = _failed(case)
    desk = Desk(case.coordinator)
    assert f"Failed {outbox.GIVE_UP_AFTER} SMTPRecipientsRefused: no such box" in desk.text(
        MESSAGES, delivery="failed"
    )
    assert "Send again" in desk.text("deadlines_message_change", message.pk)
    assert desk.post(REQUEUE, message.pk).status_code == 303
    assert desk.post(REQUEUE, message.pk).status_code == 303
    message.refresh_from_db()
    assert (message.state, message.attempts, message.try_at) == (Message.State.WAITING, 0, make.NOW)
    assert Event.objects.filter(verb="requeue_message", subject_id=message.pk).count() == 1
    delivery.deliver_due()
    message.refresh_from_db()
    assert message.state == Message.State.SENT
    again = desk.post(REQUEUE, message.pk)
    assert again.status_code == 409
    assert "Only a message whose delivery was given up is sent again." in words(again)


def test_several_failed_messages_are_sent_again_one_by_one():
    case = make.Case()
    first = _failed(case)
    second = Message.objects.filter(case_id=case.submission.pk).exclude(pk=first.pk).first()
    chosen = {"action": "requeue", "_selected_action": [str(first.pk), str(second.pk)], "index": "0"}
    text = words(Desk(case.coordinator).client.post("/admin/deadlines/message/", chosen, follow=True))
    assert "The message waits to be sent." in text
    assert "This message waits to be sent already." in text


def test_the_outbox_is_for_coordinators_and_auditors_and_of_their_cases():
    case = reviews.Reviewed()
    message = _failed(case)
    notice = Message.objects.create(
        recipient=case.contributor, key="a", kind="sign_in_changed", link="/account/"
    )
    assert {row.pk for row in Desk(reviews.auditor()).get(MESSAGES).context["cl"].result_list} == set(
        Message.objects.filter(case_id=case.submission.pk).values_list("pk", flat=True)
    )
    for person in (case.lead, case.agency_coordinator, reviews.designator()):
        assert Desk(person).get(MESSAGES).status_code == 403
        assert Desk(person).post(REQUEUE, message.pk).status_code == 404
    assert Desk(reviews.auditor()).post(REQUEUE, message.pk).status_code == 403
    boss = Desk(make.person(is_superuser=True))
    assert [row.pk for row in boss.get(MESSAGES).context["cl"].result_list] == [notice.pk]
    assert Desk(case.coordinator).get("deadlines_message_change", notice.pk).status_code == 404


def _told(messages) -> list[tuple[str, str]]:
    return sorted((message.kind, str(message.recipient_id)) for message in messages)


def _outbox(user) -> list[tuple[str, str]] | int:
    """What stands on a person's outbox page, or the status by which it is kept from them."""
    answer = Desk(user).get(MESSAGES)
    return _told(answer.context["cl"].result_list) if answer.status_code == 200 else answer.status_code


def test_what_is_told_beside_a_case_is_looked_after_by_those_whose_business_it_is():
    lab, other = make.lab(), make.lab()
    writer, rival = make.member(lab, "contributor"), make.member(other, "contributor")
    coordinator, designator, auditor = make.coordinator(), reviews.designator(), reviews.auditor()
    second, conflicted = reviews.designator(), make.coordinator()
    actions.declare_conflict(actor=coordinator, user=conflicted, organisation=lab)
    inquiry = reviews.submitted_inquiry(writer, lab)
    reviews.submitted_inquiry(rival, other)
    designation = reviews.designation(designator, lab)
    reviews_actions.confirm(actor=second, designation=designation, at=make.NOW)
    partner = partnering.Partner(by=coordinator, eligible=False)
    planning.plan(at=make.NOW + 30 * make.DAY)
    Message.objects.create(
        recipient=writer, key="a/sign_in_changed", kind="sign_in_changed", link="/account/"
    )
    Message.objects.create(recipient=writer, key="a/unheard_of", kind="unheard_of", link="/")
    Message.objects.update(state=Message.State.FAILED, failure="SMTPRecipientsRefused: no such box")

    whole = Message.objects.exclude(kind__in=["sign_in_changed", "unheard_of"])
    assert set(whole.values_list("kind", flat=True)) == {
        "inquiry_submitted",
        "acknowledge_inquiry",
        "designation_recorded",
        "designation_confirmed",
        "designation_shared",
        "partner_applied",
    }
    of_the_lab = whole.filter(case_number=inquiry.number) | whole.filter(kind__startswith="designation_")
    seen = {
        "coordinator": coordinator,
        "auditor": auditor,
        "conflicted coordinator": conflicted,
        "superuser": make.person(is_superuser=True),
        "designator": designator,
        "another agency's coordinator": make.member(make.agency(), "coordinator"),
        "reviewer": reviews.reviewer(make.programme_office()),
        "lab": writer,
        "partner": partner.admin,
    }
    assert {name: _outbox(person) for name, person in seen.items()} == {
        "coordinator": _told(whole),
        "auditor": _told(whole),
        "conflicted coordinator": _told(whole.exclude(pk__in=of_the_lab.values("pk"))),
        "superuser": [("sign_in_changed", str(writer.pk))],
        "designator": 403,
        "another agency's coordinator": 403,
        "reviewer": 403,
        "lab": 404,
        "partner": 404,
    }


@pytest.mark.parametrize("role", ["coordinator", "auditor"])
def test_on_the_case_of_their_own_lab_a_person_is_the_lab(role):
    """Whatever else they are: no message, seat or date of the government's side tells them who reviews it."""
    case, other = reviews.Reviewed(), reviews.Reviewed()
    both = make.member(make.programme_office(), role)
    Membership.objects.create(
        user=both, organisation=case.lab, role="viewer", since=make.NOW - 365 * make.DAY
    )
    both = User.objects.get(pk=both.pk)
    for found in (Message.objects.in_outbox_of(both), Event.objects.visible_to(both)):
        assert set(found.values_list("case_id", flat=True)) >= {other.submission.pk}
    with pytest.raises(NotAllowed):
        requeue(actor=both, message=_failed(case))
    own = {"case_id": case.submission.pk}
    assert not Message.objects.in_outbox_of(both).filter(**own).exists()
    assert set(Event.objects.visible_to(both).filter(**own)) == set(
        Event.objects.visible_to(case.viewer).filter(**own)
    )
    dates = [
        sorted(Deadline.objects.visible_to(person).filter(**own).values_list("kind", flat=True))
        for person in (both, case.viewer)
    ]
    assert dates[0] == dates[1] != []
    assert "draft_feedback" in Deadline.objects.visible_to(both).values_list("kind", flat=True)


def test_a_failed_message_about_an_inquiry_is_sent_again():
    lab = make.lab()
    coordinator = make.coordinator()
    reviews.submitted_inquiry(make.member(lab, "contributor"), lab)
    message = Message.objects.get(kind="inquiry_submitted", recipient=coordinator)
    Message.objects.filter(pk=message.pk).update(state=Message.State.FAILED)
    assert Desk(make.member(make.agency(), "coordinator")).post(REQUEUE, message.pk).status_code == 404
    assert Desk(make.person(is_superuser=True)).post(REQUEUE, message.pk).status_code == 404
    assert Desk(coordinator).post(REQUEUE, message.pk).status_code == 303
    message.refresh_from_db()
    assert message.state == Message.State.WAITING


def test_deadlines_ask_what_is_late():
    case = make.Case(make.submitted, at=make.NOW - 10 * make.DAY)
    desk = Desk(case.coordinator)
    late = desk.get(DEADLINES, due="late").context["cl"].result_list
    assert [deadline.kind for deadline in late] == ["acknowledge"]
    assert [
        d.kind
        for d in desk.get(DEADLINES, due="open", q=case.submission.case_number).context["cl"].result_list
    ] == [
        "acknowledge",
        "provide_access",
    ]
    text = desk.text("deadlines_deadline_change", late[0].pk)
    assert "Acknowledge the submission" in text
    assert "Who is reminded coordinator" in text


def test_events_are_read_by_those_who_audit_and_never_changed():
    case = reviews.Reviewed()
    event = Event.objects.filter(verb="acknowledge").get()
    for person in (case.coordinator, reviews.auditor()):
        assert "Acknowledged the submission" in Desk(person).text(EVENTS, what="changes")
        assert case.submission.case_number in Desk(person).text("ledger_event_change", event.pk)
    for person in (case.lead, reviews.designator()):
        assert Desk(person).get(EVENTS).status_code == 403
        assert Desk(person).get("ledger_event_change", event.pk).status_code == 404
    looks = Desk(case.coordinator).get(EVENTS, what="looks").context["cl"].result_list
    assert {event.kind for event in looks} <= {"look"}


@pytest.mark.parametrize("rows", [1, 30])
def test_these_lists_cost_the_same_with_one_row_and_with_thirty(rows):
    case = reviews.Reviewed()
    for number in range(rows - 1):
        more = make.submitted(actor=case.contributor, lab=case.lab)
        actions.acknowledge(actor=case.coordinator, submission=more)
        person = make.member(make.programme_office(), "reviewer", f"Person {number:02}")
        actions.declare_conflict(actor=case.coordinator, user=person, organisation=case.lab)
    actions.declare_conflict(actor=case.coordinator, user=case.peer, submission=case.submission)
    desk = Desk(case.coordinator)
    desk.get(CASE, case.submission.pk)
    # Clock, session, person, unread notices, keys, rows by their keys; the names of the events' cases. Conflicts: rows alone.
    for page, number in ((DEADLINES, 6), (MESSAGES, 6), (EVENTS, 7), ("submissions_conflict_changelist", 5)):
        with counted(number):
            desk.get(page)


def test_a_related_row_is_a_link_only_for_those_who_see_it():
    case = reviews.Reviewed()
    deadline = Deadline.objects.get(kind="attest", person=case.reviewer)
    for person, linked in ((case.coordinator, True), (case.reviewer, False)):
        page = Desk(person).get("deadlines_deadline_change", deadline.pk).content.decode()
        assert "Rita Reviewer" in page
        assert (f"/admin/accounts/user/{case.reviewer.pk}/change/" in page) == linked
