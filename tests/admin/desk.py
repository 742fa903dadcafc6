"""A person at the workbench: a signed-in browser without the browser."""

import html
import re

from django.conf import settings
from django.test import Client
from django.test.client import ClientHandler
from django.urls import reverse

# Middleware is made once: making it reads every static file's size, which is most of what a short test costs.
_HANDLER = ClientHandler(enforce_csrf_checks=False)


class Desk:
    """One person's session."""

    def __init__(self, user=None):
        self.user = user
        self.client = Client()
        self.client.handler = _HANDLER
        if user is not None:
            self.client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def get(self, page: str, *args, **query):
        return self.client.get(address(page, *args), query)

    def post(self, page: str, *args, **data):
        return self.client.post(address(page, *args), data)

    def text(self, page: str, *args, **query) -> str:
        """What a page says, without its markup."""
        answer = self.get(page, *args, **query)
        assert answer.status_code == 200, answer.status_code
        return words(answer)


def address(page: str, *args) -> str:
    return page if page.startswith("/") else reverse(f"admin:{page}", args=args)


def words(answer) -> str:
    """The text of a page from its main part on, in single spaces."""
    body = answer.content.decode().partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


CASES, CASE = "submissions_submission_changelist", "submissions_submission_change"
