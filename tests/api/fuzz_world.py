"""The matrix's world and its people, with an object in each state that a step of the API begins in, and bodies that name them."""

import hashlib
from base64 import b64encode
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from partners import actions as partners
from partners.actions import organisations
from partners.models import Grant, VettingCriteria
from portal.submissions import actions as cases
from reviews import actions as reviews
from tests import factories as make
from tests import factories_disclosures as disclosing
from tests import factories_partners as partnered
from tests import factories_questions as asking
from tests import factories_reviews as reviewing
from tests.api.fuzzing import FILE, LEFT_OUT
from tests.evidence.logs import archive
from tests.factories_findings import VECTOR, Reported
from tests.matrix import world as worlds

AT = worlds.AT


def build() -> SimpleNamespace:
    """``worlds.build`` and more; ``people`` has those of the matrix and a few whose turn it is in what is added."""
    world = worlds.build()
    case, granted = world.case, world.granted
    admin = world.people["lab admin"]
    _cases(world)
    _reviews(world)
    _partners(world)
    _grants(world)
    asking.asked(case, case.reviewer, text="Another share?", at=AT)
    asking.answered(case, case.reviewer, text="A third share?", at=AT)
    disclosing.objected(
        case, disclosing.notified(case, case.agency_coordinator, reference="FOIA-2", at=AT), at=AT
    )
    for reference in ("FOIA-3", "FOIA-4"):
        notice = disclosing.notified(case, reference=reference, at=AT)
        disclosing.objected(case, notice, at=AT)
    disclosing.to_be_disclosed(case, notice, at=AT)
    mine = granted.partner.organisation
    for until in ("report", "triage", "validate", "notify_owner", "remediate", "fix"):
        Reported(reporter=mine, submission=granted.submission, until=until, at=AT)
    drafted = Reported(reporter=mine, submission=granted.submission, at=AT)
    spare = drafted.add(at=AT)
    world.people["peer"] = case.peer
    cases.begin_upload(actor=admin, name="log.txt", length=8, at=AT)
    world.free = reviewing.reviewer(make.programme_office(), "Freya Reviewer")
    # At which object an operation is to be, by its path's end, where none tells so by the steps that it offers.
    world.at = {
        "{log}/content/": world.objects["assessment"],
        "{log}/remove/": world.objects["assessment"],
        "{file}/content/": world.objects["finding"],
        "{file}/remove/": drafted.finding,
        "/findings/{id}/": drafted.finding,
        "/findings/{id}/files/": drafted.finding,
        "/documents/{id}/remove/": world.kept,
        "/submissions/{id}/terms/": world.acknowledged,
        "/partners/{id}/find_eligible/": world.vetted,
        "/submissions/{id}/correct_facts/": world.sent,
        "/assessments/{id}/retest/": world.shared,
        "/assessments/{id}/answer_retest/": world.shared,
        "/assessments/{id}/ask_check/": world.drafted,
        "/assessments/{id}/logs/": world.drafted,
    }
    world.spare = spare
    return world


def _cases(world: SimpleNamespace) -> None:
    """Cases on their way to where the matrix's stand."""
    lab, actor, by = world.case.lab, world.case.contributor, world.case.coordinator
    drafted = make.draft(actor=actor, lab=lab, at=AT)
    world.kept = cases.add_document(
        actor=actor, submission=drafted, kind="other", title="Card", upload=make.pdf("of a draft"), at=AT
    )
    world.sent = make.submitted(actor=actor, lab=lab, at=AT)
    world.acknowledged = make.submitted(actor=actor, lab=lab, at=AT)
    cases.acknowledge(actor=by, submission=world.acknowledged, at=AT)
    make.agreed(actor=actor, lab=lab, by=by, at=AT)


