"""What is installed is locked, audited and listed: lock files, advisories and the bill of materials."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from portal.stack import advisories, locks, sbom
from portal.stack.layout import StackError

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 29)
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
DIGEST = "a" * 64


@pytest.fixture
def tree(tmp_path):
    """The four lock files and what they were made from, to be spoiled."""
    for name in (*locks.PYTHON, "requirements.in", "requirements-dev.in", locks.NPM, "package.json"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    return tmp_path


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


# --- The bill of materials -------------------------------------------------------------------------------------------


def test_every_locked_package_is_in_the_bill_with_all_its_digests():
    made = {one["purl"]: one for one in sbom.bill(at=AT)["components"]}
    lines = "".join((ROOT / lock).read_text() for lock in locks.PYTHON)
    digests = {item["content"] for one in made.values() for item in one["hashes"] if item["alg"] == "SHA-256"}
    # Counted in the text, past the reader that the bill is made with.
    assert {part[:64] for part in lines.split("--hash=sha256:")[1:]} == digests
    pinned = {
        line.split("==")[0].lower() for line in lines.splitlines() if "==" in line and line[0].isalnum()
    }
    assert {locks.normal(name) for name in pinned} == {
        one["name"] for one in made.values() if one["purl"].startswith("pkg:pypi/")
    }
    packages = json.loads((ROOT / locks.NPM).read_text())["packages"]
    npm = {
        f"{path.rpartition('node_modules/')[2]}@{one['version']}" for path, one in packages.items() if path
    }
    assert npm == {
        f"{one['name']}@{one['version']}" for one in made.values() if one["purl"].startswith("pkg:npm/")
    }


def test_one_python_and_one_npm_package_as_the_bill_has_them():
    made = {one["purl"]: one for one in sbom.bill(at=AT)["components"]}
    tus = next(one for one in made.values() if one["name"] == "tus-js-client")
    assert tus["purl"] == f"pkg:npm/tus-js-client@{tus['version']}"
    assert (tus["scope"], tus["licenses"]) == ("required", [{"license": {"name": "MIT"}}])
    [digest] = tus["hashes"]
    assert (digest["alg"], len(digest["content"])) == ("SHA-512", 128)
    assert any(purl.startswith("pkg:npm/%40uswds/uswds@") for purl in made)
    django = next(one for one in made.values() if one["name"] == "django")
    assert (django["scope"], django["licenses"]) == (
        "required",
        [{"license": {"name": "BSD License"}}],
    ) or django["licenses"] == [{"expression": "BSD-3-Clause"}]
    pytest_of = next(one for one in made.values() if one["name"] == "pytest")
    assert pytest_of["scope"] == "excluded"


def test_the_bill_is_valid_and_a_wrong_one_is_not():
    made = sbom.bill(at=AT)
    assert sbom.faults(sbom.text(made)) == ""
    made["components"][0]["hashes"][0]["alg"] = "SHA-257"
    assert "SHA-257" in sbom.faults(sbom.text(made))


def test_the_same_tree_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("one", "two"):
        done = subprocess.run(
            [sys.executable, "-m", "portal.stack.sbom", "--to", str(tmp_path / name)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1790000000"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0])["metadata"]["timestamp"] == "2026-09-21T14:13:20Z"


def test_another_tree_has_another_number(tree):
    before = sbom.bill(tree, at=AT)["serialNumber"]
    assert sbom.bill(tree, at=AT)["serialNumber"] == before
    add(tree / "requirements.txt", f"aaa==1.0 \\\n    --hash=sha256:{DIGEST}\n")
    assert sbom.bill(tree, at=AT)["serialNumber"] != before


# --- What is not locked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "aaa\n",
        "aaa==1.0\n",
        f"aaa>=1.0 --hash=sha256:{DIGEST}\n",
        f"aaa==1.0 --hash=md5:{DIGEST[:32]}\n",
        f"aaa==1.0 --hash=sha256:{DIGEST[:40]}\n",
        f"aaa==1.0 --hash=sha256:{DIGEST} --hash=sha1:{DIGEST[:40]}\n",
        "git+https://code.example/aaa@main\n",
        "-e .\n",
        "--extra-index-url https://packages.example/\n",
    ],
)
def test_a_requirement_that_is_not_locked_is_refused(tree, line):
    add(tree / "requirements.txt", line)
    with pytest.raises(StackError, match="not locked by version and SHA-256"):
        sbom.bill(tree, at=AT)


def test_a_wish_that_no_lock_fulfils_is_refused(tree):
    add(tree / "requirements.in", "aaa>=1\n")
    with pytest.raises(
        StackError, match=r"requirements\.in asks for aaa, which requirements\.txt does not lock"
    ):
        sbom.bill(tree, at=AT)


def test_an_npm_package_without_a_digest_is_refused(tree):
    lock = json.loads((tree / locks.NPM).read_text())
    lock["packages"]["node_modules/tus-js-client"].pop("integrity")
    (tree / locks.NPM).write_text(json.dumps(lock))
    with pytest.raises(StackError, match="not locked by version and digest: tus-js-client"):
        sbom.bill(tree, at=AT)


# --- Advisories ------------------------------------------------------------------------------------------------------

HOLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}
FOUND = [{"name": "A_a", "version": "1.0", "vulns": [HOLE]}, {"name": "bbb", "version": "2.0", "vulns": []}]
ENTRY = '[[accepted]]\nid = "CVE-2026-1"\npackage = "a-a"\nreason = "Not reached."\nuntil = {until}\n'


def audit_that_says(folder: Path, out: str, err: str = "", code: int = 0) -> tuple[str, ...]:
    """A program in pip-audit's place, which prints what that would."""
    program = folder / "audit.py"
    program.write_text(f"import sys\nprint({out!r})\nprint({err!r}, file=sys.stderr)\nsys.exit({code})\n")
    return (sys.executable, str(program))


