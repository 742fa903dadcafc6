"""Every operation of the schema under invented input, as each role: whatever is sent, nothing is a fault of the portal."""

from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
import schemathesis
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis import GenerationMode

from portal.accounts.models import Role
from portal.submissions import actions
from tests import factories as make
from tests import factories_findings as findings_made
from tests import factories_partners as partnered
from tests import factories_reviews as reviewed
from tests import factories_services
from tests.api.calls import NOWHERE, Caller

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

COLLECTIONS = (
    "submissions", "documents", "deadlines", "events", "inquiries", "designations", "assignments", "assessments",
    "partners", "grants", "findings", "evaluations", "notice-settings", "uploads", "questions", "obligations", "contacts",
    "disclosures",
    "services", "reviewer-profiles", "matching-runs",
)  # fmt: skip
ROLES = (
    "admin",
    "contributor",
    "viewer",
    "coordinator",
    "lead",
    "reviewer",
    "designator",
    "auditor",
    "partner",
    "stranger",
)


@schemathesis.serializer("application/offset+octet-stream")
def _bytes(context, value) -> bytes:
    """A piece of an upload, as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# Of each operation, over all roles.
EXAMPLES = 6
CLEAN = {200, 201, 204, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 423, 460}


def _world() -> SimpleNamespace:
    """One of everything, and a person of every role."""
    case = reviewed.Reviewed()
    reviewed.shared(case)
    log = reviewed.logged(case, reviewed.draft(case))
    designator = reviewed.designator()
    reviewed.submitted_inquiry(case.contributor, case.lab)
    reviewed.designation(designator, case.lab)
    actions.add_document(
        actor=case.contributor, submission=case.submission, kind="other", title="Card", upload=make.pdf()
    )
    actions.questions.ask(actor=case.reviewer, submission=case.submission, text="Which share is marzipan?")
    actions.disclosures.give_notice(
        actor=case.coordinator, submission=case.submission, reference="FOIA-1", text="The recipe."
    )
    actions.add_evaluations(actor=case.contributor, submission=case.submission, rows=[{"task": "Range"}])
    actions.add_contact(
        actor=case.contributor, submission=case.submission, purpose="legal", name="Ada", phone="1"
    )
    actions.begin_upload(actor=case.contributor, name="log.txt", length=8)
    reviewed.record(case.reviewer, "cyber")
    reviewed.suggested(make.Case(make.with_access))
    left = reviewed.Reviewed()
    actions.withdraw(actor=left.contributor, submission=left.submission, at=make.NOW + make.DAY)
    granted = partnered.GrantCase()
    granted.agree()
    found = findings_made.Reported(until="triage", submission=granted.submission)
    make.draft(actor=case.contributor, lab=case.lab)
    admin = make.member(case.lab, Role.ADMIN)
    factories_services.service(case.lab, actor=admin)
    return SimpleNamespace(
        admin=admin,
        log=log,
        file=found.add(),
        contributor=case.contributor,
        viewer=case.viewer,
        coordinator=case.coordinator,
        lead=case.lead,
        reviewer=case.reviewer,
        designator=designator,
        auditor=reviewed.auditor(),
        partner=granted.partner.admin,
        stranger=make.member(make.lab(), Role.ADMIN),
        granted=granted.contributor,
    )


def _ids(world: SimpleNamespace) -> dict[str, list[str]]:
    """Ids of what exists, for addresses that lead somewhere; read by those who see most."""
    found: dict[str, set[str]] = {name: {NOWHERE} for name in COLLECTIONS}
    for user in (world.coordinator, world.contributor, world.partner, world.auditor, world.admin):
        caller = Caller(user)
        for name in COLLECTIONS:
            found[name] |= {row["id"] for row in caller.results(f"{name}/", page_size=100)}
    return {name: sorted(ids) for name, ids in found.items()}


def test_no_input_is_a_fault_of_the_portal():
    world = _world()
    ids = _ids(world) | {"log": [str(world.log.pk)], "file": [str(world.file.pk)]}
    tokens = {role: Caller(getattr(world, role)).headers for role in ROLES}
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    faults: list[str] = []
    for found in schemathesis.openapi.from_dict(client.get("/api/schema/").json()).get_all_operations():
        _try(found.ok(), client, ids, tokens, faults)
    assert faults == [], "\n".join(faults)


def _try(
    operation, client: Client, ids: dict[str, list[str]], tokens: dict[str, dict], faults: list[str]
) -> None:
    collection = operation.path.split("/")[3]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=POSITIVE)
        | operation.as_strategy(generation_mode=NEGATIVE),
        role=st.sampled_from(ROLES),
        # The programme is one thing, without an id.
        known=st.sampled_from(ids.get(collection, [NOWHERE])),
        real=st.integers(0, 3),
    )
    def run(case, role, known, real):
        if case.path_parameters and "id" in case.path_parameters and real:
            case.path_parameters["id"] = known
        for part in ("log", "file"):
            if case.path_parameters and part in case.path_parameters and real:
                case.path_parameters[part] = ids[part][0]
        answer = _send(client, case, tokens[role])
        if answer.status_code not in CLEAN or not _is_whole(answer):
            faults.append(f"{answer.status_code} to {role}: {case.as_curl_command()}")

    run()
    # A statement that failed unnoticed would make all that follows look like faults.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _send(client: Client, case, headers: dict[str, str]):
    """The very bytes that the case would send, to the portal in this process."""
    sent = Request(**case.as_transport_kwargs(base_url="http://testserver", headers=headers)).prepare()
    answer = client.generic(
        sent.method,
        unquote(urlsplit(sent.url).path),
        sent.body or b"",
        content_type=sent.headers.get("Content-Type", ""),
        QUERY_STRING=urlsplit(sent.url).query,
        headers={name: value for name, value in sent.headers.items() if name != "Content-Length"},
    )
    if answer.streaming:
        answer.getvalue()
    return answer


def _is_whole(answer) -> bool:
    """Whether a refusal is a problem that says its own status."""
    if answer.status_code < 400:
        return True
    return (
        answer["Content-Type"] == "application/problem+json" and answer.json()["status"] == answer.status_code
    )


def test_the_world_is_one_of_everything():
    ids = _ids(_world())
    assert {name for name, found in ids.items() if found == [NOWHERE]} == set()
