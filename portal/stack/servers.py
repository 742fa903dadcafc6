"""Both embedded servers of one stack, or those of them that no address in the environment replaces."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.stack import home as homes
from portal.stack import process
from portal.stack.layout import Layout, free_port, new_secrets
from portal.stack.postgres import Postgres
from portal.stack.valkey import Valkey


class Servers:
    """Starts, furnishes and stops; writes ``stack.json`` so that ``manage.py`` finds them."""

    def __init__(
        self, layout: Layout, environment: Mapping[str, str] | None = None, *, careless: bool = False
    ):
        environment = os.environ if environment is None else environment
        self.layout = layout
        self.stack: dict[str, Any] = layout.read()
        for name, value in new_secrets().items():
            if name not in self.stack.get("secrets", {}):
                self.keep_secret(name, value)
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        own_database, own_broker = not environment.get("DATABASE_URL"), not environment.get("REDIS_URL")
        ports = self.stack.setdefault("ports", {})
        if own_database or own_broker:
            home = homes.find(layout)
        if own_database:
            ports["postgres"] = free_port(ports.get("postgres"))
            log = layout.logs / "postgres.log"
            self.postgres = Postgres(home, self.stack["secrets"], ports["postgres"], log, careless=careless)
        if own_broker:
            ports["valkey"] = free_port(ports.get("valkey"))
            self.valkey = Valkey(home, self.stack["secrets"], ports["valkey"], layout.logs / "valkey.log")
        self._addresses(environment)

    def keep_secret(self, name: str, value: str) -> None:
        """Take a secret over into ``stack.json``, and note when that was where it is another than before."""
        known = self.stack.setdefault("secrets", {})
        if known.get(name) != value:
            known[name] = value
            since = datetime.now(UTC).isoformat(timespec="seconds")
            self.stack.setdefault("secrets_since", {})[name] = since

    def _addresses(self, environment: Mapping[str, str]) -> None:
        if self.postgres:
            self.stack["database"] = {
                "owner_url": self.postgres.url("owner"),
                "app_url": self.postgres.url("app"),
            }
        else:
            app = environment["DATABASE_URL"]
            self.stack["database"] = {
                "owner_url": environment.get("DATABASE_OWNER_URL") or app,
                "app_url": app,
            }
        self.stack["redis_url"] = self.valkey.url if self.valkey else environment["REDIS_URL"]

    def start(self) -> None:
        """Bring both up and furnish the database; on failure nothing is left running."""
        # Written first: the passwords must not be lost when the cluster was made and the start then failed.
        self.layout.write(self.stack)
        try:
            if self.postgres:
                self.postgres.prepare()
                self.children["postgres"] = self.postgres.start()
            if self.valkey:
                self.children["valkey"] = self.valkey.start()
                self.valkey.wait(self.children["valkey"])
            if self.postgres:
                self.postgres.wait(self.children["postgres"])
                self.postgres.furnish()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what was started, the database last."""
        if self.valkey and (child := self.children.pop("valkey", None)):
            process.end(child, self.valkey.stop_signal, 10)
        if self.postgres and (child := self.children.pop("postgres", None)):
            process.end(child, self.postgres.stop_signal, 30)
