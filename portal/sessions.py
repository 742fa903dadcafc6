"""Sessions that end by themselves, on the server: after a while without a request, and after half a day whatever happens.

NIST SP 800-63B-4 (AAL2) asks for a new sign-in at least every 24 hours and after an hour of inactivity; the settings are
``PORTAL_SESSION_HOURS`` and ``PORTAL_SESSION_IDLE_MINUTES``. A session's row carries the instant at which it ends unless the
person goes on. Going on moves that instant, at most once a minute and without writing the session's data, so that a request
beside it loses nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from portal import clock

# When the person signed in, in seconds since 1970; in the session's data beside allauth's record of the factors used.
BEGAN = "portal_began"
TOUCHED_EVERY = timedelta(minutes=1)
IDLE, WHOLE = "idle", "whole"


class SessionStore(DatabaseStore):
    """Rows of ``django_session``. By the machine's clock: moving the demonstration's ends no session."""

    # Why the session that the browser named is over: IDLE, WHOLE, or "" for one that goes on or never was.
    ended = ""
    # Whether the browser named a session that there is not, or not any more.
    unknown = False
    # When it ends unless the person goes on, as its row says.
    ends_at: datetime | None = None

    def load(self) -> dict[str, Any]:
        row = self.model.objects.filter(session_key=self.session_key).first()
        data = self.decode(row.session_data) if row is not None else {}
        self.unknown, self.ended = row is None, self._why_ended(row, data)
        if row is None or self.ended or row.expire_date <= clock.machine():
            self._session_key = None
            return {}
        self.ends_at = row.expire_date
        return data

    def _why_ended(self, row: Any, data: dict[str, Any]) -> str:
        """Of a signed-in person's session. One that would go on for longer than any may was made by a clock that went back."""
        if SESSION_KEY not in data:
            return ""
        now, began = clock.machine(), _instant(data)
        if began is not None and not began - clock.SKEW <= now < began + _whole():
            return WHOLE
        return "" if now < row.expire_date <= now + _idle() + clock.SKEW else IDLE

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        if SESSION_KEY in data:
            data.setdefault(BEGAN, clock.machine().timestamp())
        row = super().create_model_instance(data)
        row.expire_date = self._end(data)
        return row

    def touch(self) -> bool:
        """The person goes on. Whether that was written down: once a minute at most, and never past the session's whole time."""
        end = self._end(self._get_session())  # type: ignore[attr-defined]
        if self.ends_at is None or end - self.ends_at < TOUCHED_EVERY:
            return False
        self.ends_at = end
        rows = self.model.objects.filter(session_key=self.session_key, expire_date__lt=end)
        return bool(rows.update(expire_date=end))

    def is_empty(self) -> bool:
        """Whether the browser's cookie is taken away. Not where its key is unknown: a request beside this one may have given it
        another in this moment (``renew_key``), and would lose it.
        """
        return super().is_empty() and not self.unknown

    def renew_key(self) -> tuple[str, str]:
        """Go on under another key, with all that is in the session; the old key opens nothing. Both of them."""
        before = self.session_key
        self.cycle_key()
        return before or "", self.session_key or ""

    def _end(self, data: dict[str, Any]) -> datetime:
        end, began = clock.machine() + _idle(), _instant(data)
        return end if began is None else min(end, began + _whole())


def _instant(data: dict[str, Any]) -> datetime | None:
    began = data.get(BEGAN)
    return None if began is None else datetime.fromtimestamp(began, UTC)


def _idle() -> timedelta:
    return timedelta(minutes=settings.PORTAL_SESSION_IDLE_MINUTES)


def _whole() -> timedelta:
    return timedelta(hours=settings.PORTAL_SESSION_HOURS)
