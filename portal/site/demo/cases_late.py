"""Cases whose window is open or over: assessments on their way, partners with access, and every kind of end."""

from partners import actions as grants
from portal.site.demo import material
from portal.site.demo.acts import CaseActs
from portal.site.demo.stage import Script, Stage


def _to_access(
    it: CaseActs, model: str, *, first: int, public: int, partner: int | None, mode: str = "api_reduced"
) -> Script:
    """From the draft on day ``first`` to access provided eight days later."""
    day = it.stage.day
    yield day(first, 9)
    it.draft(model, public=day(public, 9), partner=None if partner is None else day(partner, 9), mode=mode)
    it.upload_all()
    yield day(first + 1, 10)
    it.submit()
    yield day(first + 2, 14)
    it.acknowledge()
    yield day(first + 5, 15)
    it.accept_terms()
    yield day(first + 8, 9)
    it.provide_access()


def _seats(it: CaseActs, first: int, lead: tuple[str, str], second: tuple[str, str] | None = None) -> Script:
    """Proposed on day ``first``, attested and at work a day later; left in ``it.seats``, the lead's first."""
    yield it.stage.day(first, 10)
    seats = [it.propose_seat(*lead, "lead")]
    if second:
        seats.append(it.propose_seat(*second))
    yield it.stage.day(first + 1, 11)
    for seat in seats:
        it.attest(seat)
    yield it.stage.day(first + 2, 11)
    for person in [lead, second] if second else [lead]:
        it.read(person[0])
    it.seats = seats


def kestrel_open(stage: Stage) -> Script:
    """The busiest case: a lead and a second reviewer of two agencies, assessments in every state, two partners ahead."""
    it = CaseActs(stage, lab="kestrel", by="noor_contributor")
    yield from _to_access(it, "Kestrel 5", first=-36, public=26, partner=9)
    yield from _seats(it, -27, ("rafael_reviewer", "cyber"), ("reza_reviewer", "autonomy"))
    yield stage.day(-20, 13)
    it.reveal("rafael_reviewer")
    it.reveal("reza_reviewer")
    yield stage.day(-19, 15)
    offered = it.propose_partner("harbor")
    agreed = it.propose_partner("meridian")
    yield stage.day(-15, 10)
    grants.concur(actor=it.office, grant=offered)
    it.sign(agreed, "marta_admin", "max_member")
    yield stage.day(-14, 16)
    answered = it.write("rafael_reviewer")
    it.put_log(answered, task="inspect_evals/cyber_range_demo", samples=40, every=4)
    it.put_log(answered, task="pantry_demo", samples=12)
    yield stage.day(-14, 18)
    # Each looks first for themselves: a reviewer reads the others' drafts once their own is in.
    shared = it.write("reza_reviewer", domain="autonomy", hours="21", confidence="low")
    yield stage.day(-13, 16)
    it.check(answered, "reza_reviewer")
    it.share(answered, "rafael_reviewer")
    yield stage.day(-9, 17)
    it.respond(
        answered,
        "Thank you. Both ways around the safeguards are closed in the next build; please try them again.",
        asks_retest=True,
    )
    yield stage.day(-8, 9)
    first = it.ask(
        "rafael_reviewer", "Which of the 41 tasks of the cyber range did the model meet in training?"
    )
    yield stage.day(-7, 9)
    it.answer(
        first,
        "None that we know of: each task was checked against the training data. The log of the check is attached.",
        upload=material.inspect_log(f"{it.model} contamination check"),
    )
    yield stage.day(-6, 12)
    it.check(shared, "rafael_reviewer")
    it.share(shared, "rafael_reviewer")
    yield stage.day(-5, 11)
    retest = it.retest(answered, "rafael_reviewer")
    yield stage.day(-5, 17)
    it.answer_retest(retest, "The longer form is closed since this morning's build.")
    yield stage.day(-4, 10)
    checked = it.write(
        "rafael_reviewer", domain="chemical", hours="9", findings="Nothing beyond public textbooks so far."
    )
    yield stage.day(-3, 10)
    it.check(checked, "reza_reviewer")
    yield stage.day(-3, 14)
    asked = it.ask(
        "reza_reviewer", "How long does the API keep transcripts of our sessions, and who can read them?"
    )
    yield stage.day(-3, 16)
    like = it.ask(
        "rafael_reviewer", "How long are transcripts of our API sessions kept, and who can read them?"
    )
    ours = it.ask(
        "cora_coordinator", "Who can read the transcripts of API sessions, and how long are they kept?"
    )
    yield stage.day(-2, 9)
    it.merge(like, into=asked)
    it.merge(ours, into=asked)
    yield stage.day(-2, 18)
    it.write(
        "reza_reviewer", ask_check=False, findings="Long tasks: the first of three runs is read.", hours=None
    )