def step(folder: Path, command: tuple[str, ...], entries: str = "") -> tuple[bool, list[str]]:
    path, said = folder / "advisories.toml", []
    path.write_text(entries)
    good = advisories.step(said.append, today=TODAY, command=command, path=path)
    return good, [line.strip() for line in said]


def test_a_known_hole_fails_the_run(tmp_path):
    command = audit_that_says(tmp_path, json.dumps({"dependencies": FOUND}), code=1)
    assert step(tmp_path, command) == (False, ["a-a 1.0: PYSEC-2026-1, mended in 1.1"])


def test_one_that_was_accepted_does_not_until_its_day_is_past(tmp_path):
    command = audit_that_says(tmp_path, json.dumps({"dependencies": FOUND}), code=1)
    assert step(tmp_path, command, ENTRY.format(until="2026-11-29")) == (
        True,
        ["a-a 1.0: PYSEC-2026-1, accepted until 2026-11-29: Not reached."],
    )
    good, said = step(tmp_path, command, ENTRY.format(until="2026-11-28"))
    assert not good
    assert "CVE-2026-1 was accepted until 2026-11-28. Update a-a or judge it anew." in said[0]


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY.format(until="2027-12-01"),
        ENTRY.format(until="2026-12-01").replace("Not reached.", " "),
        ENTRY.format(until="2026-12-01").replace('package = "a-a"\n', ""),
    ],
)
def test_an_acceptance_without_reason_package_or_near_end_is_refused(tmp_path, entry):
    assert not step(tmp_path, audit_that_says(tmp_path, '{"dependencies": []}'), entry)[0]


def test_an_acceptance_for_another_package_does_not_count(tmp_path):
    command = audit_that_says(tmp_path, json.dumps({"dependencies": FOUND}), code=1)
    entry = ENTRY.format(until="2026-12-01").replace("a-a", "bbb")
    assert step(tmp_path, command, entry) == (False, ["a-a 1.0: PYSEC-2026-1, mended in 1.1"])


@pytest.mark.slow
def test_without_a_network_it_says_so_and_goes_on(tmp_path, monkeypatch):
    """pip-audit itself, behind a proxy that is not there."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    command = (*map(str, advisories.AUDIT), "--cache-dir", str(tmp_path / "cache"))
    assert step(tmp_path, command) == (True, ["the advisory service cannot be reached: nothing was audited"])


def test_an_audit_that_breaks_is_not_taken_for_a_missing_network(tmp_path):
    command = audit_that_says(tmp_path, "", "error: unrecognized arguments: --disable-pip", code=2)
    assert step(tmp_path, command) == (
        False,
        ["pip-audit failed: error: unrecognized arguments: --disable-pip"],
    )


def test_what_is_accepted_now_has_reasons_and_ends():
    advisories.accepted(today=datetime.now(UTC).date())
