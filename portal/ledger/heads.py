"""Signed tree heads and the keys that sign them, as bytes and as JSON. Needs ``cryptography`` and no Django.

A statement is lines of ASCII, its first the kind of statement, so that a signature for one is none for another. Keys are
Ed25519; in JSON hashes are hex, keys and signatures base64.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class HeadError(ValueError):
    """A head or key is not what it says; says why."""


def instant_text(at: datetime) -> str:
    """An instant as statements have it: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_base64(found: bytes) -> str:
    return base64.b64encode(found).decode()


def key_id(public: bytes) -> str:
    """What a key is called: 32 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:32]


def public_of(secret: bytes) -> bytes:
    """The public key (32 bytes) of a secret one (32 bytes)."""
    return (
        Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    )


def sign(secret: bytes, statement: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret).sign(statement)


def is_signed(public: bytes, statement: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The log at one moment: how many leaves, the root over them, the root over the cases' counts, when, and who says so."""

    size: int
    root: bytes
    counts: bytes
    at: str
    key: str
    signature: bytes

    def statement(self) -> bytes:
        lines = [
            "early-access ledger head 1",
            str(self.size),
            self.root.hex(),
            self.counts.hex(),
            self.at,
            self.key,
        ]
        return "\n".join([*lines, ""]).encode()

    def as_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "root": self.root.hex(),
            "counts": self.counts.hex(),
            "at": self.at,
            "key": self.key,
            "signature": as_base64(self.signature),
        }


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log, and what it and the key before it signed when it took over."""

    public: bytes
    since: str
    from_size: int
    # By the key before this one and by this one; empty where there is none, or its secret was not there any more.
    endorsed: bytes = b""
    accepted: bytes = b""
    until: str | None = None

    @property
    def id(self) -> str:
        return key_id(self.public)

    def taking_over(self, before: bytes) -> bytes:
        """The statement that both keys sign when this one takes over from ``before``."""
        return takeover(before, self.public, self.from_size, self.since)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "public": as_base64(self.public),
            "since": self.since,
            "until": self.until,
            "from_size": self.from_size,
            "endorsed": as_base64(self.endorsed),
            "accepted": as_base64(self.accepted),
        }


def takeover(before: bytes, public: bytes, from_size: int, since: str) -> bytes:
    lines = ["early-access ledger key 1", before.hex(), public.hex(), str(from_size), since]
    return "\n".join([*lines, ""]).encode()


def manifest_statement(sha256: str, key: str) -> bytes:
    """What is signed of an archive: the SHA-256 (hex) of its manifest, which names that of each file."""
    return "\n".join(["early-access archive manifest 1", sha256, key, ""]).encode()


class Keys:
    """The keys of a log, the oldest first, and which of them to believe: those given from outside, and whatever these led
    to or came from by a takeover that both sides signed.
    """

    def __init__(self, listed: Iterable[LogKey], trusted: Iterable[bytes]):
        self.listed = list(listed)
        given = {bytes(public) for public in trusted}
        self.believed = {key.id: key for key in self.listed if key.public in given}
        # A key from outside that the list leaves out still signs, for a log of any size.
        for public in given:
            self.believed.setdefault(key_id(public), LogKey(public, "", 0))
        pairs = list(zip(self.listed, self.listed[1:], strict=False))
        for old, new in pairs:
            if old.id in self.believed and is_signed(old.public, new.taking_over(old.public), new.endorsed):
                self.believed[new.id] = new
        for old, new in reversed(pairs):
            if new.id in self.believed and is_signed(new.public, new.taking_over(old.public), new.accepted):
                self.believed[old.id] = old
        self._ends = {old.id: new.from_size for old, new in pairs}

    def check(self, head: SignedHead) -> None:
        """Raise HeadError unless a believed key signed this head in its time."""
        key = self.believed.get(head.key)
        if key is None:
            raise HeadError(
                f"the head of size {head.size} is signed by key {head.key}, which is not believed"
            )
        if not is_signed(key.public, head.statement(), head.signature):
            raise HeadError(f"the head of size {head.size} does not bear the signature of key {head.key}")
        end = self._ends.get(head.key)
        if head.size <= key.from_size or (end is not None and head.size > end):
            raise HeadError(f"key {head.key} signed a head of size {head.size} outside its time")


def read_base64(text: Any, length: int | None, called: str) -> bytes:
    """Bytes from base64; raises HeadError."""
    try:
        found = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        found = None
    if found is None or (length is not None and len(found) != length):
        raise HeadError(f"{called} is not base64 of {length} bytes")
    return found


def read_hash(text: Any, called: str) -> bytes:
    """A SHA-256 from 64 lower-case hex digits; raises HeadError."""
    if not isinstance(text, str) or len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise HeadError(f"{called} is not a SHA-256 in hex")
    return bytes.fromhex(text)


def read_count(value: Any, called: str) -> int:
    """A whole number from 0 to 2**63 - 1; raises HeadError."""
    if type(value) is not int or not 0 <= value < 2**63:
        raise HeadError(f"{called} is not a whole number")
    return value


def read_line(value: Any, called: str) -> str:
    """Text of one line; raises HeadError."""
    if not isinstance(value, str) or "\n" in value or len(value) > 1000:
        raise HeadError(f"{called} is not a line of text")
    return value


def read_head(told: Any) -> SignedHead:
    """A head from its JSON; raises HeadError."""
    if not isinstance(told, dict):
        raise HeadError("a tree head is not an object")
    return SignedHead(
        read_count(told.get("size"), "a head's size"),
        read_hash(told.get("root"), "a head's root"),
        read_hash(told.get("counts"), "a head's counts"),
        read_line(told.get("at"), "a head's instant"),
        read_line(told.get("key"), "a head's key"),
        read_base64(told.get("signature"), 64, "a head's signature"),
    )


def read_keys(told: Any) -> list[LogKey]:
    """The keys of a log from their JSON, the oldest first; raises HeadError."""
    if not isinstance(told, list) or len(told) > 10_000 or not all(isinstance(row, dict) for row in told):
        raise HeadError("the keys are not a list")
    return [
        LogKey(
            read_base64(row.get("public"), 32, "a public key"),
            read_line(row.get("since"), "since when a key signs"),
            read_count(row.get("from_size"), "from which size a key signs"),
            read_base64(row.get("endorsed"), None, "a takeover"),
            read_base64(row.get("accepted"), None, "a takeover"),
        )
        for row in told
    ]
