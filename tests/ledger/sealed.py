"""Cases whose events are sealed, their archives as files, and archives that somebody rewrote."""

import hashlib
import io
import json
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from django.db import transaction

from portal.ledger import heads, keys, proofs, sealing, verify
from portal.submissions.exports import giving
from portal.submissions.looks import looked
from tests import factories as make


def case_with_looks(looks: int = 3, make_case=make.submitted) -> make.Case:
    """A case with changes and looks, not yet sealed."""
    case = make.Case(make_case)
    with transaction.atomic():
        for _ in range(looks):
            looked(actor=case.viewer, submission=case.submission, verb="viewed_facts")
    return case


def sealed_case(looks: int = 3, make_case=make.submitted) -> make.Case:
    case = case_with_looks(looks, make_case)
    assert sealing.seal_new_events() > looks
    return case


def archive(case: make.Case, path: Path) -> Path:
    """The case's archive as its lab takes it along now."""
    with transaction.atomic():
        answer = giving.archive_of(case.again(), actor=case.viewer)
    path.write_bytes(b"".join(answer.streaming_content))
    return path


def public_key() -> str:
    return heads.as_base64(heads.public_of(keys.newest_secret()))


def verdict(*arguments) -> tuple[int, str]:
    """What the stand-alone verifier answers: its exit status and what it says."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = verify.main([str(argument) for argument in arguments])
    return status, said.getvalue().strip()


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def written(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return path


def rewritten(path: Path, change, *, name: str = "ledger.json", secret: bytes | None = None) -> Path:
    """The archive with one JSON file changed by ``change``, its manifest made and signed to fit: what only whoever holds the
    portal's key could do (or ``secret``, a key of their own). So what the ledger's proofs alone catch is seen.
    """
    files = files_of(path)
    told = json.loads(files[name])
    change(told)
    files[name] = json.dumps(told).encode()
    return resigned(path.with_suffix(".bent.zip"), files, secret)


def resigned(path: Path, files: dict[str, bytes], secret: bytes | None = None) -> Path:
    manifest = json.loads(files["manifest.json"])
    kept = {entry["path"]: entry for entry in manifest["files"]}
    for name, entry in kept.items():
        entry |= {"size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
    files["manifest.json"] = json.dumps(manifest).encode()
    sha256 = hashlib.sha256(files["manifest.json"]).hexdigest()
    signature = proofs.signed_manifest(sha256)
    if secret is not None:
        key = heads.key_id(heads.public_of(secret))
        signed = heads.sign(secret, heads.manifest_statement(sha256, key))
        signature = {"key": key, "signature": heads.as_base64(signed)}
    files["manifest.signature.json"] = json.dumps(signature).encode()
    return written(path, files)
