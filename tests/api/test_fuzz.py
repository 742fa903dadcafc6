"""Every operation of the schema as each role: no fault of the portal, and no answer that the schema does not say.

Schemathesis' own checks judge each answer: no fault, and a status, type, headers and body that are documented, on a copy of the
schema in which nothing passes for want of words (``fuzzing.strict``). Whatever a request does is undone, so each meets the same
world, and one that failed can be sent again. ``PORTAL_TEST_FUZZ_EXAMPLES`` makes more than two examples of each operation.
"""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from portal.submissions.api.submissions import SubmissionViewSet
from tests import factories as make
from tests.api import fuzz_world, fuzzing
from tests.api.calls import NOWHERE, Caller
from tests.api.test_schema import CONTRACT
from tests.matrix.test_matrix import ROLES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Of each operation, each type of body, and each of valid and invalid input.
EXAMPLES = int(os.environ.get("PORTAL_TEST_FUZZ_EXAMPLES", "1"))

# Operations that no plain request comes through in this world, and what they want; other tests take these steps.
UNREACHED = {
    "POST /api/v1/assessments/{id}/move_rubric/": "a rubric newer than the draft's",
    "POST /api/v1/assignments/{id}/write_none/": "a seat whose reviewer wrote and stated nothing",
    "POST /api/v1/disclosures/{id}/record_disclosure/": "a decision whose day has come",
    "POST /api/v1/findings/import/": "a valid file of CSAF or OSV",
    "POST /api/v1/findings/{id}/address/": "the owner's consent, or an embargo that has passed",
    "POST /api/v1/findings/{id}/relay/": "the same",
    "POST /api/v1/grants/{id}/close_out/": "a grant that has ended",
    "POST /api/v1/inquiries/{id}/close/": "an answer by designators",
    "POST /api/v1/matching-runs/{id}/confirm/": "a run that found somebody",
    "POST /api/v1/matching-runs/{id}/undo/": "a run that was confirmed",
}


@pytest.fixture
def world(settings) -> Iterator[SimpleNamespace]:
    """The world, the schema as it is judged, and what each person sees and may do of each collection."""
    # What is asked here is not how fast one may write.
    settings.PORTAL_API_WRITES_PER_MINUTE = 10**6
    settings.PORTAL_API_FAILURES_OF_AN_ADDRESS = 10**6
    with time_machine.travel(fuzz_world.AT, tick=False):
        made = fuzz_world.build()
        made.schema = fuzzing.strict(Client().get("/api/schema/").json())
        made.headers = {
            role: Caller(person if person.is_authenticated else None).headers
            for role, person in made.people.items()
        }
        made.collections = sorted({path.split("/")[3] for path in made.schema["paths"]})
        made.seen = {
            (role, name): _seen(made.headers[role], name) for role in made.people for name in made.collections
        }
        yield made


def _seen(headers: dict[str, str], collection: str) -> dict[str, list[str]]:
    """The ids of a collection that a person sees, and the steps that each offers them."""
    client = Client(headers=headers)
    answer = client.get(f"/api/v1/{collection}/", {"page_size": 12})
    rows = answer.json().get("results", []) if answer.status_code == 200 else []
    if collection not in CONTRACT:
        return {row["id"]: [] for row in rows}
    return {
        row["id"]: client.get(f"/api/v1/{collection}/{row['id']}/").json().get("verbs", []) for row in rows
    }


def _addresses(world: SimpleNamespace, operation: Any, role: str) -> list[str]:
    """Ids for an operation's address: of what offers this person the step, then what they see, else what others see."""
    for end, thing in world.at.items():
        if operation.path.endswith(end):
            return [str(thing.pk)]
    collection, step = operation.path.split("/")[3], operation.path.rstrip("/").rpartition("/")[2]
    mine = world.seen[role, collection]
    ready = [key for key, steps in mine.items() if step in steps]
    others = [key for (_, name), keys in world.seen.items() if name == collection for key in keys]
    return [*ready, *(key for key in mine if key not in ready)] or [*dict.fromkeys(others)] or [NOWHERE]


def test_the_world_is_one_of_everything(world):
    """But for the programme, which is one thing without an id."""
    empty = {name for name in world.collections if not any(world.seen[role, name] for role in world.people)}
    assert empty == {"programme"}


