"""``python -m bench.upload``: peak memory of the web processes while a 512 MB file goes up and comes down, above idle.

The yardstick is the same server at rest just before. The file is text of the size limit, so that every check reads all of it.
"""

import hashlib
import http.client
import json
import os
import threading
import time
from pathlib import Path

from bench.web import environment_of, make_database, servers, web_server
from portal.stack.layout import free_port

SIZE = 512 * 2**20
BOUNDARY = "bench-boundary"

PREPARE = """
import django, json
django.setup()
from datetime import timedelta
from django.db import transaction
from knox.models import get_token_model
from bench import data
from portal import clock
from portal.submissions import actions
from portal.accounts.models import Organisation
people = data.people()
lab = Organisation.objects.get(name="Bench Lab 0 (invented)")
with transaction.atomic():
    case = actions.create_draft(actor=people["lab"], lab=lab)
from django.conf import settings
from django.test import Client
browser = Client()
browser.force_login(people["lab"], backend=settings.AUTHENTICATION_BACKENDS[0])
print(json.dumps({
    "token": get_token_model().objects.create(people["lab"])[1], "case": str(case.pk), "number": case.case_number,
    "session": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}",
}))
"""


class Memory(threading.Thread):
    """Watches the resident memory of a process and its children, in bytes, until ``stop`` is called."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.peak, self.ended = pid, 0, threading.Event()

    def now(self) -> int:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(self._resident(pid) for pid in [str(self.pid), *children])

    def _resident(self, pid: str) -> int:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.peak = max(self.peak, self.now())

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.peak


def multipart(port: int, address: str, headers: dict, fields: dict, name: str, path: Path):
    """The answer to a form with a file, sent piece by piece, and its body."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    )
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += "Content-Type: text/plain\r\n\r\n"
    tail = f"\r\n--{BOUNDARY}--\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.putrequest("POST", address, skip_host=True)
    sent = headers | {
        "Host": f"localhost:{port}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(head) + path.stat().st_size + len(tail)),
    }
    for header, value in sent.items():
        connection.putheader(header, value)
    connection.endheaders()
    connection.send(head.encode())
    with path.open("rb") as source:
        while piece := source.read(2**20):
            connection.send(piece)
    connection.send(tail.encode())
    response = connection.getresponse()
    return response, response.read()


def upload(port: int, made: dict, path: Path) -> dict:
    fields = {"submission": made["case"], "kind": "other", "title": "Large"}
    token = {"Authorization": f"Bearer {made['token']}"}
    response, body = multipart(port, "/api/v1/documents/", token, fields, "large.txt", path)
    if response.status != 201:
        raise SystemExit(f"upload: {response.status} {body[:300]!r}")
    return json.loads(body)


def download(port: int, made: dict, document: str) -> str:
    """The SHA-256 of what comes down."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Host": f"localhost:{port}", "Authorization": f"Bearer {made['token']}"}
    connection.request("GET", f"/api/v1/documents/{document}/content/", headers=headers)
    response = connection.getresponse()
    digest = hashlib.sha256()
    while piece := response.read(2**20):
        digest.update(piece)
    return digest.hexdigest()


def large_file(path: Path) -> str:
    digest = hashlib.sha256()
    piece = b"An invented line of a large evaluation log.\n" * 23_831
    piece = piece[: 2**20 - 1] + b"\n"
    with path.open("wb") as target:
        for _ in range(SIZE // len(piece)):
            target.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def main() -> None:
    with servers() as (stack, folder):
        environment = environment_of(stack, "upload", folder)
        made = make_database(stack, "upload", environment, PREPARE)
        sha256 = large_file(folder / "large.txt")
        port = free_port(None)
        with web_server(port, environment, "--timeout", "600") as web:
            for _ in range(20):
                download(port, made, "00000000-0000-0000-0000-000000000000")
            up_and_down(port, made, folder / "large.txt", sha256, web.pid)


def up_and_down(port: int, made: dict, path: Path, sha256: str, pid: int) -> None:
    """Send the file, fetch it again, and print the peak of each above what the processes held before."""
    idle = Memory(pid).now()
    document = ""
    for what in ("upload", "download"):
        watch = Memory(pid)
        watch.start()
        begun = time.monotonic()
        if what == "upload":
            document = upload(port, made, path)["id"]
        elif download(port, made, document) != sha256:
            raise SystemExit("What came down is not what went up.")
        seconds, above = time.monotonic() - begun, (watch.stop() - idle) / 2**20
        print(
            f"{what} of {SIZE // 2**20} MB: peak {above:.0f} MB above idle ({idle / 2**20:.0f} MB), {seconds:.1f} s"
        )


if __name__ == "__main__":
    main()
