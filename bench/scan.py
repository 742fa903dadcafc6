"""``python -m bench.scan --var DIR --wapiti PROGRAM --to FOLDER``: a web scanner over a demonstration, as each of its roles.

It starts and stops nothing but the scanner: ``./run --port 8133 --var DIR`` holds the demonstration, which is spoilt afterwards,
since every form is sent. The scanner lives in a virtual environment of its own (``pip install wapiti3``), outside the locked
packages. Each role signs in by the sign-in page, with password and code. Nothing leaves this machine: what the portal could be
made to fetch stands at a listener of this program, and the scanner reports home to nobody.

Writes one report a role, and ``summary.json``: pages, findings, who called the listener, and each answer of 500 and above.
"""

import argparse
import base64
import hmac
import json
import re
import struct
import subprocess
import threading
import time
from collections import Counter
from http.cookiejar import Cookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

# Those whom a scan hurts least come first: one role's forms end another's seat.
ROLES = {
    "nobody": None,
    "lab viewer": "vera.viewer@kestrel.example",
    "lab contributor": "noor.contributor@kestrel.example",
    "partner member": "milo.member@harbor.example",
    "partner admin": "hana.admin@harbor.example",
    "reviewer": "rafael.reviewer@dcda.example",
    "liaison": "lionel.liaison@dcda.example",
    "security": "selma.security@dsi.example",
    "auditor": "augusta.auditor@dsi.example",
    "designator": "dorian.designator@dsd.example",
    "lab admin": "kit.admin@kestrel.example",
    "coordinator": "cora.coordinator@dsi.example",
    "sysadmin": "sasha.sysadmin@portal.example",
}
PASSIVE = "cookieflags,csp,http_headers,https_redirect"
ACTIVE = (
    "backup", "crlf", "csrf", "exec", "file", "htaccess", "ldap", "methods", "permanentxss", "redirect", "shellshock",
    "sql", "ssrf", "timesql", "upload", "xss", "xxe",
)  # fmt: skip
# What ends the session, or the person's way in.
LEFT_OUT = (
    "/account/logout/*", "/account/login/*", "/account/reauthenticate/*", "/account/password/*", "/account/2fa/*",
    "/account/sessions/*", "/account/member/*/end/*", "/admin/logout/*", "/admin/login/*", "/admin/password_change/*",
    "/static/*",
)  # fmt: skip
STARTS = (
    "/",
    "/lab/",
    "/partner/",
    "/admin/",
    "/account/",
    "/ledger/heads/",
    "/api/docs/",
    "/api/v1/submissions/",
)
METHODS = ("GET", "POST", "HEAD", "OPTIONS")
ANSWER = re.compile(r'^\[.*"(\S+) (.*)" (\d\d\d) ')


