"""Keys. One root secret outside the database; every purpose gets a key of its own from it (HKDF-SHA256, RFC 5869)."""

import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class UnsafeKeyFile(RuntimeError):
    """The root secret could be read by others on this machine."""


class Keys:
    """`root` is 32 random bytes. A stolen database without it gives no codes, conversations or evidence."""

    def __init__(self, root: bytes) -> None:
        if len(root) != 32:
            raise ValueError("the root secret must be 32 bytes")
        self._root = root
        self._derived = cache(self._derive)

    @classmethod
    def load(cls, data_dir: Path) -> "Keys":
        """Read `secrets/root.key` below `data_dir`, made at the first start. Raises `UnsafeKeyFile`."""
        path = data_dir / "secrets" / "root.key"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as out:
                out.write(secrets.token_bytes(32))
        if path.stat().st_mode & 0o077:
            raise UnsafeKeyFile(f"密钥文件 {path} 的权限过宽,请执行:chmod 600 {path}")
        return cls(path.read_bytes())

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose, e.g. "receipt"."""
        return self._derived(purpose)

    def _derive(self, purpose: str) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=None, info=b"tip12350/" + purpose.encode()).derive(self._root)
