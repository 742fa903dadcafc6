"""Calls of the API as programs make them: a real token, the real URL, the whole answer."""

import json
from contextlib import contextmanager
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import get_token_model

UNCOUNTED = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET ", "BEGIN", "COMMIT")
NOWHERE = "00000000-0000-4000-8000-000000000000"


class Caller:
    """A person's program."""

    def __init__(self, user: Any = None, token: str = ""):
        self.user = user
        if user is not None:
            _, token = get_token_model().objects.create(user)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client()

    def get(self, path: str, **query: Any):
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, **options: Any):
        return self._send("post", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any):
        return self._send("patch", path, body, **options)

    def _send(self, method: str, path: str, body: Any, *, content_type: str = "application/json"):
        data = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        return getattr(self.client, method)(
            f"/api/v1/{path}", data=data, content_type=content_type, headers=self.headers
        )

    def upload(self, path: str, file: ContentFile | None, **fields: Any):
        data = fields | ({"file": file} if file is not None else {})
        return self.client.post(f"/api/v1/{path}", data=data, headers=self.headers)

    def results(self, path: str, **query: Any) -> list[dict]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]


def problem(status: int, title: str, code: str, detail: str, **more: Any) -> dict:
    """The whole body of a problem."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code} | more


NOT_FOUND = problem(404, "Not Found", "not_found", "Nothing is at this address, or it is not yours to see.")
NOT_YOURS = problem(403, "Forbidden", "not_allowed", "This step is not yours to take.")
NOT_YOURS_TO_CHANGE = problem(403, "Forbidden", "not_allowed", "This is not yours to change.")


def refused(answer, expected: dict) -> None:
    """The answer is this problem, to the last word, and says so in its type."""
    assert (answer.json(), answer.status_code) == (expected, expected["status"])
    assert answer["Content-Type"] == "application/problem+json"


@contextmanager
def counted(number: int):
    """The block runs this many statements; transaction control is not counted."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        yield
    statements = [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(UNCOUNTED)
    ]
    assert len(statements) == number, "\n".join(statements)
