"""The page of a case: what it says in each state, to whom it offers what, and what it keeps to itself."""

import pytest
import time_machine

from portal.accounts.models import Role
from portal.errors import Refused
from portal.ledger.models import Event
from portal.submissions import actions, policies
from portal.submissions.models import Submission
from tests import factories as make
from tests.lab.visitor import Visitor, address, errors_beside, stored_rows, words

pytestmark = pytest.mark.django_db
OFFERS = {
    "edit": "Continue the draft",
    "review": "Look it over and submit",
    "correct_facts": "Correct the facts",
    "add_document": "Add a document",
    "propose_terms": "Propose changes",
    "provide_access": "access",
    "move_dates": "Move dates",
    "release": "Record the release",
    "withdraw": "Withdraw",
}
# A draft is edited from its first step on.
PLACES = {"edit": "model/"}


def offered(visitor, case) -> set[str]:
    """The steps that the page of a case leads to: its links, and the one form that is a step by itself."""
    page = visitor.get("case", case).content.decode()
    found = {name for name in OFFERS if f'href="{address(name, case)}{PLACES.get(name, "")}"' in page}
    return found | ({"accept_terms"} if f'action="{address("accept_terms", case)}"' in page else set())


def in_each_state():
    """A case in every state: (state, case, instant at which it is in it)."""
    made = {
        "draft": make.Case(make.draft),
        "submitted": make.Case(make.submitted),
        "acknowledged": make.Case(make.submitted),
        "agreed": make.Case(make.agreed),
        "open": make.Case(),
        "ended": make.Case(),
        "closed": make.Case(),
        "withdrawn": make.Case(),
    }
    at = dict.fromkeys(made, make.NOW + make.DAY)
    at["open"], at["ended"], at["closed"] = (make.NOW + days * make.DAY for days in (15, 45, 46))
    case = made["acknowledged"]
    actions.acknowledge(actor=case.coordinator, submission=case.submission, at=make.NOW)
    case = made["closed"]
    actions.close(actor=case.coordinator, submission=case.submission, at=make.NOW + 45 * make.DAY)
    case = made["withdrawn"]
    actions.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW)
    return [(state, case, at[state]) for state, case in made.items()]


BUTTONS = {
    "draft": {"edit", "review", "withdraw"},
    "submitted": {"correct_facts", "add_document", "move_dates", "release", "withdraw"},
    "acknowledged": {
        "correct_facts",
        "add_document",
        "propose_terms",
        "accept_terms",
        "move_dates",
        "release",
        "withdraw",
    },
    "agreed": {"correct_facts", "add_document", "provide_access", "move_dates", "release", "withdraw"},
    "open": {"correct_facts", "add_document", "provide_access", "move_dates", "release", "withdraw"},
    "ended": {"move_dates", "release", "withdraw"},
    "closed": {"release"},
    "withdrawn": {"release"},
}


def test_each_state_offers_its_steps_and_a_viewer_none():
    for state, case, at in in_each_state():
        with time_machine.travel(at, tick=False):
            assert case.again().state == state
            assert offered(Visitor(case.contributor), case.submission) == BUTTONS[state], state
            assert offered(Visitor(case.viewer), case.submission) == set(), state


def test_the_edits_on_offer_are_those_the_actions_take():
    """The table of edits and the actions cannot disagree: each edit is tried in each state."""
    tries = {
        "save_draft": lambda actor, case, at: actions.save_draft(
            actor=actor, submission=case, facts={}, at=at
        ),
        "correct_facts": lambda actor, case, at: actions.correct_facts(
            actor=actor, submission=case, facts={"summary": "New."}, at=at
        ),
        "add_document": lambda actor, case, at: actions.add_document(
            actor=actor, submission=case, kind="other", title="", upload=make.pdf(), at=at
        ),
        "propose_terms": lambda actor, case, at: actions.propose_terms(
            actor=actor,
            submission=case,
            texts=dict.fromkeys(
                (
                    "purpose",
                    "confidentiality",
                    "cybersecurity",
                    "insider_risk",
                    "intellectual_property",
                    "use_nondisclosure",
                ),
                "Text.",
            ),
            names_shown=False,
            at=at,
        ),
    }
    for state, case, at in in_each_state():
        for edit, attempt in tries.items():
            said = edit in policies.open_edits(case.contributor, case.again(), at=at)
            try:
                attempt(case.contributor, case.submission, at)
                done = True
            except Refused:
                done = False
            assert said == done, (state, edit)


SAYS = {
    "draft": "If you submit with these dates, the window closes no later than 24 Oct 2026, 10:00 a.m. EDT",
    "submitted": "Shut until you provide access. It closes at 24 Oct 2026, 10:00 a.m. EDT at the latest.",
    "acknowledged": "Shut until you provide access. It closes at 24 Oct 2026, 10:00 a.m. EDT at the latest.",
    "agreed": "Shut until you provide access. It closes at 24 Oct 2026, 10:00 a.m. EDT at the latest.",
    "open": "Open since 24 Sep 2026, 10:00 a.m. EDT . It closes at 24 Oct 2026, 10:00 a.m. EDT , in 25 days.",
    "ended": "Was open from 24 Sep 2026, 10:00 a.m. EDT to 24 Oct 2026, 10:00 a.m. EDT .",
    "closed": "Was open from 24 Sep 2026, 10:00 a.m. EDT to 24 Oct 2026, 10:00 a.m. EDT .",
    "withdrawn": "Access window and dates It never opened. The case on a line of time.",
}


