"""``python -m bench.sink PORT [FILE]``: an SMTP sink on the loopback interface that takes everything.

With a FILE it adds a line of JSON to it for each mail, before it says that it took it: whatever is killed after that, the mail
was delivered.
"""

import json
import os
import signal
import sys
import time
from email.parser import BytesHeaderParser

from aiosmtpd.controller import Controller


class Sink:
    def __init__(self, path: str | None):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802, the library's name
        if self.file is not None:
            headers = BytesHeaderParser().parsebytes(envelope.content)
            kept = {
                "id": headers["Message-ID"],
                "reminder": headers["X-Reminder"],
                "to": envelope.rcpt_tos,
                "at": time.time(),
            }
            os.write(self.file, json.dumps(kept).encode() + b"\n")
        return "250 OK"


def main() -> None:
    controller = Controller(
        Sink(sys.argv[2] if len(sys.argv) > 2 else None), hostname="127.0.0.1", port=int(sys.argv[1])
    )
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    main()
