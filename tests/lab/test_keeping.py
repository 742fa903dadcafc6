"""What a page keeps while it is typed: nothing is lost, nothing of others is written over, and what cannot be read waits."""

from datetime import UTC, datetime

import pytest

from portal.accounts.models import Role
from portal.ledger.models import Event
from portal.submissions import actions
from portal.submissions.actions.drafts import digest
from tests import factories as make
from tests.lab.test_draft import NOTHING, TYPED, begun
from tests.lab.visitor import Visitor, seen, stored_rows

pytestmark = pytest.mark.django_db


def keep(visitor, case, **typed):
    return visitor.post("edit", case, **(NOTHING | {"seen": seen(case), "do": "keep"} | typed))


def step(visitor, case, name: str, **typed):
    return visitor.post(
        f"/lab/cases/{case.case_number}/edit/{name}/", **({"seen": seen(case), "do": "keep"} | typed)
    )


def test_what_is_typed_is_kept_and_its_digest_told():
    visitor, case = begun(model_name="Finch")
    answer = keep(visitor, case, model_name="Finch", summary=TYPED)
    case.facts.refresh_from_db()
    assert case.facts.summary == TYPED
    told = answer.json()
    assert (answer.status_code, told["seen"]["summary"], told["news"], told["conflicts"]) == (
        200,
        digest(TYPED),
        {},
        "",
    )
    assert f"{' '.join(f'{name}={value}' for name, value in told['seen'].items())}" == seen(case)
    event = Event.objects.get(verb="keep_draft")
    assert (event.actor_id, event.data["changed"]) == (visitor.user.pk, ["summary"])


def test_nothing_new_is_no_event():
    visitor, case = begun(summary=TYPED)
    before = stored_rows()
    assert keep(visitor, case, summary=TYPED).status_code == 200
    assert stored_rows() == before


def test_new_lines_of_a_browser_are_no_change():
    visitor, case = begun(summary="One.\nTwo.")
    before = stored_rows()
    answer = keep(visitor, case, summary="One.\r\nTwo.")
    assert (answer.status_code, stored_rows()) == (200, before)


def test_a_colleagues_change_elsewhere_arrives():
    visitor, case = begun()
    opened = seen(case)
    other = make.member(case.lab, Role.ADMIN)
    public = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    actions.save_draft(
        actor=other, submission=case, facts={"checkpoint": "rc-9"}, dates={"planned_public_release": public}
    )
    told = keep(visitor, case, seen=opened, summary=TYPED).json()
    assert told["news"] == {
        "checkpoint": {"checkpoint": "rc-9"},
        "planned_public_release": {
            "planned_public_release_date": "2026-11-20",
            "planned_public_release_time": "17:30",
        },
    }
    assert told["news_words"] == ["Checkpoint hash or name", "Planned public release"]
    case.refresh_from_db()
    case.facts.refresh_from_db()
    assert (case.facts.summary, case.facts.checkpoint, case.planned_public_release) == (TYPED, "rc-9", public)
    # It was read, so it was a look.
    assert Event.objects.filter(kind="look", verb="viewed_draft", actor=visitor.user).count() == 1


def test_what_both_changed_is_not_written_over_and_can_be_chosen():
    visitor, case = begun(summary="Before.")
    opened = seen(case)
    bea = make.member(case.lab, Role.ADMIN, name="Bea Colleague")
    actions.save_draft(actor=bea, submission=case, facts={"summary": "Theirs <script>."})
    told = keep(visitor, case, seen=opened, summary=TYPED, safeguards="Mine.").json()
    assert "summary" not in told["seen"]
    assert "Theirs &lt;script&gt;." in told["conflicts"]
    assert "Bea Colleague" in told["conflicts"]
    assert f'name="theirs-summary" value="{digest("Theirs <script>.")}"' in told["conflicts"]
    case.facts.refresh_from_db()
    assert (case.facts.summary, case.facts.safeguards) == ("Theirs <script>.", "Mine.")


