"""What others may hold the log to: its heads and keys for everybody, and for a lab the proof of its case's record."""

import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from portal import scope
from portal.ledger import counts as case_counts
from portal.ledger import heads, keys, records, stored
from portal.ledger.leaf import SALT, Row, what_hash, who_hash
from portal.ledger.merkle import ProofError, Stored
from portal.ledger.models import Head, Leaf

log = logging.getLogger(__name__)

FORMAT = "early-access ledger 1"
# How many events are proved at a time: between two rounds the blocks that their proofs came from are let go.
ROUND = 1000


def head_of(size: int | None = None) -> Head | None:
    """The head of that size, or the newest; None where there is none."""
    found = Head.objects.select_related("key")
    if size is not None:
        found = found.filter(size=size)
    return found.order_by("-number").first()


@scope.lifted("ledger")
def consistency(first: int, second: int) -> dict[str, Any] | None:
    """That the log of one head is the beginning of another's; None unless both are sizes of heads, the smaller first."""
    if first > second or Head.objects.filter(size__in={first, second}).count() != len({first, second}):
        return None
    proof = stored.tree(second).consistency(first)
    return {"first": first, "second": second, "proof": [step.hex() for step in proof]}


@scope.lifted("ledger")
def of_case(case_id: UUID, case_number: str, *, earlier: set[int], head: Head | None) -> bytes:
    """The proof of a case's record as JSON, as of ``head``: each sealed event with its place and the hashes beside its way,
    how many the head counts, and that the heads of the ``earlier`` sizes are beginnings of this log.

    A part of an event that the lab is not told (who of an agency did it; what else it says where its subject is not the
    lab's) stands there as its hash. An event that is gone, or altered, is given as it is: the proof then fails at it.
    """
    told: dict[str, Any] = {"format": FORMAT, "case": case_number, "case_id": str(case_id), "head": None}
    told |= {"keys": [key.as_json() for key in keys.listed()]}
    if head is None:
        return _json(told | {"count": 0, "count_proof": [], "events": [], "nodes": [], "earlier": []})
    tree = stored.tree(head.size)
    nodes: dict[bytes, int] = {}
    counts = stored.counts(head.size)
    count = counts.get(str(case_id), 0)
    return _json(
        told
        | {
            "head": keys.signed(head).as_json(),
            "count": count,
            "count_proof": [step.hex() for step in case_counts.proof(counts, str(case_id))] if count else [],
            "events": _events(stored.of_case(case_id, head.size), tree, nodes),
            "nodes": [node.hex() for node in nodes],
            "earlier": _earlier(earlier, head, tree),
        }
    )


def _json(told: dict[str, Any]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _events(
    found: list[tuple[int, int, Row | None]], tree: Stored, nodes: dict[bytes, int]
) -> list[dict[str, Any]]:
    """Each event with its proof, whose hashes are numbers of ``nodes``: neighbours share most of them."""
    told = []
    for start in range(0, len(found), ROUND):
        some = found[start : start + ROUND]
        stored.offer_blocks(tree, (place for place, _, _ in some))
        for place, ordinal, row in some:
            if row is not None:
                path = [nodes.setdefault(step, len(nodes)) for step in _whole(lambda at=place: tree.path(at))]
                told.append({"ordinal": ordinal, "place": place} | _opened(row) | {"path": path})
        tree.forget()
    return told


def _opened(row: Row) -> dict[str, Any]:
    """An event as its lab reads it: who did it as a hash, and what was done open where the subject is the lab's."""
    who_salt, what_salt = row.salt[:SALT], row.salt[SALT:]
    if row.subject_type in records.OPENED:
        what: dict[str, str] = {"salt": what_salt.hex()} | {
            name: getattr(row, name) for name in ("subject_type", "subject_id", "data", "reason")
        }
    else:
        what = {"hash": what_hash(what_salt, row.subject_type, row.subject_id, row.data, row.reason)}
    plain = {name: getattr(row, name) for name in ("id", "at", "kind", "verb", "capacity", "digest")}
    return plain | {"who": {"hash": who_hash(who_salt, row.actor_id)}, "what": what}


def _earlier(sizes: set[int], head: Head, tree: Stored) -> list[dict[str, Any]]:
    rows = Head.objects.select_related("key").filter(size__in=sizes, size__lt=head.size).order_by("number")
    return [
        {
            "head": keys.signed(row).as_json(),
            "proof": [step.hex() for step in _whole(lambda size=row.size: tree.consistency(size))],
        }
        for row in rows
    ]


def _whole(make: Callable[[], list[bytes]]) -> list[bytes]:
    """A proof; none where hashes that it needs are gone, so that who takes the archive along learns of it."""
    try:
        return make()
    except ProofError:
        log.exception("The ledger is damaged")
        return []


@scope.lifted("ledger")
def first_head_of(case_id: UUID) -> int | None:
    """The size of the first head that covers an event of a case's record; None where none is sealed."""
    first = Leaf.objects.filter(case_id=case_id, ordinal=0).values_list("place", flat=True).first()
    if first is None:
        return None
    return Head.objects.filter(size__gt=first).order_by("size").values_list("size", flat=True).first()


def signed_manifest(sha256: str) -> dict[str, str]:
    """The newest key's signature of an archive's manifest (its SHA-256 in hex), as JSON."""
    public = heads.public_of(keys.newest_secret())
    statement = heads.manifest_statement(sha256, heads.key_id(public))
    signature = heads.sign(keys.newest_secret(), statement)
    return {"key": heads.key_id(public), "signature": heads.as_base64(signature)}
