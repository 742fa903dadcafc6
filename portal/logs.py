"""Log lines: one JSON object a line on standard error, never a request's body."""

import json
import logging
import re
from datetime import UTC, datetime

from django.http import HttpRequest

# Whoever has these addresses needs no more than them: they open a calendar, end somebody's daily mail, or set a password.
_SECRET = re.compile(r"((?<!/notices)/calendar/|/notices/unsubscribe/|/password/reset/key/)[^/\s\"]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def without_secrets(text: str) -> str:
    """A line or path without what in it is a secret."""
    return _SECRET.sub(r"\1...", text)


def in_one_line(text: str) -> str:
    """A path that was sent, without what would begin a line of its own in a log."""
    return _CONTROL.sub("?", text)


class JsonFormatter(logging.Formatter):
    """Time, level, logger and message, with the request's method, path and answer where the line is about one.

    A record's ``fields`` are added to it. Whatever they and the path hold, JSON keeps them in one line.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "process": record.process,
        }
        request = getattr(record, "request", None)
        # Celery's records carry a request of another kind.
        if isinstance(request, HttpRequest):
            line |= {"method": request.method, "path": without_secrets(request.path)}
        if hasattr(record, "status_code"):
            line["status"] = record.status_code
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
