"""Wording of messages and the standard access terms: what people read follows the newest version, and what it may not say."""

import pytest
import time_machine

from portal.deadlines import delivery, registry
from portal.deadlines.models import Message
from portal.errors import Invalid
from portal.programme import schema
from portal.programme.words import forbidden_in
from portal.submissions import terms
from portal.submissions.models import Terms
from tests import factories as make
from tests.admin.desk import Desk, words
from tests.programme.changing import saved
from tests.programme.test_pages import carried, typed
from tests.site.test_notices import client_of

NOW, DAY = make.NOW, make.DAY
SENTENCE = "A case of marzipan waits for you."


def test_nothing_that_was_delivered_says_what_invariant_1_rules_out():
    delivered = [
        row.default() for row in schema.SETTINGS.values() if isinstance(row, schema.Line | schema.Text)
    ]
    assert len(delivered) > 90
    assert [word for text in delivered for word in forbidden_in(text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Approve it, or approval is DENIED.", ["Approve", "approval", "DENIED"]),
        (
            "Cleared by a clearance, licensed under a licence.",
            ["Cleared", "clearance", "licensed", "licence"],
        ),
        ("Permitted, with permission, on hold.", ["Permitted", "permission", "hold"]),
        ("Household, unclear, threshold, holder, permeable.", []),
    ],
)
def test_words_that_are_ruled_out_are_found_and_others_are_not(text, found):
    assert forbidden_in(text) == found


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Your release was approved.", "Nothing here says that of a release: approved."),
        ("The release is on hold.", "Nothing here says that of a release: hold."),
        ("See case {{ number }}.", "Plain words only: no placeholder, markup or address ({)."),
        ("See case %s.", "Plain words only: no placeholder, markup or address (%)."),
        ("See <b>this</b>.", "Plain words only: no placeholder, markup or address (<)."),
        ("See https://marzipan.invalid today.", "Plain words only: no placeholder, markup or address (://)."),
        ("Write to marzipan@example.invalid.", "Plain words only: no placeholder, markup or address (@)."),
        ("One line.\r\nAnother line.", "Write one line."),
        ("One\x00line of text.", "Write one line."),
        ("No full stop at the end", "Write a sentence, with a full stop at its end."),
        ("Short.", "Write between 10 and 200 characters."),
        ("x" * 200 + ".", "Write between 10 and 200 characters."),
        ("  ", "Write what it says."),
    ],
)
def test_a_sentence_that_cannot_be_said_is_refused(text, refusal):
    for key in ("wording:notice:submit", "wording:deadline:acknowledge"):
        with pytest.raises(Invalid) as refused:
            schema.SETTINGS[key].read(text)
        assert (refused.value.message, refused.value.field) == (refusal, key)


@pytest.mark.django_db
def test_a_new_sentence_is_on_pages_in_mail_and_in_no_other_kind(mail_folder):
    case = make.Case(make.submitted)
    saved(case.coordinator, wording__notice__submit=SENTENCE)
    assert SENTENCE in client_of(case.coordinator).get("/notices/").content.decode()
    assert registry.wording("acknowledge") == "A submission waits for its acknowledgement."
    with time_machine.travel(NOW, tick=False):
        delivery.deliver_due()
    mails = [path.read_text() for path in mail_folder.glob("*.eml")]
    assert len(mails) == Message.objects.filter(kind="submit").count()
    assert all(SENTENCE in mail for mail in mails)


@pytest.mark.django_db
def test_new_terms_are_drafted_from_the_newest_texts_and_those_on_a_case_stay():
    before = make.Case(make.agreed)
    office = before.coordinator
    saved(office, terms__purpose="To study marzipan.\r\n\r\nFor no other purpose.")
    after = make.Case(make.agreed)
    expected = terms.STANDARD | {"purpose": "To study marzipan.\n\nFor no other purpose."}
    for case, texts in ((before, terms.STANDARD), (after, expected)):
        found = Terms.objects.get(submission=case.submission)
        assert {head: getattr(found, head) for head in texts} == texts


@pytest.mark.django_db
def test_a_text_is_shown_by_its_sentences_and_a_sentence_before_and_after():
    desk = Desk(make.coordinator())
    text = terms.STANDARD["insider_risk"].replace("whom the lab can call", "whom the lab reaches at any hour")
    shown = desk.post("/admin/programme/terms/change/", **typed("terms", terms__insider_risk=text))
    page = words(shown)
    assert "Removed: The agency names a security officer whom the lab can call." in page
    assert "Added: The agency names a security officer whom the lab reaches at any hour." in page
    assert "No open date and no reminder depends on it." in page
    assert desk.post("/admin/programme/terms/change/", step="save", **carried(shown)).status_code == 303
    shown = desk.post(
        "/admin/programme/wording/change/", **typed("wording", wording__notice__submit=SENTENCE)
    )
    assert f"Before A case was submitted. After {SENTENCE}" in words(shown)


@pytest.mark.django_db
@pytest.mark.parametrize("group", schema.GROUPS)
def test_each_groups_form_has_every_setting_of_it(group):
    page = Desk(make.coordinator()).get(f"/admin/programme/{group}/change/").content.decode()
    assert [row.key for row in schema.of_group(group) if f'name="{row.key}"' not in page] == []