def quillon_open(stage: Stage) -> Script:
    """Closes in two days with nothing shared: the clock does not wait."""
    it = CaseActs(stage, lab="quillon", by="rosa_contributor", office="desmond_coordinator")
    yield from _to_access(it, "Quillon Folio 2", first=-30, public=20, partner=2)
    yield from _seats(it, -21, ("rina_reviewer", "cyber"))
    yield stage.day(-18, 9)
    it.reveal("rina_reviewer")
    yield stage.day(-10, 10)
    question = it.ask("rina_reviewer", "Which tools could the model use in the evaluations you sent?")
    yield stage.day(-8, 10)
    it.answer(question, "A shell and a browser.")
    yield stage.day(-7, 10)
    it.ask_again("rina_reviewer", question, "With network access, or without?")
    yield stage.day(-6, 15)
    it.answer(question, "A shell without network access, and a browser that read a fixed set of pages.")
    yield stage.day(-5, 9)
    mistaken = it.ask("rina_reviewer", "Which card describes the enclave?")
    it.take_back("rina_reviewer", mistaken)
    yield stage.day(-4, 15)
    it.write("rina_reviewer", domain="autonomy", hours="6", confidence="low")
    yield stage.day(-3, 17)
    it.write("rina_reviewer", ask_check=False, hours="12", confidence="")
    yield stage.ago(hours=20)
    it.propose_seat("ruth_reviewer", "biological")


def kestrel_ended(stage: Stage) -> Script:
    """Over since three weeks, feedback final, and partners at work: one with access, one suspended by the lab."""
    it = CaseActs(stage, lab="kestrel", by="kit_admin")
    yield from _to_access(it, "Kestrel 4 Turbo", first=-62, public=40, partner=-21)
    yield from _seats(it, -53, ("ruth_reviewer", "biological"), ("rafael_reviewer", "cyber"))
    yield stage.day(-45, 9)
    it.reveal("ruth_reviewer")
    it.reveal("rafael_reviewer")
    yield stage.day(-40, 10)
    active, paused = it.propose_partner("harbor"), it.propose_partner("meridian", by_office=True)
    yield stage.day(-36, 10)
    it.sign(active, "hana_admin", "milo_member")
    it.sign(paused, "marta_admin", "max_member")
    grants.set_instructions(
        actor=it.by,
        grant=paused,
        instructions="Endpoint: https://partners.api.example/meridian\nKey: demo-0002.",
    )
    yield stage.day(-30, 10)
    found = it.write("ruth_reviewer", domain="biological", confidence="high")
    yield stage.day(-28, 10)
    it.write_none(it.seats[1])
    it.check(found, "rafael_reviewer")
    it.share(found, "ruth_reviewer")
    yield stage.day(-24, 10)
    it.respond(found, "No objection. The card will say so.")
    yield stage.day(-20, 10)
    it.finalize(found, "ruth_reviewer")
    it.end_seat(it.seats[1], "complete")
    it.use(active, "milo_member")
    yield stage.day(-19, 14)
    it.use(paused, "max_member")
    yield stage.day(-5, 14)
    grants.suspend(actor=it.by, grant=paused, reason="Keys are being exchanged.")
    yield stage.ago(hours=26)
    it.use(active, "milo_member")


def quillon_ended(stage: Stage) -> Script:
    """Ended yesterday with nothing assessed, on time all the same."""
    it = CaseActs(stage, lab="quillon", by="quentin_admin")
    yield from _to_access(it, "Quillon Quarto", first=-40, public=-1, partner=None)
    yield from _seats(it, -31, ("reza_reviewer", "autonomy"))


def quillon_old(stage: Stage) -> Script:
    """Grants of every kind of end: expired, revoked and closed out, surrendered."""
    it = CaseActs(stage, lab="quillon", by="quentin_admin")
    yield from _to_access(it, "Quillon Octavo", first=-150, public=30, partner=-100)
    yield from _seats(it, -141, ("rafael_reviewer", "cyber"), ("rina_reviewer", "other"))
    yield stage.day(-125, 10)
    expired = it.propose_partner("harbor")
    revoked = it.propose_partner("meridian")
    given_back = it.propose_partner("cloverleaf")
    declined = it.propose_partner("larkspur")
    yield stage.day(-120, 10)
    it.sign(expired, "hana_admin", "mabel_member", "milo_member")
    it.sign(revoked, "marta_admin", "max_member")
    it.sign(given_back, "clive_admin", "cleo_member")
    grants.decline(actor=it.office, grant=declined, reason_code="capacity")
    yield stage.day(-99, 12)
    it.use(expired, "mabel_member")
    yield stage.day(-80, 12)
    grants.revoke(actor=it.by, grant=revoked, reason_code="not_needed")
    yield stage.day(-75, 12)
    grants.close_out(actor=stage.cast.person("marta_admin"), grant=revoked)
    yield stage.day(-60, 12)
    grants.surrender(actor=stage.cast.person("clive_admin"), grant=given_back)
    # Ninety days after its start, on day -10, the first one expired by the clock.
    yield stage.day(-50, 11)
    notice = it.give_notice("FOIA-DEMO-0031", "A research group asks for the draft card of Quillon Octavo.")
    yield stage.day(-45, 16)
    it.object_to(notice, "The section on data tells how it was filtered, which no competitor of ours knows.")
    yield stage.day(-38, 10)
    it.decide(notice, "The section is confidential commercial information.", disclose=False)