def test_each_state_tells_its_window():
    for state, case, at in in_each_state():
        with time_machine.travel(at, tick=False):
            assert SAYS[state] in Visitor(case.viewer).text("case", case.submission), state


def test_a_window_ahead_is_told_with_its_length():
    case = make.Case()
    text = Visitor(case.contributor).text("case", case.submission)
    assert "Opens at 24 Sep 2026, 10:00 a.m. EDT and closes at 24 Oct 2026, 10:00 a.m. EDT : 30 days." in text
    for row in (
        "First release 24 Oct 2026, 10:00 a.m. EDT The planned partner release.",
        "Earliest opening 24 Sep 2026, 10:00 a.m. EDT 30 days before the first release.",
        "Access provided 14 Sep 2026, 10:00 a.m. EDT The lab gave its access instructions.",
        "Window opens 24 Sep 2026, 10:00 a.m. EDT The later of the two instants above.",
        "Window closes 24 Oct 2026, 10:00 a.m. EDT At the first release, whatever is finished by then.",
    ):
        assert row in text


def test_an_empty_window_is_nobodys_fault():
    case = make.Case(make.agreed)
    with time_machine.travel(make.NOW + 41 * make.DAY, tick=False):
        answer = Visitor(case.contributor).get("case", case.submission)
    assert "It never opened. That is no fault of anyone." in words(answer)
    assert [step.who for step in answer.context["next_steps"] if step.who == "reviewers"] == []


def test_a_page_is_a_look_of_its_reader():
    case = make.Case()
    Visitor(case.viewer).get("case", case.submission)
    looks = Event.objects.filter(kind="look").values_list("verb", "actor", "capacity", "case_id", "data")
    assert list(looks) == [("viewed_case", case.viewer.pk, "lab_viewer", case.submission.pk, {})]


def test_a_correction_is_asked_for_in_the_offices_words_until_it_is_given():
    case = make.Case(make.submitted)
    actions.request_correction(actor=case.coordinator, submission=case.submission, reason="Which marzipan?")
    visitor = Visitor(case.contributor)
    text = visitor.text("case", case.submission)
    assert "A correction is asked for Which marzipan?" in text
    assert "The lab answers the correction that was asked for" in text
    assert "Which marzipan?" in visitor.text("correct_facts", case.submission)
    actions.correct_facts(
        actor=case.contributor, submission=case.submission, facts={"summary": "The almond one."}
    )
    assert "A correction is asked for" not in visitor.text("case", case.submission)


def test_agency_people_go_by_stable_names():
    case = make.Case()
    case.coordinator.name = "Philippa Secretname"
    case.coordinator.save()
    for page in ("case", "who", "changes"):
        answer = Visitor(case.contributor).get(page, case.submission)
        # The case's own page tells what comes next, by sides and not by persons.
        assert ("IPO coordinator 1" in words(answer)) == (page != "case"), page
        assert "Secretname" not in answer.content.decode(), page


def test_instructions_are_never_on_the_page():
    case = make.Case()
    page = Visitor(case.contributor).get("case", case.submission).content.decode()
    assert "marzipan-key-1" not in page
    assert "Stored encrypted." in page


def test_pages_of_others_do_not_exist():
    case, other = make.Case(), make.Case()
    before = Event.objects.filter(case_id=case.submission.pk).count()
    strangers = (
        other.contributor,
        case.coordinator,
        make.person(),
        make.member(make.agency(), Role.REVIEWER),
    )
    for stranger in strangers:
        visitor = Visitor(stranger)
        for name in ("case", "changes", "who", "receipt", *OFFERS):
            assert visitor.get(name, case.submission).status_code == 404, name
        for name in ("accept_terms", "reveal", "withdraw", "release", "move_dates", "provide_access"):
            assert visitor.post(name, case.submission, revision=1).status_code == 404, name
    assert Event.objects.filter(case_id=case.submission.pk).count() == before
    assert Visitor(case.contributor).get("case", "FM-0000-0000").status_code == 404


def test_who_left_the_lab_finds_nothing():
    case = make.Case()
    visitor = Visitor(case.viewer)
    case.viewer.memberships.update(ended_at=make.NOW)
    assert visitor.get("case", case.submission).status_code == 404


def test_the_page_costs_the_same_whatever_happened():
    case = make.Case(make.submitted)
    visitor = Visitor(case.contributor)
    actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="", upload=make.pdf()
    )
    actions.correct_facts(actor=case.contributor, submission=case.submission, facts={"summary": "Once."})
    actions.request_correction(actor=case.coordinator, submission=case.submission, reason="Again, please.")
    few = visitor.queries("case", case.submission)
    for number in range(30):
        actions.add_document(
            actor=case.contributor,
            submission=case.submission,
            kind="other",
            title=f"Document {number}",
            upload=make.pdf(str(number)),
        )
        actions.correct_facts(
            actor=case.contributor, submission=case.submission, facts={"summary": f"Version {number}."}
        )
    actions.request_correction(actor=case.coordinator, submission=case.submission, reason="Again, please.")
    assert visitor.queries("case", case.submission) == few