def test_every_operation_as_each_role(world):
    """A plain and valid request, at something that is there, where there is such a thing at what offers the role the step."""
    sender, asked = fuzzing.Sender(), set()
    plain = fuzzing.Plain(
        world.schema, fuzz_world.known(world), fuzz_world.own(world), fuzz_world.parts(world)
    )
    for operation in fuzzing.variants(world.schema):
        again = operation.label in asked
        asked.add(operation.label)
        # Another type of body goes the same way from the parser on: those who came through come again.
        for role in sender.welcome(operation.label)[:2] if again else world.people:
            for address in _addresses(world, operation, role):
                case = plain.case(operation)
                if "id" in case.path_parameters:
                    case.path_parameters["id"] = address
                # What does not stand among the steps, such as a change, another one may be ready for.
                if sender.send(case, role, world.headers[role], "plain") != 409:
                    break
    assert sender.faults == []
    assert asked == {label for label, _ in sender.answers}
    assert len(asked) > 180
    assert {role for _, role in sender.answers} >= set(ROLES)
    assert len({(label, role) for label, role in sender.answers}) == len(asked) * len(world.people)
    assert {label for label in asked if not sender.welcome(label)} == set(UNREACHED)


def test_no_input_is_a_fault_of_the_portal(world):
    """What hypothesis makes of the schema, valid and invalid; roles and things that are there take turns."""
    sender, turn, roles = fuzzing.Sender(), 0, list(world.people)
    for operation in fuzzing.variants(world.schema):
        for mode in fuzzing.MODES:
            for case in fuzzing.generated(operation, mode, EXAMPLES):
                turn += 1
                role = roles[turn % len(roles)]
                addresses = _addresses(world, operation, role)
                # Each fourth address is as invented as the rest.
                if "id" in (case.path_parameters or {}) and turn % 4:
                    case.path_parameters["id"] = addresses[turn % len(addresses)]
                sender.send(case, role, world.headers[role], mode)
    assert sender.faults == []
    assert turn >= EXAMPLES * len(list(fuzzing.variants(world.schema)))


PLANTED = {
    "a status": lambda answers: answers.pop("200"),
    "a field": lambda answers: (
        _schema(answers)["properties"].pop("case_number"),
        _schema(answers)["required"].remove("case_number"),
    ),
    "a type": lambda answers: _schema(answers)["properties"].update(case_number={"type": "integer"}),
    "a content type": lambda answers: answers["200"].update(content={"text/csv": {}}),
    "a header": lambda answers: answers["200"].update(
        headers={"X-None": {"required": True, "schema": {"type": "string"}}}
    ),
}


def _schema(answers: dict) -> dict:
    return answers["200"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("what", PLANTED)
def test_an_answer_that_the_schema_does_not_say_is_noticed(what):
    """The schema is made to say less than the portal answers, one thing at a time."""
    case = make.Case()
    document = fuzzing.strict(Client().get("/api/schema/").json())
    operation = document["paths"]["/api/v1/submissions/{id}/"]["get"]
    name = _schema(operation["responses"]).pop("$ref").rpartition("/")[2]
    _schema(operation["responses"]).update(document["components"]["schemas"][name])
    document["paths"] = {"/api/v1/submissions/{id}/": {"get": operation}}
    assert _asked(document, case) == []
    PLANTED[what](operation["responses"])
    assert len(_asked(document, case)) == 1


def test_a_fault_is_noticed(monkeypatch):
    case = make.Case()
    document = fuzzing.strict(Client().get("/api/schema/").json())
    document["paths"] = {
        path: each for path, each in document["paths"].items() if path == "/api/v1/submissions/{id}/"
    }
    monkeypatch.delattr(SubmissionViewSet, "present")
    monkeypatch.setattr(SubmissionViewSet, "serializer_class", None)
    assert "500" in _asked(document, case)[0]


def _asked(document: dict, case: make.Case) -> list[str]:
    """What is wrong with the answer to the lab that reads its case."""
    sender = fuzzing.Sender()
    operation = next(each for each in fuzzing.variants(document) if each.method == "get")
    request = operation.Case(path_parameters={"id": str(case.submission.pk)})
    assert sender.send(request, "lab", Caller(case.contributor).headers, "plain") in (200, 500)
    return sender.faults
