"""Keys. One root secret outside the database; every purpose gets a key of its own from it (HKDF-SHA256, RFC 5869).

After a rotation the older roots lie beside it (`root.1.key` is the last before, `root.2.key` the one before that): they
open what was sealed and recognise what was handed out before, and seal nothing any more.
"""

import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.sealing import Cipher


class UnsafeKeyFile(RuntimeError):
    """The root secret could be read by others on this machine."""


class Keys:
    """`root` is 32 random bytes, `older` the roots before it, youngest first.

    A stolen database without them gives no codes, conversations or evidence.
    """

    def __init__(self, root: bytes, *older: bytes) -> None:
        if any(len(each) != 32 for each in (root, *older)):
            raise ValueError("a root secret must be 32 bytes")
        self._roots = (root, *older)
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
        files = [path, *_older(path)]
        for each in files:
            if each.stat().st_mode & 0o077:
                raise UnsafeKeyFile(f"密钥文件 {each} 的权限过宽,请执行:chmod 600 {each}")
        return cls(*(each.read_bytes() for each in files))

    @classmethod
    def rotate(cls, data_dir: Path) -> "Keys":
        """A new root; the one in use until now becomes `root.1.key`. No service may run meanwhile."""
        path = data_dir / "secrets" / "root.key"
        cls.load(data_dir)
        waiting = path.with_name("root.new.key")
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(32))
            out.flush()
            os.fsync(out.fileno())
        for number, each in reversed(list(enumerate(_older(path), 2))):
            os.rename(each, path.with_name(f"root.{number}.key"))
        # Linked, not moved: at no moment is there no root.key, for then a start would make another one.
        os.link(path, path.with_name("root.1.key"))
        os.rename(waiting, path)
        return cls.load(data_dir)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose, e.g. "receipt"."""
        return self._derived(purpose)[0]

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The key in use and those from before rotations, youngest first."""
        return self._derived(purpose)

    def cipher(self, purpose: str) -> Cipher:
        """Seals with the key in use, opens with the older ones too."""
        return Cipher(*self._derived(purpose))

    def _derive(self, purpose: str) -> tuple[bytes, ...]:
        info = b"tip12350/" + purpose.encode()
        return tuple(HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(root) for root in self._roots)


def _older(path: Path) -> list[Path]:
    found: list[Path] = []
    while (each := path.with_name(f"root.{len(found) + 1}.key")).exists():
        found.append(each)
    return found
