"""What the schema says besides what serializers tell: ids that may be numbers, and the problems of every operation."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiParameter

from portal.api.fields import StrictSerializer
from portal.headers import DISPOSITION

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable for programs; `errors` names wrong fields; `changes` says what changed since.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "changes": {"type": "array", "items": {"type": "string"}},
    },
}
READS = {
    "400": "A value is wrong; `errors` names it.",
    "401": "No valid token.",
    "403": "Visible to you, but not yours to do; or to be confirmed with the second factor first.",
    "404": "Absent, or not yours to see: the two look alike.",
    "406": "None of the types that you take is one that is given here.",
    "409": "Wrong state, done already, changed since you read it, or busy at this moment.",
    "429": "Too many writes, or too many tokens that open nothing, in a minute.",
}
WRITES = READS | {
    "413": "The body, or the file in it, is too large.",
    "415": "The body is of a type that is not read here.",
}
FILE = {
    DISPOSITION: {
        "description": "Always an attachment, with the file's name.",
        "required": True,
        "schema": {"type": "string", "pattern": "^attachment"},
    }
}
# Headers without which an answer of this status is none.
HEADERS = {
    "401": {"WWW-Authenticate": ("The way to sign in: `Bearer`.", "string")},
    "429": {"Retry-After": ("Seconds until the count begins anew.", "integer")},
}


class PortalSchema(AutoSchema):
    """Says where a public number may stand for the id, and that a body takes no field that is not named."""

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict:
        found = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(force_instance(serializer), StrictSerializer):
            found["additionalProperties"] = False
        return found

    def _get_paginator(self) -> Any:
        # What is made of several at once is answered whole.
        return super()._get_paginator() if self.method == "GET" else None

    def get_override_parameters(self) -> list:
        if "{id}" in self.path and getattr(self.view, "number_field", None):
            words = f"The id, or the {self.view.number_field.replace('_', ' ')}."
            return [OpenApiParameter("id", str, OpenApiParameter.PATH, description=words)]
        return []


def problems(result: dict, generator: Any, request: Any, public: bool) -> dict:
    """Hook of drf-spectacular: the Problem component, and the answers that use it."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            answers = operation["responses"]
            for status, words in (WRITES if method != "get" else READS).items():
                answers.setdefault(status, {"description": words})
            answers.setdefault("default", {"description": "Any other problem."})
            for status, answer in answers.items():
                answer.update(_problem(status) if status >= "400" else _file(answer))
    return result


def _problem(status: str) -> dict:
    """What every problem of a status has: its body, and its headers."""
    said = {
        name: {"description": words, "required": True, "schema": {"type": kind}}
        for name, (words, kind) in HEADERS.get(status, {}).items()
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"content": content} | ({"headers": said} if said else {})


def _file(answer: dict) -> dict:
    """The headers of an answer that is a file."""
    parts = answer.get("content", {}).values()
    return {"headers": FILE} if any(part["schema"].get("format") == "binary" for part in parts) else {}