def kestrel_closed(stage: Stage) -> Script:
    it = CaseActs(stage, lab="kestrel", by="noor_contributor")
    yield from _to_access(it, "Kestrel 4", first=-110, public=-60, partner=None)
    yield from _seats(it, -101, ("rina_reviewer", "cyber"), ("reza_reviewer", "autonomy"))
    yield stage.day(-98, 10)
    recused, revoked = (
        it.propose_seat("ruth_reviewer", "biological"),
        it.propose_seat("rafael_reviewer", "other"),
    )
    it.attest(recused)
    yield stage.day(-97, 10)
    it.end_seat(recused, "recuse")
    it.end_seat(revoked, "revoke", reason="The work is done by another reviewer of the agency.")
    yield stage.day(-89, 10)
    it.reveal("rina_reviewer")
    yield stage.day(-75, 10)
    found = it.write("rina_reviewer", confidence="high")
    yield stage.day(-73, 10)
    it.write_none(it.seats[1])
    it.check(found, "reza_reviewer")
    it.share(found, "rina_reviewer")
    yield stage.day(-68, 10)
    it.respond(found, "Thank you.")
    yield stage.day(-60, 12)
    it.release()
    yield stage.day(-58, 10)
    it.ask("rina_reviewer", "Will the released system card name the tasks of the range?")
    yield stage.day(-56, 10)
    it.finalize(found, "rina_reviewer")
    it.attest_leaving("credentials")
    yield stage.day(-50, 10)
    it.attest_leaving("destruction")
    it.close()
    yield stage.day(-4, 11)
    it.give_notice(
        "FOIA-DEMO-0044",
        "A newspaper asks for everything the programme holds about Kestrel 4, its card included.",
    )


def kestrel_withdrawn(stage: Stage) -> Script:
    """Withdrawn while open: everybody's access ended in that very step."""
    it = CaseActs(stage, lab="kestrel", by="kit_admin", office="desmond_coordinator")
    yield from _to_access(it, "Kestrel Wren", first=-48, public=10, partner=-4)
    yield from _seats(it, -39, ("rafael_reviewer", "cyber"), ("ruth_reviewer", "biological"))
    yield stage.day(-33, 10)
    it.reveal("rafael_reviewer")
    granted = it.propose_partner("cloverleaf")
    yield stage.day(-32, 10)
    it.sign(granted, "clive_admin", "cleo_member")
    yield stage.day(-25, 10)
    it.withdraw()
    yield stage.day(-24, 9)
    it.attest_leaving("credentials")


def quillon_released(stage: Stage) -> Script:
    """Released earlier than planned, while the window was open."""
    it = CaseActs(stage, lab="quillon", by="quentin_admin")
    yield from _to_access(it, "Quillon Chapbook", first=-42, public=5, partner=-2)
    yield from _seats(it, -33, ("reza_reviewer", "autonomy"), ("rina_reviewer", "cyber"))
    yield stage.day(-32, 12)
    declined = it.propose_seat("ruth_reviewer", "biological")
    yield stage.day(-31, 9)
    it.end_seat(declined, "decline")
    it.attest(it.hand_over(it.seats[1], "rafael_reviewer"))
    yield stage.day(-31, 15)
    it.reveal("reza_reviewer")
    yield stage.day(-13, 15)
    it.write("reza_reviewer", domain="autonomy", hours="17")
    it.write("rafael_reviewer", hours="11", confidence="low")
    yield stage.day(-12, 9)
    it.release()
    yield stage.day(-11, 11)
    notice = it.give_notice("FOIA-DEMO-0040", "A newspaper asks for the evaluations of Quillon Chapbook.")
    yield stage.day(-6, 15)
    it.object_to(notice, "The tasks of the range are ours, and whoever knows them can train for them.")
    yield stage.day(-2, 10)
    it.decide(notice, "Scores alone are disclosed, as the released card has them; no task is.", disclose=True)


SCRIPTS = [
    kestrel_open,
    quillon_open,
    kestrel_ended,
    quillon_ended,
    quillon_old,
    kestrel_closed,
    kestrel_withdrawn,
    quillon_released,
]