# --- Terms --------------------------------------------------------------------------------------------------------


def acknowledged():
    case = make.Case(make.submitted)
    actions.acknowledge(actor=case.coordinator, submission=case.submission)
    return case, Visitor(case.contributor)


def terms_text(**changed):
    heads = (
        "purpose",
        "confidentiality",
        "cybersecurity",
        "insider_risk",
        "intellectual_property",
        "use_nondisclosure",
    )
    return {name: f"Ours on {name}." for name in heads} | changed


def test_terms_are_accepted_by_each_side_for_itself():
    case, visitor = acknowledged()
    text = visitor.text("case", case.submission)
    assert (
        f"{case.lab.name} has not accepted this version The government has not accepted this version" in text
    )
    assert "1. Confidentiality" in text
    answer = visitor.post("accept_terms", case.submission, revision=case.again().revision, version=1)
    text = visitor.follow(answer)
    assert "Your lab has accepted this version of the access terms." in text
    assert f"{case.lab.name} accepted, 14 Sep 2026, 10:00 a.m. EDT, by {case.contributor.name}" in text
    assert "The government has not accepted this version" in text
    actions.accept_terms(actor=case.coordinator, submission=case.submission)
    assert "Both sides accepted this version: these are the terms of this case." in visitor.text(
        "case", case.submission
    )
    assert case.again().state == "agreed"


def test_accepting_twice_is_told():
    case, visitor = acknowledged()
    posted = {"revision": case.again().revision, "version": 1}
    visitor.post("accept_terms", case.submission, **posted)
    before = stored_rows()
    text = visitor.follow(
        visitor.post("accept_terms", case.submission, **(posted | {"revision": case.again().revision}))
    )
    assert "Your side has accepted this version already." in text
    assert stored_rows() == before


@pytest.mark.parametrize("version", ["1", "", "x", "9" * 400])
def test_only_the_version_on_the_page_is_accepted(version):
    case, visitor = acknowledged()
    actions.propose_terms(
        actor=case.coordinator, submission=case.submission, texts=terms_text(), names_shown=False
    )
    posted = {"revision": case.again().revision, "version": version}
    text = visitor.follow(visitor.post("accept_terms", case.submission, **posted))
    assert "Version 2 of the terms has been proposed meanwhile. Read it before you accept." in text
    assert not case.submission.terms.filter(lab_accepted_at__isnull=False).exists()


def test_another_version_is_proposed_from_the_newest():
    case, visitor = acknowledged()
    page = visitor.get("propose_terms", case.submission)
    assert "To let the named agencies study" in words(page)
    revision = page.context["revision"]
    posted = terms_text(names_shown="on", revision=revision)
    text = visitor.follow(visitor.post("propose_terms", case.submission, **posted))
    assert "Version 2, proposed 14 Sep 2026, 10:00 a.m. EDT" in text
    assert "Ours on insider_risk." in text
    assert "You see the government's people by name." in text
    assert "Version 1, proposed 14 Sep 2026, 10:00 a.m. EDT" in text
    again = visitor.follow(visitor.post("propose_terms", case.submission, **posted))
    assert "nothing was done twice" in again
    assert case.submission.terms.count() == 2


def test_a_missing_head_is_told_beside_it_and_the_others_come_back():
    case, visitor = acknowledged()
    before = stored_rows()
    answer = visitor.post(
        "propose_terms", case.submission, **terms_text(cybersecurity=" ", revision=case.again().revision)
    )
    assert errors_beside(answer, "cybersecurity") == ["Every head of the terms needs a text."]
    assert "Ours on purpose." in words(answer)
    assert stored_rows() == before


def test_a_proposal_on_a_case_that_changed_keeps_its_text():
    case, visitor = acknowledged()
    posted = terms_text(revision=case.again().revision)
    actions.propose_terms(
        actor=case.coordinator, submission=case.submission, texts=terms_text(), names_shown=True
    )
    answer = visitor.post("propose_terms", case.submission, **posted)
    assert answer.status_code == 409
    assert "Proposed access terms" in words(answer)
    assert "Ours on purpose." in words(answer)
    assert case.submission.terms.count() == 2


def test_a_viewer_signs_nothing():
    case, _ = acknowledged()
    visitor = Visitor(case.viewer)
    before = stored_rows()
    revision = case.again().revision
    assert visitor.post("accept_terms", case.submission, revision=revision, version=1).status_code == 403
    assert visitor.get("propose_terms", case.submission).status_code == 403
    assert visitor.post("propose_terms", case.submission, **terms_text(revision=revision)).status_code == 403
    assert stored_rows() == before
    assert Submission.objects.get(pk=case.submission.pk).agreed_at is None
