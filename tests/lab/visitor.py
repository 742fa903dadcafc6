"""A person at the lab's pages: a signed-in browser without the browser."""

import html
import re

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.ledger.models import Event
from portal.submissions.actions.drafts import DATES, digest, value_of
from portal.submissions.models import DocumentVersion, Facts, Submission

# Middleware is made once: making it reads every static file's size, which is most of what a short test costs.
_HANDLER = ClientHandler(enforce_csrf_checks=False)
_NOISE = ("BEGIN", "SET", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


class Visitor:
    """One person's session."""

    def __init__(self, user=None):
        self.user = user
        self.client = Client()
        self.client.handler = _HANDLER
        if user is not None:
            self.client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def get(self, name: str, *args, **query):
        return self.client.get(address(name, *args), query)

    def post(self, name: str, /, *args, **data):
        return self.client.post(address(name, *args), data)

    def text(self, name: str, *args, **query) -> str:
        """What a page says, without its markup."""
        answer = self.get(name, *args, **query)
        assert answer.status_code == 200, answer.status_code
        return words(answer)

    def follow(self, answer) -> str:
        """What the page says that a redirect leads to."""
        assert answer.status_code == 303, (answer.status_code, words(answer))
        return words(self.client.get(answer.headers["Location"]))

    def queries(self, name: str, *args) -> int:
        """How many statements a page costs, those that open and close a transaction not counted."""
        with CaptureQueriesContext(connection) as captured:
            assert self.get(name, *args).status_code == 200
        return len([query for query in captured.captured_queries if not query["sql"].startswith(_NOISE)])


def address(name: str, *args) -> str:
    """A page of the lab by its name, for a case where one is given."""
    if name.startswith("/"):
        return name
    return reverse(f"lab:{name}", args=[getattr(arg, "case_number", arg) for arg in args])


def seen(case) -> str:
    """What a page of this draft that is opened now remembers of the values it shows."""
    case = Submission.objects.select_related("facts").get(pk=case.pk)
    return " ".join(f"{name}={digest(value_of(case, name))}" for name in (*Facts.TEXTS, *DATES))


def words(answer) -> str:
    """The text of a page from its main part on, in single spaces."""
    body = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def errors_beside(answer, field: str) -> list[str]:
    """The messages that stand beside one field of a page, not in its summary."""
    found = re.search(rf'id="id_{field}_error">(.*?)</div></div>', answer.content.decode(), re.DOTALL)
    if found is None:
        return []
    return [html.unescape(part) for part in re.findall(r"<div>([^<]*)", found.group(1) + "</div>")]


def stored_rows() -> tuple:
    """What a refused step must leave as it was: cases with their revisions, files, changes in the ledger."""
    return (
        sorted(Submission.objects.values_list("pk", "revision", "stored_state")),
        DocumentVersion.objects.count(),
        Event.objects.filter(kind="change").count(),
    )
