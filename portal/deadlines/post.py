"""The connection to the mail server, or the folder that stands for one."""

from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from portal.deadlines.failures import SHUTTING_DOWN, NoServerError


class Post:
    """Opened on its first use, and again after it broke. Raises ``NoServerError`` where it cannot be opened."""

    def __init__(self) -> None:
        self._backend: Any = None

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        if self._backend is not None:
            return
        backend = get_connection()
        try:
            backend.open()
        except Exception as error:
            raise NoServerError(f"{type(error).__name__}: {error}") from error
        self._backend = backend

    def send(self, letter: EmailMessage) -> None:
        """Returns once the mail server has taken the letter."""
        self.open()
        try:
            self._backend.send_messages([letter])
        except (SMTPResponseException, SMTPRecipientsRefused) as error:
            # An answer: the connection stands, unless the server said goodbye with it.
            if getattr(error, "smtp_code", None) == SHUTTING_DOWN:
                self.close()
            raise
        except OSError as error:
            is_folder = not isinstance(self._backend, EmailBackend)
            self.close()
            if is_folder:
                raise NoServerError(f"{type(error).__name__}: {error.strerror}") from error
            raise

    def close(self) -> None:
        """Says goodbye; to a server that is gone, nothing."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.fail_silently = True
            backend.close()