def _reviews(world: SimpleNamespace) -> None:
    """Seats, assessments and inquiries in their states."""
    case, office = world.case, make.programme_office()
    reviewing.proposed(case, reviewing.reviewer(office, "Rolf Reviewer"), at=AT)
    reviewing.proposed(case, world.people["unassigned reviewer"], agency=office, at=AT)
    reviewing.checked(case, at=AT)
    reviewing.answered(case, at=AT)
    world.drafted = reviewing.draft(case, at=AT)
    made = reviewing.draft(case, at=AT)
    reviews.ask_check(actor=case.reviewer, assessment=made, at=AT)
    reviewing.open_to(case, case.peer, at=AT)
    reviewing.inquiry(case.contributor, case.lab, at=AT)
    found = reviewing.submitted_inquiry(case.contributor, case.lab, at=AT)
    reviews.inquiries.acknowledge(actor=case.coordinator, inquiry=found, at=AT)
    found = reviewing.submitted_inquiry(case.contributor, case.lab, at=AT)
    reviews.inquiries.acknowledge(actor=case.coordinator, inquiry=found, at=AT)
    reviews.inquiries.begin_benchmarking(actor=case.coordinator, inquiry=found, at=AT)


def _partners(world: SimpleNamespace) -> None:
    """Partners before, in and after vetting."""
    by = world.case.coordinator
    partnered.Partner(by=by, eligible=False)
    vetted = partnered.Partner(by=by, eligible=False)
    organisations.begin_vetting(actor=by, profile=vetted.profile, at=AT)
    partnered.answered(by, vetted.profile, at=AT)
    world.vetted = vetted.profile
    world.criterion = VettingCriteria.objects.current().criteria.first().key
    suspended = partnered.Partner(by=by)
    organisations.suspend(actor=by, profile=suspended.profile, reason="Marzipan.", at=AT)


def _grants(world: SimpleNamespace) -> None:
    """A grant that waits for the agency, one for the lab, one for the partner, and one that is suspended."""
    granted, by = world.granted, world.case.coordinator
    of_lab = {"actor": granted.contributor, "instructions": "Ask the pantry."}

    def proposed(partner: partnered.Partner, **options: Any) -> Grant:
        return partners.propose_grant(
            submission=granted.submission, partner=partner.organisation, purpose="To try it.", at=make.NOW,
            starts_at=make.NOW + 20 * make.DAY, documents=[granted.document], **options,
        )  # fmt: skip

    first, second, offered, suspended = (partnered.Partner(by=by) for _ in range(4))
    proposed(first, **of_lab)
    proposed(second, actor=by)
    partners.concur(actor=by, grant=proposed(offered, **of_lab), at=make.NOW)
    world.people["offered partner"] = offered.admin
    grant = partners.concur(actor=by, grant=proposed(suspended, **of_lab), at=make.NOW)
    grant = partners.accept(actor=suspended.admin, grant=grant, users=[suspended.admin], at=make.NOW)
    partners.suspend(actor=by, grant=grant, reason="Nougat.", at=AT)


def parts(world: SimpleNamespace) -> dict[str, Any]:
    """What stands in addresses beside the id."""
    return {"log": str(world.log.pk), "file": str(world.finding_file.pk), "number": 1, "form": "looks.csv"}


