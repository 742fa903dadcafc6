"""What the schema says besides what serializers tell: ids that may be numbers, and the problems of every operation."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

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
READS = {"401": "No valid token.", "404": "Absent, or not yours to see: the two look alike."}
WRITES = READS | {
    "400": "A value is wrong; `errors` names it.",
    "403": "Visible to you, but not yours to do.",
    "409": "Wrong state, done already, or changed since you read it.",
    "429": "Too many writes in a minute.",
}


class PortalSchema(AutoSchema):
    """Says where a public number may stand for the id."""

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
            for status, words in (WRITES if method != "get" else READS | {"400": WRITES["400"]}).items():
                operation["responses"].setdefault(status, _answer(words))
            operation["responses"].setdefault("default", _answer("Any other problem."))
    return result


def _answer(words: str) -> dict:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": words, "content": content}
