"""The embedded Valkey: broker and cache. It keeps nothing on disk, because no fact lives only there."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from portal.stack import process
from portal.stack.home import Home
from portal.stack.layout import StackError

CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
save ""
appendonly no
daemonize no
"""


class Valkey:
    """A server on one local port with a password; what it held is gone when it stops."""

    stop_signal = signal.SIGTERM

    def __init__(self, home: Home, secrets: dict[str, str], port: int, log: Path):
        self.home = home
        self.secrets = secrets
        self.port = port
        self.log = log
        self.folder = home.data / "valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.secrets['valkey']}@127.0.0.1:{self.port}/0"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; it may not yet answer. The password goes through a file, since anybody can read a command line."""
        self.home.give(self.folder)
        configuration = self.folder / "valkey.conf"
        configuration.unlink(missing_ok=True)
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(port=self.port, folder=self.folder, password=self.secrets["valkey"]),
        )
        if self.home.demote:
            os.chown(configuration, process.NOBODY, process.NOBODY)
        return process.spawn(
            [self.home.valkey_server, configuration],
            log=self.log,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            demote=self.home.demote,
            cwd=self.folder,
        )

    def wait(self, child: subprocess.Popen[bytes], seconds: float = 15) -> None:
        """Return when the server answers; raises StackError when it ended or took too long."""
        until = time.monotonic() + seconds
        while not self._answers():
            if child.poll() is not None or time.monotonic() > until:
                raise StackError(f"Valkey did not start:\n{process.tail(self.log)}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5) as probe:
            probe.sendall(f"AUTH {self.secrets['valkey']}\r\nPING\r\n".encode())
            probe.settimeout(0.5)
            answer = b""
            while b"PONG" not in answer and b"-" not in answer:
                part = probe.recv(100)
                if not part:
                    return False
                answer += part
            return b"PONG" in answer
        return False
