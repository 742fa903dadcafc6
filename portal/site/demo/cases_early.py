"""Cases on their way to the access window: drafts, waiting for the programme office, terms, and a window still shut."""

from portal.site.demo import material
from portal.site.demo.acts import CaseActs
from portal.site.demo.stage import Script, Stage
from portal.submissions import actions, terms


def kestrel_draft(stage: Stage) -> Script:
    """Begun, and not complete: no checkpoint, no dates yet."""
    it = CaseActs(stage, lab="kestrel", by="noor_contributor")
    yield stage.day(-2, 16)
    it.draft("Kestrel Finch 2", public=stage.day(95, 9), checkpoint="", evaluations="", safeguards="")
    yield stage.day(-1, 11)
    it.upload("system_card", "Draft system card", material.system_card(it.model))


def quillon_draft(stage: Stage) -> Script:
    it = CaseActs(stage, lab="quillon", by="rosa_contributor")
    yield stage.day(-6, 9)
    it.draft("Quillon Ink 3", public=stage.day(120, 9), partner=stage.day(100, 9), mode="enclave")


def kestrel_submitted(stage: Stage) -> Script:
    """Came in today: the coordinators' target is still ahead."""
    it = CaseActs(stage, lab="kestrel", by="noor_contributor")
    yield stage.day(-4, 14)
    it.draft("Kestrel Heron", public=stage.day(80, 9), partner=stage.day(62, 9))
    it.upload_all()
    yield stage.ago(hours=3)
    it.submit()


def quillon_submitted(stage: Stage) -> Script:
    """Waits since six days: the coordinators' target has passed, and nothing of the lab's waits for it."""
    it = CaseActs(stage, lab="quillon", by="rosa_contributor")
    yield stage.day(-8, 9)
    it.draft("Quillon Vellum", public=stage.day(70, 9), partner=stage.day(55, 9), mode="on_site")
    it.upload_all()
    yield stage.day(-6, 15)
    it.submit()


def kestrel_acknowledged(stage: Stage) -> Script:
    """The lab proposed terms of its own and accepted them; the government has not answered."""
    it = CaseActs(stage, lab="kestrel", by="kit_admin")
    yield stage.day(-13, 9)
    it.draft("Kestrel Plover", public=stage.day(66, 9), partner=stage.day(48, 9), mode="api_helpful_only")
    it.upload_all()
    yield stage.day(-12, 10)
    it.submit()
    yield stage.day(-11, 15)
    it.acknowledge()
    yield stage.day(-8, 11)
    texts = terms.STANDARD | {
        "use_nondisclosure": terms.STANDARD["use_nondisclosure"]
        + " Transcripts are deleted within 30 days after the case is closed."
    }
    actions.propose_terms(actor=it.by, submission=it.case, texts=texts, names_shown=True)
    yield stage.day(-8, 12)
    it.accept_terms(it.by)


def quillon_acknowledged(stage: Stage) -> Script:
    """The coordinator asked for a correction, and the lab has not made one yet."""
    it = CaseActs(stage, lab="quillon", by="rosa_contributor", office="desmond_coordinator")
    yield stage.day(-11, 9)
    it.draft("Quillon Folio Mini", public=stage.day(90, 9))
    it.upload("system_card", "Draft system card", material.system_card(it.model))
    yield stage.day(-10, 9)
    it.submit()
    yield stage.day(-9, 9)
    it.acknowledge()
    yield stage.day(-7, 16)
    reason = "The summary names another checkpoint than the system card. Which one is offered?"
    actions.request_correction(actor=it.office, submission=it.case, reason=reason)


def kestrel_agreed(stage: Stage) -> Script:
    """Terms agreed, access not provided: the optional target has passed, the window stays shut and nobody is blamed."""
    it = CaseActs(stage, lab="kestrel", by="noor_contributor")
    yield stage.day(-21, 9)
    it.draft("Kestrel Osprey", public=stage.day(45, 9), partner=stage.day(26, 9), mode="enclave")
    it.upload_all()
    yield stage.day(-20, 9)
    it.submit()
    yield stage.day(-19, 9)
    it.acknowledge()
    yield stage.day(-15, 14)
    it.accept_terms()
    yield stage.day(-14, 10)
    seat = it.propose_seat("rina_reviewer", "cyber", "lead")
    yield stage.day(-13, 10)
    it.attest(seat)
    yield stage.day(-12, 10)
    it.read("rina_reviewer")


def quillon_agreed(stage: Stage) -> Script:
    """Access was provided early: the window stays shut until 30 days before the first release."""
    it = CaseActs(stage, lab="quillon", by="quentin_admin", office="desmond_coordinator")
    yield stage.day(-17, 9)
    it.draft("Quillon Atlas", public=stage.day(75, 9), partner=stage.day(52, 9))
    it.upload_all()
    yield stage.day(-16, 9)
    it.submit()
    yield stage.day(-15, 13)
    it.acknowledge()
    yield stage.day(-11, 14)
    it.accept_terms()
    yield stage.day(-10, 9)
    it.provide_access()
    yield stage.day(-9, 9)
    seat = it.propose_seat("reza_reviewer", "autonomy", "lead")
    yield stage.day(-8, 9)
    it.attest(seat)
    yield stage.ago(hours=30)
    it.propose_seat("ruth_reviewer", "biological")


SCRIPTS = [
    kestrel_draft,
    quillon_draft,
    kestrel_submitted,
    quillon_submitted,
    kestrel_acknowledged,
    quillon_acknowledged,
    kestrel_agreed,
    quillon_agreed,
]
