"""Mail for a stack without a mail server: one .eml file a message in a folder."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class FolderBackend(BaseEmailBackend):
    """Writes each message whole into ``settings.PORTAL_MAIL_DIR``, or not at all.

    The file is named by the Message-ID, so a message that is sent a second time after a crash replaces itself and a
    reader who counts files counts messages. A reader never sees half a file.
    """

    def __init__(self, *args: Any, folder: str | os.PathLike[str] | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.folder = Path(folder or settings.PORTAL_MAIL_DIR)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        content = message.message()
        name = re.sub(r"[^A-Za-z0-9._@+=-]", "_", str(content["Message-ID"]).strip("<> "))[:200]
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.as_bytes())
            Path(temporary).replace(self.folder / f"{name}.eml")
        except BaseException:
            Path(temporary).unlink()
            raise
