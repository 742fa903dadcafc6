"""``python -m bench.evidence``: memory and time of reading an evaluation log of 200 MB, beside loading it whole.

Each reading is a process of its own. "Above idle" is its peak resident memory less that of a process that has imported the same
and read nothing. The yardstick is ``json.load`` of the same file. Then the same files go through the web form: peak of all web
processes above what they held at rest.
"""

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bench.upload import PREPARE, Memory, multipart
from bench.web import environment_of, make_database, web_server
from portal.stack.layout import Layout, free_port
from portal.stack.servers import Servers

SIZE = 200 * 2**20
HEAD = {
    "version": 2,
    "status": "success",
    "eval": {"task": "cyber_range", "model": "invented/kestrel-5", "dataset": {"name": "range"}},
    "results": {
        "total_samples": 1,
        "scores": [{"name": "match", "metrics": {"accuracy": {"name": "accuracy", "value": 0.625}}}],
    },
}
READ = """
import json, resource, sys, time
from portal.submissions.evidence import reading
begun = time.monotonic()
how, path = sys.argv[1:]
if how != "idle":
    with open(path, "rb") as stream:
        found = json.load(stream) if how == "json.load" else reading.read_evidence(stream)
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.monotonic() - begun]))
"""


def sample(number: int) -> bytes:
    """About 20 kB: messages with quotes and brackets in their text, as real ones have."""
    text = f'Step {number}: he said "open {{the}} [door]" and wrote \\n. ' * 20
    messages = [{"role": "user", "content": text, "id": f"m{number}-{turn}"} for turn in range(15)]
    return json.dumps({"id": number, "epoch": 1, "messages": messages, "scores": {}}).encode()


def make(folder: Path) -> dict[str, Path]:
    """The same log as JSON and as an archive whose samples are stored as they are, so that both have the size."""
    paths = {"JSON": folder / "log.json", "archive": folder / "log.eval"}
    head = json.dumps(HEAD).encode()
    with (
        paths["JSON"].open("wb") as plain,
        zipfile.ZipFile(paths["archive"], "w", zipfile.ZIP_STORED) as packed,
    ):
        plain.write(head[:-1] + b', "samples": [')
        number = 0
        while plain.tell() < SIZE:
            content = sample(number)
            plain.write((b", " if number else b"") + content)
            packed.writestr(f"samples/{number}_epoch_1.json", content)
            number += 1
        plain.write(b"]}")
        packed.writestr("header.json", head)
    return paths


def measure(how: str, path: Path) -> tuple[float, float]:
    """Peak memory in bytes, and seconds."""
    done = subprocess.run(
        [sys.executable, "-c", READ, how, str(path)], check=True, stdout=subprocess.PIPE, text=True
    )
    peak, seconds = json.loads(done.stdout)
    return peak, seconds


def by_form(port: int, made: dict, path: Path) -> None:
    """The offer that the lab's page makes of a file."""
    secret = "a" * 32
    headers = {
        "Cookie": f"{made['session']}; csrftoken={secret}",
        "Origin": f"http://localhost:{port}",
    }
    address = f"/lab/cases/{made['number']}/evidence/"
    fields = {"csrfmiddlewaretoken": secret, "do": "file"}
    response, body = multipart(port, address, headers, fields, path.name, path)
    if response.status != 200 or b"cyber_range" not in body or b"0.625" not in body:
        raise SystemExit(f"The page read nothing: {response.status} {body[:300]!r}")


def through_the_web(paths: dict[str, Path], folder: Path) -> None:
    servers = Servers(Layout(folder / "stack"), environment={})
    servers.start()
    try:
        environment = environment_of(servers.stack, "evidence", folder / "stack")
        made = make_database(servers.stack, "evidence", environment, PREPARE)
        port = free_port(None)
        with web_server(port, environment, "--timeout", "600") as web:
            small = folder / "small.json"
            small.write_text(json.dumps(HEAD))
            for _ in range(20):
                by_form(port, made, small)
            for label, path in paths.items():
                idle, watch, begun = Memory(web.pid).now(), Memory(web.pid), time.monotonic()
                watch.start()
                by_form(port, made, path)
                seconds = time.monotonic() - begun
                print(
                    f"| {label}, by the web form | {(watch.stop() - idle) / 2**20:.0f} MB | {seconds:.1f} |"
                )
    finally:
        servers.stop()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        paths = make(Path(name))
        idle, _ = measure("idle", paths["JSON"])
        print("| what | peak above idle | seconds |\n|---|---|---|")
        for label, how, path in (
            ("JSON log", "read", paths["JSON"]),
            ("archive", "read", paths["archive"]),
            ("the JSON log by `json.load`", "json.load", paths["JSON"]),
        ):
            peak, seconds = measure(how, path)
            print(f"| {label} | {(peak - idle) / 2**20:.0f} MB | {seconds:.2f} |")
        through_the_web(paths, Path(name))


if __name__ == "__main__":
    main()