class Listener(ThreadingHTTPServer):
    """Where a portal that fetches what it is told would come to; it tells the scanner that nobody did."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.callers: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        asked = self.path.startswith(("/get_ssrf.php", "/get_xxe.php")) or self.path == "/"
        if not asked:
            self.server.callers.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_HEAD = do_GET  # noqa: N815 (names of the library)

    def log_message(self, *arguments) -> None:
        pass


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def sign_in(base: str, account: dict) -> requests.Session:
    browser = requests.Session()
    for path, form in (
        ("/account/login/", {"login": account["email"], "password": account["password"]}),
        ("/account/2fa/authenticate/", {"code": code(account["totp_secret"])}),
    ):
        browser.get(base + path)
        sent = form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post(base + path, sent, headers={"Referer": base + path})
    if not signed_in(base, browser):
        raise SystemExit(f"{account['email']} cannot sign in.")
    return browser


def signed_in(base: str, browser: requests.Session) -> bool:
    return browser.get(f"{base}/account/profile/", allow_redirects=False).status_code == 200


def flags(cookie: Cookie) -> str:
    """What a cookie of the sign-in says of itself."""
    others = {name.lower(): value for name, value in cookie._rest.items()}
    said = {
        "Secure": cookie.secure,
        "HttpOnly": "httponly" in others,
        f"SameSite={others.get('samesite')}": "samesite" in others,
    }
    return ", ".join(name for name, is_set in said.items() if is_set)


def scan(
    program: str, base: str, folder: Path, role: str, browser: requests.Session | None, endpoint: str, options
) -> dict:
    """One role's scan; the report's part that matters."""
    name = role.replace(" ", "-")
    report = folder / f"{name}.json"
    report.unlink(missing_ok=True)
    command = [
        program,
        "-u",
        f"{base}/",
        "--scope",
        "folder",
        "-m",
        options.modules,
        "-f",
        "json",
        "-o",
        str(report),
    ]
    command += ["--max-scan-time", str(options.crawl), "--max-attack-time", str(options.attack)]
    command += [
        "--max-links-per-page",
        "60",
        "--max-files-per-dir",
        str(options.files),
        "--max-parameters",
        "40",
        "-d",
        "6",
    ]
    command += [
        "--endpoint",
        endpoint,
        "--no-bugreport",
        "--flush-session",
        "--tasks",
        "4",
        "-t",
        "20",
        "-v",
        "1",
    ]
    command += ["--store-session", str(folder / "sessions"), "--store-config", str(folder / "config")]
    command += [
        "--skip",
        "csrfmiddlewaretoken",
        "--log",
        str(folder / f"{name}.log"),
    ]
    for path in LEFT_OUT:
        command += ["-x", base + path]
    for path in STARTS:
        command += ["-s", base + path]
    if browser:
        # As a header, so that no answer puts another form's secret beside the one that the forms have.
        command += ["-C", "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)]
    begun = time.monotonic()
    with (folder / f"{name}.out").open("w") as output:
        subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    found = json.loads(report.read_text())
    return {
        "seconds": round(time.monotonic() - begun),
        "pages": found["infos"]["crawled_pages_nbr"],
        "cookies": {cookie.name: flags(cookie) for cookie in browser.cookies} if browser else {},
        "signed in to the end": signed_in(base, browser) if browser else None,
        "findings": {
            name: sorted({f"{one['method']} {one['path']} {one['parameter']}: {one['info']}" for one in ones})
            for part in ("vulnerabilities", "anomalies", "additionals")
            for name, ones in found[part].items()
            if ones
        },
    }


def answered(log: Path, since: int) -> dict:
    """What the web server's log says from that byte on: how many answers of each kind, and each of 500 and above."""
    text = log.read_bytes()[since:].decode(errors="replace")
    answers = [found.groups() for line in text.splitlines() if (found := ANSWER.match(line))]
    counted = Counter(f"{method if method in METHODS else 'other'} {status}" for method, _, status in answers)
    return {
        "answers": dict(sorted(counted.items())),
        "faults": sorted(
            {f"{status} {method} {path}" for method, path, status in answers if status >= "500"}
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--var", type=Path, required=True, help="the folder of a running demonstration")
    parser.add_argument("--wapiti", required=True, help="the scanner's program")
    parser.add_argument("--to", type=Path, required=True, help="the folder for reports")
    parser.add_argument("--role", action="append", choices=ROLES, help="only this role; may be repeated")
    parser.add_argument("--crawl", type=int, default=60, help="seconds in which pages are looked for (60)")
    parser.add_argument("--attack", type=int, default=10, help="seconds of each module (10)")
    parser.add_argument(
        "--files", type=int, default=40, help="pages of one folder at most (40); fewer leave time for forms"
    )
    parser.add_argument(
        "--modules", default=",".join((PASSIVE, *ACTIVE)), help="which modules, between commas"
    )
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    demo = json.loads((options.var / "demo.json").read_text())
    base = f"http://127.0.0.1:{demo['base_url'].rpartition(':')[2]}"
    accounts = {account["email"]: account for account in demo["accounts"]}
    log = options.var / "logs" / "web.log"
    summary: dict = {}
    for role in options.role or ROLES:
        listener, since = Listener(), log.stat().st_size
        browser = sign_in(base, accounts[ROLES[role]]) if ROLES[role] else None
        found = scan(options.wapiti, base, options.to, role, browser, listener.address, options)
        listener.shutdown()
        summary[role] = found | {"called the listener": listener.callers} | answered(log, since)
        (options.to / "summary.json").write_text(json.dumps(summary, indent=1))
        print(json.dumps({role: summary[role]}, indent=1), flush=True)


if __name__ == "__main__":
    main()
