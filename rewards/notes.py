"""Signed checkpoints in the form that transparency logs use (C2SP tlog-checkpoint in a C2SP signed-note, Ed25519).

    12350/qingdao/board        origin: which log this is
    17                         how many leaves
    <base64>                   the root over them

    — 12350-qingdao <base64>   the key's name; 4 bytes of its id and the signature over the three lines

A key is written `<name>+<id>+<base64 of 0x01 and the public key>`. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class BadNote(ValueError):
    """Not a checkpoint, or not signed by this key; the message says which, in Chinese."""


@dataclass(frozen=True)
class Verifier:
    """A public key by which checkpoints are known."""

    name: str
    public: bytes

    @classmethod
    def read(cls, text: str) -> Verifier:
        """Raises `BadNote`."""
        name, _, rest = text.strip().partition("+")
        given_id, _, encoded = rest.partition("+")
        material = _decoded(encoded)
        if len(material) != 33 or material[:1] != _ED25519 or not name:
            raise BadNote("公钥的格式不对。")
        made = cls(name, material[1:])
        if made.id().hex() != given_id:
            raise BadNote("公钥的编号与内容不符。")
        return made

    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def text(self) -> str:
        return f"{self.name}+{self.id().hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def open(self, note: str) -> Checkpoint:
        """The checkpoint that a note says and this key signed. Raises `BadNote`."""
        body, separator, signatures = note.partition("\n\n")
        if not separator:
            raise BadNote("检查点没有签名。")
        signed = body + "\n"
        for line in signatures.splitlines():
            found = re.fullmatch(r"— (\S+) (\S+)", line)
            if found is None or found[1] != self.name:
                continue
            blob = _decoded(found[2])
            if blob[:4] != self.id():
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(blob[4:], signed.encode())
            except InvalidSignature:
                raise BadNote("检查点的签名不对：内容被改动，或不是这个机关签的。") from None
            return read_checkpoint(signed)
        raise BadNote("检查点不是用这个公钥签的。")


class Signer:
    """`seed` is 32 secret bytes; `name` becomes part of the key."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._private.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> str:
        text = checkpoint.text()
        signature = base64.b64encode(self.verifier.id() + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The three lines, without asking who signed them. Raises `BadNote`."""
    lines = text.split("\n")
    if len(lines) < 3 or not lines[0] or not re.fullmatch(r"0|[1-9]\d{0,15}", lines[1]):
        raise BadNote("检查点的格式不对。")
    root = _decoded(lines[2])
    if len(root) != 32:
        raise BadNote("检查点的根哈希格式不对。")
    return Checkpoint(lines[0], int(lines[1]), root)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("检查点里的 Base64 不对。") from None
