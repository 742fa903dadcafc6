"""``./run``'s second half: brings the stack up in its folder, keeps it up, and takes it down without a trace."""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path

from portal.stack import fresh, leftovers, process, programs
from portal.stack.keeper import Keeper, Kept
from portal.stack.layout import Layout, StackError, in_use, write_json
from portal.stack.servers import Servers
from portal.stack.welcome import welcome

BASE = Path(__file__).resolve().parent.parent.parent
STOPPING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
TRUE = {"1", "true", "yes", "on"}
# What an operator sets for the stack as a whole; kept in stack.json so that manage.py finds the same.
SECRET_VARIABLES = {
    "PORTAL_SECRET_KEY": "secret_key",
    "PORTAL_LEDGER_KEY": "ledger_key",
    "PORTAL_LEDGER_SIGNING_KEYS": "ledger_signing_keys",
    "PORTAL_INSTRUCTIONS_KEYS": "instructions_keys",
    "PORTAL_METRICS_TOKEN": "metrics_token",
}


def say(text: str) -> None:
    print(text, flush=True)


class Supervisor:
    """One stack in one folder, which it locks. Whatever happens after ``up`` began, ``down`` must be called."""

    def __init__(self, folder: Path, port: int, given: Mapping[str, str]):
        self.layout = Layout(folder)
        self.port = port
        self.given = given
        self.lock = leftovers.lock(self.layout)
        leftovers.end(self.layout)
        leftovers.rotate(self.layout.logs)
        if any(in_use(port, host) for host in programs.hosts(given)):
            raise StackError(f"Port {port} is in use on this machine; choose another: ./run --port N")
        self.servers = Servers(self.layout, given)
        self.keeper = Keeper([], self._publish, say)

    @property
    def environment(self) -> dict[str, str]:
        """What the portal's processes are told: the operator's variables, and where the stack is."""
        return dict(self.given) | {"PORTAL_VAR": str(self.layout.folder), "PYTHONUNBUFFERED": "1"}

    def up(self) -> None:
        """Servers, migrations, static files, demonstration, then the portal's own processes."""
        self._describe()
        say("Starting the database and the broker ...")
        self.servers.start()
        self._prepare()
        self._keep()

    def _describe(self) -> None:
        """Complete what settings will read from stack.json."""
        stack, given = self.servers.stack, self.given
        for variable, name in SECRET_VARIABLES.items():
            if given.get(variable):
                stack["secrets"][name] = given[variable]
        # Invented people have no business in a database that somebody named, unless they ask.
        asked = given.get("PORTAL_DEMO", "1" if self.servers.postgres else "0")
        stack["demo"] = asked.strip().lower() in TRUE
        stack["port"] = self.port
        stack["base_url"] = given.get("PORTAL_BASE_URL") or f"http://localhost:{self.port}"
        stack["mail"] = str(self.layout.folder / "mail")
        for variable in ("EMAIL_URL", "STORAGE_URL"):
            stack[variable.lower()] = given.get(variable, "")
        for name in ("mail", "files", "static"):
            (self.layout.folder / name).mkdir(exist_ok=True, mode=0o700)

    def _prepare(self) -> None:
        self._bring_up_to_date()
        stack = self.servers.stack
        if stack["demo"] and not stack.get("demo_loaded"):
            say("Making the demonstration's organisations, people and cases ...")
            self._finish("load_demo", self._command("load_demo"))
            stack["demo_loaded"] = True
            self.layout.write(stack)
        self._refresh_demo()

    def _bring_up_to_date(self) -> None:
        """Migrations and static files, side by side, each only where something changed since the last start."""
        stack, owner = self.servers.stack, self.servers.stack["database"]["owner_url"]
        static = fresh.static_state()
        collecting = None
        if stack.get("collected") != static or not any((self.layout.folder / "static").iterdir()):
            collecting = self._command("collectstatic", "--noinput", "--verbosity=0")
        try:
            if not stack.get("migrated") or stack["migrated"] != fresh.migrations_state(owner):
                say("Bringing the database up to date ...")
                self._finish("migrate", self._command("migrate", "--noinput"))
        finally:
            if collecting:
                self._finish("collectstatic", collecting)
        stack |= {"collected": static, "migrated": fresh.migrations_state(owner)}
        self.layout.write(stack)

    def _refresh_demo(self) -> None:
        """Ports may differ from those of the start that made the demonstration."""
        path = self.layout.folder / "demo.json"
        if path.exists():
            now = {"base_url": self.servers.stack["base_url"], "database": self.servers.stack["database"]}
            write_json(path, json.loads(path.read_text()) | now)

    def _command(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(BASE / "manage.py"), *arguments]
        return process.spawn(command, log=self._log(arguments[0]), env=self.environment, cwd=BASE)

    def _finish(self, name: str, child: subprocess.Popen[bytes]) -> None:
        if child.wait():
            raise StackError(f"manage.py {name} failed ({self._log(name)}):\n{process.tail(self._log(name))}")

    def _log(self, name: str) -> Path:
        return self.layout.logs / f"{name}.log"

    def _keep(self) -> None:
        if self.servers.postgres:
            self.keeper.kept.append(Kept("postgres", self.servers.postgres.start, signal.SIGINT, patience=30))
        if self.servers.valkey:
            self.keeper.kept.append(Kept("valkey", self.servers.valkey.start))
        for one in self.keeper.kept:
            # They run already; from here on they are the keeper's to start again and to stop.
            one.child = self.servers.children.pop(one.name)
            one.started_at = time.monotonic()
        for name, command in programs.commands(self.given, self.port, self.layout.folder).items():
            self.keeper.kept.append(Kept(name, partial(self._start, name, command), patience=15))
        self.keeper.round()

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        environment = self.environment
        if name == "web":
            environment.setdefault("PORTAL_DB_POOL", "1")
        return process.spawn(command, log=self._log(name), env=environment, cwd=BASE)

    def _publish(self, numbers: dict[str, int]) -> None:
        write_json(self.layout.folder / "pids.json", numbers)

    def wait_ready(self, seconds: float = 60) -> bool:
        """Whether everything answered in time; stops waiting when told to stop."""
        until = time.monotonic() + seconds
        host = "127.0.0.1" if "127.0.0.1" in programs.hosts(self.given) else "localhost"
        while time.monotonic() < until and not signal.sigpending() & STOPPING:
            self.keeper.round()
            try:
                connection = http.client.HTTPConnection(host, self.port, timeout=5)
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == HTTPStatus.OK:
                    return True
                connection.close()
            except (http.client.HTTPException, OSError):
                pass
            time.sleep(0.3)
        return False

    def stay(self) -> None:
        """Look after the processes until told to stop."""
        while True:
            caught = signal.sigtimedwait(STOPPING | {signal.SIGCHLD}, 1.0)
            if caught and caught.si_signo in STOPPING:
                return
            self.keeper.round()

    def down(self) -> None:
        self.keeper.stop()
        self.servers.stop()
        (self.layout.folder / "pids.json").unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--var", type=Path, required=True)
    arguments = parser.parse_args()
    os.umask(0o077)
    # While starting, being told to stop is an exception like Ctrl-C; later, signals are waited for.
    for number in STOPPING:
        signal.signal(number, _interrupt)
    process.adopt_orphans()
    supervisor = None
    try:
        supervisor = Supervisor(arguments.var, arguments.port, os.environ)
        supervisor.up()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING | {signal.SIGCHLD})
        ready = supervisor.wait_ready()
        welcome(supervisor.layout, say, ready=ready)
        supervisor.stay()
        say("Stopping ...")
    except StackError as error:
        sys.exit(f"run: {error}")
    except KeyboardInterrupt:
        say("Stopped while starting.")
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        if supervisor:
            supervisor.down()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
