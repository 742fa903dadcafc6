"""What an earlier start may have left: processes, long logs, and the lock that keeps a folder to one master."""

import fcntl
import json
import os
from pathlib import Path
from typing import TextIO

from portal.stack import process
from portal.stack.layout import Layout, StackError


def lock(layout: Layout) -> TextIO:
    """Held as long as this process lives."""
    file = (layout.folder / "run.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise StackError(f"The stack in {layout.folder} runs already (process {owner}).") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def end(layout: Layout) -> None:
    """Wait for what a killed supervisor left: the kernel told it to stop, but it may be slow, and then it is ended.

    A number in the file may belong to somebody else by now, so only what names this folder or server is waited for.
    """
    path = layout.folder / "pids.json"
    try:
        numbers = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    for name, pid in numbers.items():
        if not _is_ours(name, pid, layout.folder):
            continue
        if not process.wait_gone(pid, 10) and name in {"web", "worker", "beat"}:
            process.kill_group(pid)
            process.wait_gone(pid, 5)
    path.unlink(missing_ok=True)


def _is_ours(name: str, pid: int, folder: Path) -> bool:
    if name in {"postgres", "valkey"}:
        return name in " ".join(process.command_line(pid))
    return f"PORTAL_VAR={folder}" in process.surroundings(pid)


def rotate(logs: Path, limit: int = 20_000_000) -> None:
    """Put long logs aside; one older generation is kept."""
    for log in logs.glob("*.log"):
        if log.stat().st_size > limit:
            log.replace(log.with_suffix(".log.1"))
