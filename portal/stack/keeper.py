"""Keeps a set of processes running: starts again what died, and tells others the present process numbers."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.stack import process

# Long enough to tell a process that cannot start from one that somebody ended.
STEADY_SECONDS = 10.0
LONGEST_PAUSE = 30.0


@dataclass
class Kept:
    """One process: how it is started and stopped, and how its last starts went."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = field(default=0.0)

    def begin(self) -> None:
        self.child = self.start()
        self.started_at = time.monotonic()

    def died(self) -> bool:
        """Notice that it ended, and set the time of the next start: at once, unless it keeps dying young."""
        if self.child is None or self.child.poll() is None:
            return False
        # A killed leader leaves workers, which would hold its port and its tasks.
        process.kill_group(self.child.pid)
        self.child = None
        now = time.monotonic()
        steady = now - self.started_at > STEADY_SECONDS
        self.pause = 0.0 if steady else min(max(0.5, 2 * self.pause), LONGEST_PAUSE)
        self.start_at = now + self.pause
        return True

    def due(self) -> bool:
        return self.child is None and time.monotonic() >= self.start_at


class Keeper:
    """The processes in the order of their start. ``publish`` is told the numbers whenever one changes."""

    def __init__(
        self, kept: list[Kept], publish: Callable[[dict[str, int]], None], say: Callable[[str], None]
    ):
        self.kept = kept
        self.publish = publish
        self.say = say

    def numbers(self) -> dict[str, int]:
        return {one.name: one.child.pid for one in self.kept if one.child}

    def round(self) -> None:
        """Look after each process once."""
        changed = False
        for one in self.kept:
            code = one.child.poll() if one.child else None
            if one.died():
                self.say(f"{one.name} ended ({_ending(code)}); it is started again.")
                changed = True
            if one.due():
                one.begin()
                changed = True
        process.reap_orphans(set(self.numbers().values()))
        if changed:
            self.publish(self.numbers())

    def stop(self) -> None:
        """Stop all: first, together, what was started last; the servers they use after them."""
        front = [one for one in self.kept if one.name not in {"postgres", "valkey"}]
        for one in front:
            if one.child and one.child.poll() is None:
                one.child.send_signal(one.stop_signal)
        for one in [*reversed(front), *(one for one in reversed(self.kept) if one not in front)]:
            if one.child:
                process.end(one.child, one.stop_signal, one.patience)
                one.child = None


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
