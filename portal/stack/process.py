"""Starting and ending child processes so that none is left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

NOBODY = 65534
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGTERM,
    demote: bool = False,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own; the kernel sends it ``death_signal`` when its parent's thread ends.

    With ``demote`` it runs as an unprivileged user, since PostgreSQL refuses root. Call it from the main thread only: the
    kernel ties the promise to the thread that forked, not to the process.
    """
    parent = os.getpid()

    def in_child() -> None:
        # Signals that the parent waits for are blocked in it, and a child inherits that.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _libc.prctl(PR_SET_PDEATHSIG, death_signal)
        # The parent may have ended before the promise was made.
        if os.getppid() != parent:
            os._exit(1)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            process_group=0,
            preexec_fn=in_child,  # noqa: PLW1509 -- the parent is single-threaded when it forks
            user=NOBODY if demote else None,
            group=NOBODY if demote else None,
            extra_groups=[] if demote else None,
        )


def end(child: subprocess.Popen[bytes], how: signal.Signals, seconds: float) -> None:
    """Ask a child to stop, wait, then kill what remains of its group."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    kill_group(child.pid)
    child.wait()


def kill_group(leader: int) -> None:
    """Kill a group whose leader is gone or will not go: a killed server leaves its workers behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of what a killed child leaves, so that :func:`reap_orphans` can bury it."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans(known: set[int]) -> None:
    """Collect ended processes that nobody else waits for; those in ``known`` are left to whoever started them."""
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in known:
                return
            os.waitpid(ended.si_pid, os.WNOHANG)


def command_line(pid: int) -> list[str]:
    """A process's arguments; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def surroundings(pid: int) -> list[str]:
    """A process's environment at its start; empty when it is gone or somebody else's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def wait_gone(pid: int, seconds: float) -> bool:
    """Wait for a process that is not our child to end."""
    until = time.monotonic() + seconds
    while command_line(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
