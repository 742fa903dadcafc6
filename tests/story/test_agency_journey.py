"""The agencies' journey on the running stack: one case from its acknowledgement to its report, by keyboard alone.

With axe on each page at both widths. It takes the pictures of docs/agency.md on its way.
"""

import hashlib

import pytest

from tests.story import assessing, coordinating, offering, overseeing, programme
from tests.story.guide import AGENCY
from tests.story.journey import Travel

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CORA = "cora.coordinator@dsi.example"
RAFAEL, REZA = "rafael.reviewer@dcda.example", "reza.reviewer@dsd.example"
RINA = "rina.reviewer@dcda.example"
DELLA, DORIAN = "della.designator@dsd.example", "dorian.designator@dsd.example"
AUGUSTA = "augusta.auditor@dsi.example"
OURS, THEIRS = "Which of the 41 tasks were run with tools?", "Say which tasks had tools, and which had none."


class Journey(Travel):
    """The people, each signed in when first met, and the case they are about."""

    guide = AGENCY
    number: str
    sha256: str


def test_agencies_from_the_acknowledgement_to_the_report(stack, chromium, pictures, tmp_path):
    journey = Journey(stack, chromium, pictures, tmp_path)
    journey.go(CHAPTERS)


def a_case_is_taken(journey: Journey) -> None:
    journey.number, journey.sha256 = offering.submitted(
        journey.stack, journey.folder, partner=journey.days(38), public=journey.days(60)
    )
    coordinating.take_the_case(journey.who(CORA), journey.number, journey.album)
    offering.terms_and_access(journey.stack, journey.number)


def agencies_and_seats(journey: Journey) -> None:
    cora = journey.who(CORA)
    coordinating.invite(cora, journey.number)
    coordinating.match(cora, journey.number, journey.album)
    coordinating.propose(cora, journey.number, "Reza Holm", "Autonomy")


def lists_and_words(journey: Journey) -> None:
    cora = journey.who(CORA)
    coordinating.keep_a_view(cora, journey.album)
    coordinating.search(cora, journey.number, journey.album)
    coordinating.take_along(cora, journey.number)


def records_and_settings(journey: Journey) -> None:
    cora = journey.who(CORA)
    coordinating.place_a_hold(cora, journey.number)
    coordinating.weigh_a_setting(cora, journey.album)


def seats_are_attested(journey: Journey) -> None:
    assessing.attest(journey.who(RAFAEL), journey.number, journey.album)
    assessing.attest(journey.who(REZA), journey.number)


def the_window_opens(journey: Journey) -> None:
    """The lead reads and writes; nothing of the access instructions is shown to anybody."""
    journey.stack.manage("move_clock", "--to", journey.days(9).isoformat())
    rafael = journey.who(RAFAEL)
    assert hashlib.sha256(assessing.read(rafael, journey.number)).hexdigest() == journey.sha256
    assessing.draft(rafael, journey.number, journey.album)
    assessing.add_own_log(rafael, journey.folder, journey.album)


def two_agencies_ask_the_same(journey: Journey) -> None:
    assessing.ask(journey.who(RAFAEL), journey.number, OURS, journey.album)
    programme.Program(journey.stack, REZA).post("questions/", submission=journey.number, text=THEIRS)
    coordinating.merge_questions(journey.who(CORA), journey.number, THEIRS, OURS)


def each_looks_for_themselves(journey: Journey) -> None:
    """Once the check is asked for, another reads the draft with an own one in, and a third having said that none comes."""
    rafael, reza = journey.who(RAFAEL), journey.who(REZA)
    reza.go(f"/case/{journey.number}/").sees_not(assessing.FINDINGS)
    assessing.ask_for_the_check(rafael, journey.number)
    rina = journey.who(RINA)
    programme.attest(journey.stack, RINA, journey.number)
    rina.go(f"/case/{journey.number}/").sees(assessing.WITHHELD).sees_not(assessing.FINDINGS)
    assessing.own_is_in(journey.stack, RINA, journey.number)
    assessing.open_it(rina, journey.number).sees(assessing.FINDINGS)
    assessing.state_that_none_comes(reza, journey.number, journey.album)
    assessing.check(reza, journey.number)


def shared_responded_and_tried_again(journey: Journey) -> None:
    rafael = journey.who(RAFAEL)
    assessing.share(rafael, journey.number)
    offering.respond(journey.stack, journey.number)
    assessing.retest(journey.who(REZA), journey.number, journey.album)
    assessing.make_final(rafael, journey.number)
    assert assessing.report(rafael, journey.number).startswith(b"%PDF-1.")


def recorded_by_one_and_confirmed_by_another(journey: Journey) -> None:
    overseeing.record_a_designation(journey.who(DELLA))
    overseeing.confirm_it(journey.who(DORIAN), journey.album)


def an_auditor_reads(journey: Journey) -> None:
    """And has nothing on any page that changes something."""
    augusta = journey.who(AUGUSTA)
    found = overseeing.read(augusta, journey.number, journey.album)
    assert {path: forms for path, forms in found.items() if forms} == {}
    # The same look at the list of somebody who does change things finds the step for several rows.
    cora = journey.who(CORA)
    cora.go("/admin/submissions/submission/")
    assert overseeing.forms_that_change(cora) == ["/admin/submissions/submission/"]


CHAPTERS = [
    a_case_is_taken,
    agencies_and_seats,
    lists_and_words,
    records_and_settings,
    seats_are_attested,
    the_window_opens,
    two_agencies_ask_the_same,
    each_looks_for_themselves,
    shared_responded_and_tried_again,
    recorded_by_one_and_confirmed_by_another,
    an_auditor_reads,
]