def test_a_date_half_typed_waits_and_the_rest_is_kept():
    visitor, case = begun()
    answer = keep(visitor, case, summary=TYPED, planned_public_release_date="0002-11-20")
    case.refresh_from_db()
    case.facts.refresh_from_db()
    assert (answer.status_code, case.facts.summary, case.planned_public_release) == (200, TYPED, None)


def test_dates_that_cannot_be_together_wait_and_the_rest_is_kept():
    visitor, case = begun()
    answer = keep(
        visitor,
        case,
        summary=TYPED,
        planned_public_release_date="2026-10-20",
        planned_partner_release_date="2026-10-21",
    )
    case.refresh_from_db()
    case.facts.refresh_from_db()
    assert (answer.status_code, case.facts.summary, case.planned_partner_release) == (200, TYPED, None)


@pytest.mark.parametrize(
    "typed",
    [
        {"model_name": "x" * 201},
        {"summary": "y" * 20001},
        {"model_name": "Fin\x00ch"},
        {"access_mode": "telepathy"},
        {"zone": "Mars/Olympus"},
    ],
)
def test_what_cannot_be_kept_leaves_the_draft_as_it_was(typed):
    visitor, case = begun(model_name="Finch", summary="There.", access_mode="api")
    there = {"model_name": "Finch", "summary": "There.", "access_mode": "api"}
    answer = keep(visitor, case, **(there | typed | {"safeguards": "Kept."}))
    case.facts.refresh_from_db()
    assert answer.status_code == 200
    assert (case.facts.model_name, case.facts.summary, case.facts.access_mode, case.facts.safeguards) == (
        "Finch",
        "There.",
        "api",
        "Kept.",
    )


def test_a_step_keeps_its_own_fields_alone():
    visitor, case = begun(model_name="Finch", summary="There.")
    answer = step(visitor, case, "capabilities", capabilities="Flies.", safeguards="", model_name="Other")
    case.facts.refresh_from_db()
    assert (case.facts.model_name, case.facts.summary, case.facts.capabilities) == (
        "Finch",
        "There.",
        "Flies.",
    )
    assert set(answer.json()["seen"]) == {"capabilities", "safeguards"}


def test_text_of_any_script_and_ten_thousand_characters_come_back():
    visitor, case = begun()
    text = ("سنجاب 模型 emoji 🦜 " * 700)[:10_000].strip()
    assert step(visitor, case, "capabilities", capabilities=text, safeguards="").status_code == 200
    case.facts.refresh_from_db()
    assert case.facts.capabilities == text
    assert text in visitor.get("/lab/cases/" + case.case_number + "/edit/capabilities/").content.decode()


def test_a_case_that_was_submitted_meanwhile_says_so():
    case = make.Case(make.draft)
    visitor, opened = Visitor(case.contributor), seen(case.submission)
    actions.submit(actor=case.contributor, submission=case.submission)
    before = stored_rows()
    answer = visitor.post("edit", case.submission, **(NOTHING | {"seen": opened, "do": "keep"}))
    assert (answer.status_code, answer.json()) == (
        409,
        {"refused": "This case was submitted: its facts are corrected by a new version."},
    )
    assert stored_rows() == before


def test_who_may_not_write_keeps_nothing():
    case = make.Case(make.draft)
    before = stored_rows()
    assert keep(Visitor(case.viewer), case.submission).status_code == 403
    assert keep(Visitor(make.member(make.lab(), Role.ADMIN)), case.submission).status_code == 404
    assert keep(Visitor(case.coordinator), case.submission).status_code == 404
    answer = keep(Visitor(), case.submission)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/account/login/")
    assert stored_rows() == before


def test_a_step_that_is_none_finds_nothing():
    visitor, case = begun()
    assert step(visitor, case, "weights").status_code == 404


def test_what_was_kept_is_on_record_and_not_in_the_list_of_changes():
    visitor, case = begun()
    keep(visitor, case, summary=TYPED)
    assert "Wrote on the draft" not in visitor.text("changes", case)
    assert "kept while it was typed" in visitor.text("changes", case)
