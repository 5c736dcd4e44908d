"""Encryption of what we store: AES-256-GCM, bound to the place where it is stored."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_VERSION = b"\x01"


class SealBroken(Exception):
    """Not what we sealed, not with this key, or moved to another record."""


class Cipher:
    """`key`: 32 bytes; `older` keys open what they sealed and seal nothing any more.

    `bound_to` names the record (collection, id, field), so that a value moved elsewhere won't open.
    """

    def __init__(self, key: bytes, *older: bytes) -> None:
        self._aead = AESGCM(key)
        self._all = [self._aead, *map(AESGCM, older)]

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, bound_to.encode())

    def is_current(self, sealed: bytes, bound_to: str) -> bool:
        """False for what an older key sealed (and for what does not open at all)."""
        try:
            self._aead.decrypt(sealed[1 : 1 + _NONCE], bytes(sealed[1 + _NONCE :]), bound_to.encode())
        except InvalidTag:
            return False
        return True

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        if sealed[:1] != _VERSION or len(sealed) <= 1 + _NONCE:
            raise SealBroken(bound_to)
        for aead in self._all:
            try:
                return aead.decrypt(sealed[1 : 1 + _NONCE], bytes(sealed[1 + _NONCE :]), bound_to.encode())
            except InvalidTag:
                continue
        raise SealBroken(bound_to)
