"""``./test``'s steps before pytest: lint, types, import contracts, advisories, bill of materials, Django's checks, and a browser.

Run by the virtual environment's Python.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from portal.stack import advisories

BASE = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Settings refuse to start without secrets; what only reads code has none to give.
TRIAL = os.environ | {"PORTAL_TESTING": "1", "PORTAL_VAR": str(BASE / "build" / "checks")}


def say(text: str) -> None:
    print(text, flush=True)


def browser() -> str | None:
    """The machine's Chromium; installed where this machine lets us, since no Python package brings one."""
    for attempt in range(2):
        for name in BROWSERS:
            if found := shutil.which(name):
                return found
        if attempt or os.geteuid() or not shutil.which("apt-get"):
            return None
        say("Installing Chromium for the browser tests ...")
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation")
    return None


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, check=False)


def lint() -> list[str]:
    """The names of the steps that failed; each prints its complaint when it fails, a line when it does not."""
    (BASE / "build" / "checks").mkdir(parents=True, exist_ok=True)
    return [name for name, step in STEPS.items() if not _timed(name, step)]


def _timed(name: str, step: Callable[[], bool]) -> bool:
    begun = time.monotonic()
    good = step()
    say(f"{'ok    ' if good else 'FAILED'}  {name}  ({time.monotonic() - begun:.1f} s)")
    return good


def _tool(*arguments: str) -> Callable[[], bool]:
    def step() -> bool:
        done = subprocess.run(
            [BIN / arguments[0], *arguments[1:]],
            cwd=BASE,
            env=TRIAL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            say(done.stdout + done.stderr)
        return done.returncode == 0

    return step


def _templates() -> bool:
    files = sorted(str(path) for path in (BASE / "templates").rglob("*.html"))
    return not files or _tool("djade", "--target-version", "5.2", "--check", *files)()


def _advisories() -> bool:
    return advisories.step(say, today=datetime.now(UTC).date())


STEPS: dict[str, Callable[[], bool]] = {
    "ruff": _tool("ruff", "check", "--quiet", ".", "run", "test"),
    "ruff format": _tool("ruff", "format", "--check", "--quiet", ".", "run", "test"),
    "doors": _tool("python", "-m", "tests.lint.doors"),
    "templates (djade)": _templates,
    "import contracts": _tool("lint-imports", "--no-cache"),
    "bandit": _tool("bandit", "-q", "-r", "-c", "pyproject.toml", "portal", "reviews", "partners"),
    "advisories (pip-audit)": _advisories,
    "bill of materials (CycloneDX)": _tool("python", "-m", "portal.stack.sbom", "--check"),
    "Django's checks": _tool("python", "manage.py", "check", "--fail-level", "WARNING"),
    "types (mypy)": _tool("mypy"),
}


def main() -> int:
    """With pytest's arguments: the tests they name. Without: every check, then every test; pytest's line comes last."""
    arguments = sys.argv[1:]
    failed = [] if arguments else lint()
    found = browser()
    if found:
        os.environ["PORTAL_CHROMIUM"] = found
    else:
        say("There is no Chromium on this machine, so browser tests will fail: install the package chromium.")
    command = [sys.executable, "-m", "pytest", *arguments]
    if not any(argument.startswith("-n") for argument in arguments):
        command += ["-n", "2"]
    if failed:
        say(f"These checks failed, and with them the run, whatever the tests say: {', '.join(failed)}.")
    # Importing the portal's package named the settings; the tests name them once their servers are up.
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    code = subprocess.run(command, cwd=BASE, check=False).returncode
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
