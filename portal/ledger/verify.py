"""``python -m portal.ledger.verify archive.zip``: is what a lab took along complete and unaltered?

Needs Python 3.11 and ``cryptography``; no database, no settings, no network. Says yes and exits 0, or names the first fault and
exits 1. docs/ledger.md says what that proves, and what nobody can know from an archive.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from portal.ledger import heads
from portal.ledger.archives import Archive, FaultError, read_archive, read_json
from portal.ledger.merkle import ProofError, check_consistency

# The largest file of keys, head or proof that is read.
SMALL = 16 * 2**20


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m portal.ledger.verify", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "archive", nargs="+", help="an archive, or several of one case in the order they were taken"
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="a public key you trust (base64), or a file of keys kept from /ledger/keys/",
    )
    parser.add_argument(
        "--since",
        action="append",
        default=[],
        metavar="HEAD",
        help="a tree head kept from /ledger/heads/, by yourself or by a witness",
    )
    parser.add_argument(
        "--proof",
        action="append",
        default=[],
        metavar="PROOF",
        help="a proof kept from /ledger/consistency/",
    )
    given = parser.parse_args(arguments)
    try:
        print("\n".join(verified(given.archive, given.key, given.since, given.proof)))  # noqa: T201
    except (FaultError, heads.HeadError, ProofError) as fault:
        print(f"FAULT: {fault}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def verified(names: list[str], keys: list[str], since: list[str], proofs: list[str]) -> list[str]:
    """What was found good, in lines of text; raises FaultError, HeadError or ProofError with the first fault."""
    trusted = [key for name in keys for key in _trusted(name)]
    steps = [_proof(_small(name)) for name in proofs]
    lines: list[str] = []
    before: Archive | None = None
    for name in names:
        found = read_archive(Path(name), trusted)
        for told in since:
            _require_grown(_saved(_small(told)), found, steps, told)
        if before is not None:
            _require_follows(before, found, steps, name)
        before = found
        lines += _said(name, found, bool(trusted))
    return lines


def _said(name: str, found: Archive, is_trusted: bool) -> list[str]:
    if found.head is None:
        return [
            f"{name}: unaltered since it was given. None of the events of case {found.case} was sealed yet."
        ]
    good = (
        f"{name}: complete and unaltered. Case {found.case}: {len(found.leaves)} events, all that the log of"
        f" {found.head.size} events held of it on {found.head.at}, signed by key {found.head.key}."
    )
    lines = [good]
    if not is_trusted:
        lines.append(
            f"The keys were taken from the archive itself. Compare {found.head.key} with the address /ledger/keys/ of the"
            " portal, or with what somebody you trust keeps, or give it as --key."
        )
    return lines


def _require_grown(
    saved: heads.SignedHead, found: Archive, proofs: list[dict[str, Any]], called: str
) -> None:
    """That the archive's log goes on from a head kept earlier."""
    head = found.head
    if head is None:
        raise FaultError(f"{called}: the archive has no head to compare it with")
    found.keys.check(saved)
    if saved.size > head.size:
        raise FaultError(
            f"{called}: the log was cut short, or the archive is older: it has {head.size} events, the head kept"
            f" {saved.size}"
        )
    if saved.size == head.size:
        if saved.root != head.root or saved.counts != head.counts:
            raise FaultError(f"{called}: the log forked: two heads of {head.size} events differ")
        return
    path = found.earlier.get(saved.size, (None, None))[1]
    for one in proofs:
        if (one["first"], one["second"]) == (saved.size, head.size):
            path = one["proof"]
    if path is None:
        raise FaultError(
            f"{called}: neither the archive nor --proof has the way from {saved.size} to {head.size} events; take it"
            f" from /ledger/consistency/?first={saved.size}&second={head.size}"
        )
    try:
        check_consistency(saved.size, head.size, saved.root, head.root, path)
    except ProofError as error:
        raise FaultError(
            f"{called}: the log forked: the head of {saved.size} events is not the beginning of that of {head.size}"
            f" ({error})"
        ) from error


def _require_follows(before: Archive, found: Archive, proofs: list[dict[str, Any]], name: str) -> None:
    """That a later archive of the same case has everything of an earlier one."""
    if before.case_id != found.case_id:
        raise FaultError(f"{name}: it is of case {found.case}, the archive before it of {before.case}")
    if before.head is not None:
        _require_grown(before.head, found, proofs, name)
    for number, (old, new) in enumerate(zip(before.leaves, found.leaves, strict=False)):
        if old != new:
            raise FaultError(f"{name}: event {number} of the case is another than in the archive before it")
    if len(found.leaves) < len(before.leaves):
        raise FaultError(
            f"{name}: event {len(found.leaves)} of the case, in the archive before it, is missing"
        )


def _small(name: str) -> Any:
    try:
        with Path(name).open("rb") as file:
            content = file.read(SMALL + 1)
    except OSError as error:
        raise FaultError(f"{name} cannot be read: {error.strerror}") from error
    return read_json(content, SMALL, name)


def _saved(told: Any) -> heads.SignedHead:
    return heads.read_head(told["head"] if isinstance(told, dict) and "head" in told else told)


def _proof(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or not isinstance(told.get("proof"), list):
        raise FaultError("a proof given is not one of /ledger/consistency/")
    return {
        "first": heads.read_count(told.get("first"), "a proof's first size"),
        "second": heads.read_count(told.get("second"), "a proof's second size"),
        "proof": [heads.read_hash(step, "a step of a proof") for step in told["proof"]],
    }


def _trusted(name: str) -> list[bytes]:
    """Public keys from a file of /ledger/keys/ or from base64."""
    try:
        return [heads.read_base64(name, 32, "a key")]
    except heads.HeadError:
        told = _small(name)
    found = heads.read_keys(told.get("keys") if isinstance(told, dict) else told)
    if not found:
        raise FaultError(f"{name} has no key")
    return [key.public for key in found]


if __name__ == "__main__":
    sys.exit(main())
