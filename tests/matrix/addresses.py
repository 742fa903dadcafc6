"""Every address of the portal, walked from the URLconf and filled in from the world."""

import re
from collections.abc import Iterator

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from portal.deadlines import unsubscribing

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
_COLLECTIONS = {
    "submissions": "submission", "documents": "document", "inquiries": "inquiry", "designations": "designation",
    "assignments": "assignment", "assessments": "assessment", "partners": "partnerprofile", "grants": "grant",
    "findings": "finding",
    "deadlines": "deadline", "events": "event", "evaluations": "evaluation", "uploads": "upload",
    "questions": "informationrequest", "obligations": "obligation", "contacts": "contact",
    "disclosures": "disclosurenotice", "services": "service", "reviewer-profiles": "reviewerprofile",
    "matching-runs": "matchingrun",
}  # fmt: skip


def routes(resolver=None, prefix: str = "") -> Iterator[str]:
    """Each pattern as one text, parameters still in it; the name of a row of the table."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route.removesuffix("$")


def address(route: str, world) -> str:
    """A route with the world's values in it."""

    def value(match: re.Match) -> str:
        return str(_value(match.group(1) or match.group(2), route, world))

    return "/" + _PARAMETER.sub(value, route).replace("\\Z", "")


def _value(name: str, route: str, world):
    if name in ("object_id", "id"):
        model = route.split("/")[2].strip("^")
        if model == "notice-settings":
            return "reminders"
        found = world.objects[_COLLECTIONS.get(model, model)]
        return found.id if model == "services" else found.pk
    granting = route.startswith(("lab/cases/<str:case_number>/partners", "partner/"))
    case = world.granted if granting else world.case
    document = world.granted.document if granting else world.document
    return {
        "case_number": case.submission.case_number,
        "size": world.log_size,
        "version_id": document.current.pk,
        "document_id": document.pk,
        "assessment_id": world.shared.pk,
        "domain": "cyber",
        "retest_id": world.retest.pk,
        "submission_id": case.submission.pk,
        "number": "1"
        if route.startswith("api/") or "/questions/" in route or "/disclosures/" in route
        else world.objects["inquiry"].number,
        "designation_id": world.confirmed.pk,
        "view_id": world.objects["savedview"].pk,
        "grant_id": world.granted.grant.pk,
        "finding_id": world.objects["finding"].pk,
        "verb": "extend_disclosure",
        "user_id": world.granted.partner.member.pk,
        "organisation_id": world.case.lab.pk,
        "membership_id": world.membership.pk,
        "service_id": world.objects["service"].user_id,
        "invitation_id": world.invitation.pk,
        "message_id": world.message.pk,
        "absence_id": world.absence.pk,
        "token_id": world.token.pk,
        "session_id": world.session.pk,
        "provider_id": "kestrel",
        "link_id": world.link.pk,
        "secret": world.calendar,
        "token": unsubscribing.token(world.case.viewer),
        "answer": "accept",
        "pk": "1",
        "uidb36": "0",
        "step": "model",
        "group": "targets",
        "form": "csv" if route.startswith("admin/figures") else "looks.csv",
        "written": "csaf",
        "evaluation_id": world.evaluation.pk,
        "log": world.log.pk,
        "log_id": world.log.pk,
        "evidence_id": world.evidence.pk,
        "file": world.finding_file.pk,
        "file_id": world.finding_file.pk,
        "contact_id": world.objects["contact"].pk,
        "key": "set-password",
        "url": "no/such/page",
        "app_label": "submissions",
    }[name]
