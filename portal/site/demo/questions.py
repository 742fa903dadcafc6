"""Inquiries of the labs, and what the determining authority's delegates recorded."""

from portal.site.demo.stage import Script, Stage
from reviews.actions import designations, inquiries
from reviews.models import Inquiry

QUESTION = (
    "Is this model, at the size and with the training described here, a covered frontier model? Training took about {flop} "
    "operations; tools are used over many steps. Everything in this question is invented."
)


def _ask(stage: Stage, *, lab: str, by: str, model: str, flop: str) -> Inquiry:
    return inquiries.create_inquiry(
        actor=stage.cast.person(by),
        lab=stage.cast.house(lab),
        values={"model_name": model, "question": QUESTION.format(flop=flop)},
    )


def kestrel_answered(stage: Stage) -> Script:
    """Asked, benchmarked, answered and closed; the designation was recorded by one and confirmed by another."""
    person = stage.cast.person
    noor, cora, della, dorian = (
        person(key)
        for key in ("noor_contributor", "cora_coordinator", "della_designator", "dorian_designator")
    )
    yield stage.day(-70, 9)
    inquiry = _ask(stage, lab="kestrel", by="noor_contributor", model="Kestrel 5", flop="2e26")
    inquiry = inquiries.submit(actor=noor, inquiry=inquiry)
    yield stage.day(-69, 9)
    inquiry = inquiries.acknowledge(actor=cora, inquiry=inquiry)
    yield stage.day(-66, 9)
    inquiry = inquiries.begin_benchmarking(actor=cora, inquiry=inquiry)
    yield stage.day(-57, 15)
    basis = "Benchmarks of the authority's suite, and the training described by the lab."
    recorded = designations.record_designation(
        actor=della,
        lab=stage.cast.house("kestrel"),
        subject="Kestrel 5",
        outcome="covered",
        basis=basis,
        inquiry=inquiry,
    )
    yield stage.day(-56, 11)
    designations.confirm(actor=dorian, designation=recorded)
    inquiry = inquiries.answer(
        actor=dorian, inquiry=inquiry, answer="Yes. The designation says on what basis."
    )
    yield stage.day(-50, 9)
    inquiries.close(actor=cora, inquiry=inquiry)


def quillon_recorded(stage: Stage) -> Script:
    """Answered; its designation waits for the second person."""
    person = stage.cast.person
    yield stage.day(-26, 9)
    inquiry = _ask(stage, lab="quillon", by="rosa_contributor", model="Quillon Atlas", flop="9e25")
    inquiry = inquiries.submit(actor=person("rosa_contributor"), inquiry=inquiry)
    yield stage.day(-25, 9)
    inquiry = inquiries.acknowledge(actor=person("desmond_coordinator"), inquiry=inquiry)
    yield stage.day(-22, 9)
    inquiry = inquiries.begin_benchmarking(actor=person("desmond_coordinator"), inquiry=inquiry)
    yield stage.day(-4, 10)
    inquiry = inquiries.answer(
        actor=person("della_designator"),
        inquiry=inquiry,
        answer="A record is being made and will be shared with you.",
    )
    yield stage.ago(hours=27)
    designations.record_designation(
        actor=person("della_designator"),
        lab=stage.cast.house("quillon"),
        subject="Quillon Atlas",
        outcome="not_covered",
        basis="Benchmarks below the authority's threshold in each domain.",
        inquiry=inquiry,
    )


def kestrel_unasked(stage: Stage) -> Script:
    """A designation that nobody asked for, confirmed."""
    yield stage.day(-95, 9)
    recorded = designations.record_designation(
        actor=stage.cast.person("dorian_designator"),
        lab=stage.cast.house("kestrel"),
        subject="Kestrel 4",
        outcome="covered",
        basis="Published results of the model.",
    )
    yield stage.day(-94, 9)
    designations.confirm(actor=stage.cast.person("della_designator"), designation=recorded)


def quillon_in_benchmarking(stage: Stage) -> Script:
    person = stage.cast.person
    yield stage.day(-9, 9)
    inquiry = _ask(stage, lab="quillon", by="rosa_contributor", model="Quillon Vellum", flop="4e25")
    inquiry = inquiries.submit(actor=person("rosa_contributor"), inquiry=inquiry)
    yield stage.day(-8, 9)
    inquiry = inquiries.acknowledge(actor=person("cora_coordinator"), inquiry=inquiry)
    yield stage.day(-5, 9)
    inquiry = inquiries.begin_benchmarking(actor=person("cora_coordinator"), inquiry=inquiry)


def quillon_acknowledged(stage: Stage) -> Script:
    person = stage.cast.person
    yield stage.day(-5, 15)
    inquiry = _ask(stage, lab="quillon", by="quentin_admin", model="Quillon Ink 3", flop="1e25")
    inquiry = inquiries.submit(actor=person("quentin_admin"), inquiry=inquiry)
    yield stage.day(-4, 15)
    inquiry = inquiries.acknowledge(actor=person("cora_coordinator"), inquiry=inquiry)


def kestrel_submitted(stage: Stage) -> Script:
    yield stage.ago(hours=20)
    inquiry = _ask(stage, lab="kestrel", by="noor_contributor", model="Kestrel Heron", flop="5e25")
    inquiry = inquiries.submit(actor=stage.cast.person("noor_contributor"), inquiry=inquiry)


def kestrel_withdrawn(stage: Stage) -> Script:
    yield stage.day(-18, 9)
    inquiry = _ask(stage, lab="kestrel", by="kit_admin", model="Kestrel Wren", flop="3e25")
    inquiry = inquiries.submit(actor=stage.cast.person("kit_admin"), inquiry=inquiry)
    yield stage.day(-17, 9)
    inquiries.withdraw(actor=stage.cast.person("kit_admin"), inquiry=inquiry)


def kestrel_draft(stage: Stage) -> Script:
    yield stage.ago(hours=44)
    _ask(stage, lab="kestrel", by="noor_contributor", model="Kestrel Finch 2", flop="6e25")


SCRIPTS = [
    kestrel_answered,
    quillon_recorded,
    kestrel_unasked,
    quillon_in_benchmarking,
    quillon_acknowledged,
    kestrel_submitted,
    kestrel_withdrawn,
    kestrel_draft,
]
