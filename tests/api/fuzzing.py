"""The schema's operations as requests to the portal in this process, and what schemathesis says of the answers."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import unquote, urlsplit

import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from requests import Request
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from tests import factories as make
from tests.api.calls import NOWHERE
from tests.matrix import world as worlds

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MODES = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}
FILE = make.pdf("the marzipan of the fuzz").read()


@schemathesis.serializer("application/offset+octet-stream")
def _bytes(context, value) -> bytes:
    """A piece of an upload, as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


def strict(document: dict) -> dict:
    """The schema without what lets everything pass: an answer has no field, and no status, that is not written there."""
    document = deepcopy(document)
    for operations in document["paths"].values():
        for operation in operations.values():
            del operation["responses"]["default"]
    for part in document["components"]["schemas"].values():
        if part.get("properties"):
            part.setdefault("additionalProperties", False)
    return document


def variants(document: dict) -> Iterator[Any]:
    """Each operation once for each media type of its body, and once where it takes none."""
    for number in range(4):
        part = deepcopy(document)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                content = operation.get("requestBody", {}).get("content", {})
                if number >= max(len(content), 1):
                    del part["paths"][path][method]
                elif content:
                    name = list(content)[number]
                    part["paths"][path][method]["requestBody"]["content"] = {name: content[name]}
        for found in schemathesis.openapi.from_dict(part).get_all_operations():
            yield found.ok()


def media_type(operation: Any) -> str:
    return next((body.media_type for body in operation.body), "")


def generated(operation: Any, mode: str, number: int) -> list:
    """Cases that hypothesis makes up, the same in every run."""
    found: list = []

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=MODES[mode]))
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found[:number]


class Plain:
    """A body that says what the schema asks, in the plainest words, about things that exist."""

    def __init__(self, document: dict, known: dict, own: dict[str, dict], paths: dict):
        self.document, self.parts = document, document["components"]["schemas"]
        self.always, self.own, self.paths = known, own, paths
        self.known: dict[str, Any] = {}

    def case(self, operation: Any) -> Any:
        self.known = self.always | self.own.get(operation.path.removeprefix("/api/v1"), {})
        raw = self.document["paths"][operation.path][operation.method]
        said: dict[str, dict[str, Any]] = {"header": {}, "query": {}, "path": {}}
        for one in raw.get("parameters", ()):
            if one["in"] == "path":
                own = self.known.get(f"{one['name']} in the path")
                said["path"][one["name"]] = own or self.paths.get(one["name"], NOWHERE)
            elif one["in"] == "header" or one.get("required"):
                said[one["in"]][one["name"]] = self.known[one["name"]]
        options: dict[str, Any] = {
            "headers": said["header"],
            "query": said["query"],
            "path_parameters": said["path"],
        }
        if kind := media_type(operation):
            body = FILE[:8] if "octet" in kind else self.value(raw["requestBody"]["content"][kind]["schema"])
            options |= {"body": body, "media_type": kind}
        return operation.Case(**options)

    def value(self, schema: dict, name: str = "") -> Any:
        for part in ("$ref", "allOf", "oneOf"):
            if part in schema:
                inner = {"$ref": schema["$ref"]} if part == "$ref" else schema[part][0]
                if part == "$ref":
                    inner = self.parts[schema["$ref"].rpartition("/")[2]]
                return self.value(inner, name)
        if name in self.known:
            return self.known[name]
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                return self.fields(schema)
            case "array":
                return [self.value(schema["items"], name)]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
        return self.text(schema)

    def fields(self, schema: dict) -> dict:
        return {
            name: value
            for name, inner in schema.get("properties", {}).items()
            if not inner.get("readOnly") and (value := self.value(inner, name)) is not LEFT_OUT
        }

    def text(self, schema: dict) -> Any:
        match schema.get("format"):
            case "binary":
                return FILE
            case "date-time":
                return (worlds.AT + 3 * make.DAY).isoformat()
            case "date":
                return (worlds.AT + 300 * make.DAY).date().isoformat()
            case "decimal":
                return "1.5"
            case "uuid":
                return NOWHERE
        return "Marzipan"[: schema.get("maxLength", 8)]


LEFT_OUT: Any = object()


class Sender:
    """Sends cases as people, each on the world as it was made: whatever a case does is undone."""

    def __init__(self) -> None:
        load_all_checks()
        self.client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        self.faults: list[str] = []
        self.answers: dict[tuple[str, str], set[int]] = {}

    def welcome(self, operation: str) -> list[str]:
        """Who got what they asked for at an operation."""
        return [
            role for (label, role), found in self.answers.items() if label == operation and min(found) < 400
        ]

    def send(self, case: Any, role: str, headers: dict[str, str], kind: str) -> int:
        """The status of the answer; what the schema does not say of it stands in ``faults``."""
        with transaction.atomic():
            answer = self._answer(case, headers)
            transaction.set_rollback(True)
        operation = case.operation.label
        self.answers.setdefault((operation, role), set()).add(answer.status_code)
        if answer.status_code >= 400 and answer.json().get("status") != answer.status_code:
            self.faults.append(
                f"{answer.status_code} to {role}, {kind}: {operation}: the problem says another status"
            )
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as error:
            told = [error] if isinstance(error, Failure) else error.exceptions
            for one in told:
                self.faults.append(
                    f"{answer.status_code} to {role}, {kind}: {operation}: {one.title}: {one.message[:600]}"
                    f" | {answer.content[:300]!r} | {case.as_curl_command()[:600]}"
                )
        return answer.status_code

    def _answer(self, case: Any, headers: dict[str, str]) -> Response:
        """The very bytes that the case would send, to the portal in this process."""
        sent = Request(**case.as_transport_kwargs(base_url="http://testserver", headers=headers)).prepare()
        answer = self.client.generic(
            sent.method,
            unquote(urlsplit(sent.url).path),
            sent.body or b"",
            content_type=sent.headers.get("Content-Type", ""),
            QUERY_STRING=urlsplit(sent.url).query,
            headers={name: value for name, value in sent.headers.items() if name != "Content-Length"},
        )
        content = answer.getvalue() if answer.streaming else answer.content
        return Response(
            status_code=answer.status_code,
            headers={name: [value] for name, value in answer.items()},
            content=content,
            request=sent,
            elapsed=0.0,
            verify=False,
        )
