"""Findings in the archive of their case."""

import json

import pytest

from partners.actions import findings
from portal.ledger.models import Event
from tests import factories as make
from tests.factories_findings import CHAIN, VALUES, Reported
from tests.lab.opened import archive_of
from tests.lab.visitor import Visitor

pytestmark = pytest.mark.django_db


def test_the_archive_tells_of_findings_as_the_labs_pages_do():
    case = make.Case(make.with_access)
    told = Reported(submission=case.submission, until="report")
    for shows, for_owner in (("A log of praline", False), ("Two turns", True)):
        findings.add_file(
            actor=told.member, finding=told.finding, upload=make.pdf(shows, name=f"{told.member.name}.pdf"), shows=shows,
            for_owner=for_owner,
        )  # fmt: skip
    for verb in ("triage", "validate", "notify_owner"):
        told.step(verb, "coordinator")
    Reported(submission=case.submission, until="validate", title="Praline before its notice")
    own = findings.create_finding(
        actor=case.contributor,
        reporter=case.lab,
        values=VALUES | {"title": "Own nougat"},
        submission=case.submission,
    )
    findings.report(actor=case.contributor, finding=own)
    draft = findings.create_finding(
        actor=case.contributor,
        reporter=case.lab,
        values=VALUES | {"title": "Unsaid nougat"},
        submission=case.submission,
    )
    files = archive_of(Visitor(case.viewer), case.submission)
    rows = json.loads(files["findings.json"])
    assert [(row["number"], row["reported_by"], row["reporter_chain"]) for row in rows] == [
        (told.finding.number, None, None),
        (own.number, case.lab.name, CHAIN),
    ]
    assert rows[0]["evidence_files"] == [{"name": f"{told.finding.number}-1.pdf", "shows": "Two turns"}]
    everything = b"".join(files.values()).decode("utf-8", "ignore")
    assert [
        word
        for word in ("Praline", "A log of praline", draft.title, told.partner.name, told.member.name)
        if word in everything
    ] == []
    looks = Event.objects.filter(verb="exported_finding", actor=case.viewer).order_by("subject_id")
    assert [(look.subject_id, look.data) for look in looks] == [
        (pk, {"format": "archive"}) for pk in sorted([told.finding.pk, own.pk])
    ]