def own(world: SimpleNamespace) -> dict[str, dict[str, Any]]:
    """What a body says otherwise at one operation, by the end of its path."""
    granted = world.granted
    return {
        "/assessments/{id}/logs/": {"file": archive().getvalue(), "sha256": LEFT_OUT},
        "/assignments/": {"reviewer": world.free.email, "role": "reviewer"},
        "/assignments/{id}/hand_over/": {"to": world.free.email},
        "/evaluations/read/": {"file": b"# Kestrel 6\n\nA model card of marzipan.\n"},
        "/findings/": {"submission": LEFT_OUT},
        "/findings/{id}/files/{file}/remove/": {"file in the path": str(world.spare.pk)},
        "/partners/{id}/answer_criteria/": {"answers": [{"key": world.criterion, "found": "met"}]},
        "/findings/{id}/mark_duplicate/": {"duplicate_of": str(world.objects["finding"].pk)},
        "/findings/{id}/notify_owner/": {"vendor_contact": LEFT_OUT},
        "/findings/{id}/set_embargo/": {"embargo_until": (AT + 200 * make.DAY).isoformat()},
        "/grants/{id}/accept/": {"users": [str(world.people["offered partner"].pk)]},
        "/grants/{id}/decline/": {"reason_code": "capacity"},
        "/grants/{id}/extend/": {"expires_at": (AT + 120 * make.DAY).isoformat()},
        "/grants/{id}/name_user/": {"user": str(world.people["unnamed member"].pk)},
        "/grants/{id}/revoke/": {"reason_code": "other"},
        "/grants/{id}/set_documents/": {"documents": [str(granted.document.pk)]},
        "/partners/": {
            "organisation": str(world.people["another partner"].memberships.get().organisation_id)
        },
        "/partners/{id}/not_select/": {"reason_code": "capacity"},
        "/questions/{id}/merge/": {"into": str(world.objects["informationrequest"].pk)},
        "/findings/{id}/": {"submission": LEFT_OUT, "embargo_until": LEFT_OUT},
    }


def known(world: SimpleNamespace) -> dict[str, Any]:
    """What a plain body says under each name; ``LEFT_OUT`` is not said."""
    case, granted = world.case, world.granted
    piece = hashlib.sha256(FILE[:8]).digest()
    return {
        "submission": case.submission.case_number, "lab": str(case.lab.pk), "agency": str(make.programme_office().pk),
        "user": str(granted.partner.member.pk), "users": [str(granted.partner.member.pk)],
        "reviewer": world.people["unassigned reviewer"].email, "to": world.people["unassigned reviewer"].email,
        "documents": [str(world.document.pk)], "grant": str(granted.grant.pk), "inquiry": LEFT_OUT,
        "partner": str(granted.partner.organisation.pk), "reporter": str(granted.partner.organisation.pk),
        "owner": str(granted.lab.pk), "partners": [str(granted.partner.organisation.pk)], "upload": LEFT_OUT,
        "sha256": hashlib.sha256(FILE).hexdigest(), "revision": LEFT_OUT, "supersedes": LEFT_OUT, "unmarked": [],
        "retest": str(world.retest.pk), "version": 1, "key": str(uuid4()), "country": "US", "cvss": VECTOR,
        "cwe": "CWE-787", "mail_domains": ["dunes.example"], "website": "https://dunes.example", "lei": "",
        "email": "ada@dunes.example", "ownership": "none", "ownership_words": "", "criteria": LEFT_OUT,
        "planned_partner_release": (AT + 40 * make.DAY).isoformat(), "reapply_on": LEFT_OUT,
        "planned_public_release": (AT + 60 * make.DAY).isoformat(), "starts_at": (AT + make.DAY).isoformat(),
        "expires_at": (AT + 8 * make.DAY).isoformat(), "classified_pointer": "", "reason_code": LEFT_OUT,
        "answers": LEFT_OUT, "embargo_until": (AT + 20 * make.DAY).isoformat(),
        "Tus-Resumable": "1.0.0", "Upload-Length": "8", "Upload-Offset": "0",
        "Upload-Metadata": f"filename {b64encode(b'log.txt').decode()}",
        "Upload-Checksum": f"sha256 {b64encode(piece).decode()}",
        "file": FILE, "number": 1, "cui": "CUI//SP-PROPIN", "phone": "+1 202 555 0100", "lead": False,
        "telephone": "+1 202 555 0100",
        "disclose_at": (AT + 40 * make.DAY).isoformat(), "follows_partner_release": False,
        "attestations": list(partnered.ATTESTATIONS), "metrics": {"pass": 0.5},
    }  # fmt: skip
