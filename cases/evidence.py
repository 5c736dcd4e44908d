"""Evidence: photos re-encoded without a trace of the camera, documents and recordings as they came; all of it sealed.

Files lie encrypted and content-addressed in the data folder, not in the database: big blobs would slow every backup.
"""

import asyncio
import hashlib
import io
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from cases.attachments import ACCEPTED, BadFile, FileType, type_of
from cases.malware import Scanner
from store.sealing import Cipher

register_heif_opener(thumbnails=False)

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_PHOTOS = 9
LONG_SIDE = 2560
THUMB_SIDE = 480
_TOO_MANY_PIXELS = "照片像素太多,请用手机拍摄的普通照片。"
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")


class BadPhoto(BadFile):
    """Not a photo that we can use; nothing of it was kept."""


@dataclass(frozen=True)
class Photo:
    """`jpeg` and `thumb` are clean re-encodings; `dhash` has 64 bits.

    `position` is (lng, lat) in WGS-84 from EXIF, to about 100 m, or None: enough to find the grid, too little to find
    the window it was taken from. The exact one is only in the sealed original.
    """

    jpeg: bytes
    thumb: bytes
    width: int
    height: int
    position: tuple[float, float] | None
    dhash: str
    original_sha256: str


@dataclass(frozen=True)
class Attachment:
    """A document or recording, not yet stored."""

    type: FileType
    size: int
    original_sha256: str


def read_file(data: bytes) -> Photo | Attachment:
    """What an uploaded file is, by its bytes. Raises `BadFile` (`BadPhoto`) with what the person should do."""
    found = type_of(data)
    if found is None:
        return read_photo(data)
    return Attachment(found, len(data), hashlib.sha256(data).hexdigest())


def read_photo(data: bytes) -> Photo:
    """Decode and clean one uploaded file. Raises `BadPhoto` with what the person should do."""
    if not data:
        raise BadPhoto("照片是空文件,请重新选择照片。")
    if len(data) > MAX_BYTES:
        raise BadPhoto(f"照片太大,请不要超过{MAX_BYTES // 1024 // 1024}MB。")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        # Checked before a single pixel is decoded: 100 kB of PNG can claim 900 megapixels. (Pillow's own warning comes
        # too; turning it into an error is a matter of the whole process, and several threads read photos.)
        if image.width * image.height > MAX_PIXELS:
            raise BadPhoto(_TOO_MANY_PIXELS)
        position = _position(image)
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPhoto(_TOO_MANY_PIXELS) from None
    except BadPhoto:
        raise
    except UnidentifiedImageError:
        raise BadPhoto(f"这不是照片文件,也不是可以收的文件。可以收的有:{ACCEPTED}。") from None
    except Exception:
        # Decoders raise whatever they like on damaged files (OSError, SyntaxError, struct.error, EOFError …).
        raise BadPhoto("照片文件已损坏或不完整,请重新拍摄或重新选择。") from None
    upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    # A new image carries no metadata, whatever the old one had.
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    thumb = clean.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE))
    return Photo(
        jpeg=_encode(clean, 85),
        thumb=_encode(thumb, 75),
        width=clean.width,
        height=clean.height,
        position=position,
        dhash=_dhash(clean),
        original_sha256=hashlib.sha256(data).hexdigest(),
    )


def _encode(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=False)
    return out.getvalue()


def _dhash(image: Image.Image) -> str:
    """Difference hash: which of two neighbouring grey pixels is brighter, 8 × 8 bits (Krawetz 2013)."""
    pixels = list(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes())
    bits = [pixels[row * 9 + col] > pixels[row * 9 + col + 1] for row in range(8) for col in range(8)]
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def _position(image: Image.Image) -> tuple[float, float] | None:
    try:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[2]) * (-1 if gps.get(1) == "S" else 1)
        lng = _degrees(gps[4]) * (-1 if gps.get(3) == "W" else 1)
    except Exception:
        return None  # no position, or a broken one: the photo itself is still good
    inside = -90 <= lat <= 90 and -180 <= lng <= 180
    return (round(lng, 3), round(lat, 3)) if inside and (lng, lat) != (0.0, 0.0) else None


def _degrees(parts: tuple) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600


class EvidenceFiles:
    """Sealed files by random name. `put` is durable (fsync, then rename) before it returns."""

    def __init__(self, folder: Path, cipher: Cipher, scanner: Scanner | None = None) -> None:
        self._folder = folder
        self._cipher = cipher
        self._scanner = scanner
        # Decoding is bounded: two at once, however many uploads are waiting.
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="photos")

    async def read(self, data: bytes) -> Photo | Attachment:
        """Looked through by the scanner, if there is one, then read. Raises `BadFile`, `ScannerDown`."""
        if self._scanner is not None:
            await self._scanner.refuse_infected(data)
        return await asyncio.get_running_loop().run_in_executor(self._pool, read_file, data)

    async def put(self, data: bytes) -> str:
        """Store sealed and return the name to get it back by (random: equal files must not show as equal)."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._write, data)

    async def get(self, name: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, name)

    async def remove(self, name: str) -> None:
        """Nobody needs the file any more; one that is gone already is no error."""
        path = self._path(name)
        await asyncio.get_running_loop().run_in_executor(self._pool, lambda: path.unlink(missing_ok=True))

    async def seal_anew(self) -> int:
        """Seal every file with the key in use; how many were sealed with an older one. Can be stopped and run again."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._seal_anew)

    def _seal_anew(self) -> int:
        changed = 0
        for path in sorted(self._folder.glob("??/*")):
            if len(path.name) == 32 and not self._cipher.is_current(path.read_bytes(), f"evidence:{path.name}"):
                self._write(self._read(path.name), path.name)
                changed += 1
        return changed

    def _path(self, name: str) -> Path:
        if len(name) != 32 or not all(c in "0123456789abcdef" for c in name):
            raise ValueError("not the name of an evidence file")
        return self._folder / name[:2] / name

    def _write(self, data: bytes, again: str = "") -> str:
        name = again or secrets.token_hex(16)
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_suffix(".part")
        with open(waiting, "wb") as out:
            out.write(self._cipher.seal(data, f"evidence:{name}"))
            out.flush()
            os.fsync(out.fileno())
        os.rename(waiting, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name

    def _read(self, name: str) -> bytes:
        return self._cipher.open(self._path(name).read_bytes(), f"evidence:{name}")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
