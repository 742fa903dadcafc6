"""One stack's folder: what lies where, and the ``stack.json`` by which everything else finds it."""

import base64
import json
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Any


class StackError(Exception):
    """The stack cannot start; the message is for the person who started it."""


class Layout:
    """The folder of a stack. Creating one makes the folder; nothing is started."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        # Root's servers run as another user, who must be able to pass through; what is secret has a mode of its own.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            self.folder.chmod(0o711)
        self.logs.mkdir(exist_ok=True, mode=0o700)

    @property
    def stack_file(self) -> Path:
        return self.folder / "stack.json"

    def read(self) -> dict[str, Any]:
        """What an earlier start wrote; empty on the first."""
        try:
            return json.loads(self.stack_file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StackError(
                f"{self.stack_file} is damaged: {error}. Mend it, or start with another folder."
            ) from error

    def write(self, stack: dict[str, Any]) -> None:
        write_json(self.stack_file, stack)


def write_json(path: Path, value: Any) -> None:
    """Replace a file whole, readable by its owner only: a reader never sees half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(value, file, indent=1)
            file.write("\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def new_secrets() -> dict[str, str]:
    """Keys and passwords of a new stack. Losing them loses sessions, and the instructions and signatures made with them."""
    return {
        "secret_key": secrets.token_urlsafe(50),
        "ledger_key": secrets.token_urlsafe(32),
        "ledger_signing_keys": base64.b64encode(secrets.token_bytes(32)).decode(),
        "instructions_keys": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "postgres": secrets.token_urlsafe(24),
        "owner": secrets.token_urlsafe(24),
        "app": secrets.token_urlsafe(24),
        "valkey": secrets.token_urlsafe(24),
    }


def in_use(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free_port(remembered: int | None) -> int:
    """The port of the last start where it is still free, so that addresses people noted stay true."""
    if remembered and not in_use(remembered):
        return remembered
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
