"""Documents and recordings as evidence: which kinds are taken, told by their bytes and never by their name.

They are not opened or re-made: they lie sealed as they came, and officers may only download them. So the list is of
formats that every phone and office makes, none of which runs anything by itself.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from store.errors import Refusal

MB = 1024 * 1024
KINDS = {"document": "文件", "audio": "录音", "video": "视频"}
_MAX_MEMBERS = 5000
# Enough of a file to tell what it is while it still streams in.
HEAD = 64


class BadFile(Refusal):
    """Not a file that we take; nothing of it was kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=422, field="photos")


@dataclass(frozen=True)
class FileType:
    """`kind` is a key of `KINDS`; `extension` is what the download is called by."""

    extension: str
    kind: str
    max_bytes: int


_DOCUMENT = 20 * MB
_RECORDING = 20 * MB
_VIDEO = 50 * MB
PDF = FileType("pdf", "document", _DOCUMENT)
_OFFICE = {folder: FileType(name, "document", _DOCUMENT) for folder, name in
           (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx"))}  # fmt: skip
_ISO_BRANDS = {
    b"M4A ": FileType("m4a", "audio", _RECORDING), b"M4B ": FileType("m4a", "audio", _RECORDING),
    b"qt  ": FileType("mov", "video", _VIDEO),
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"),
                    FileType("mp4", "video", _VIDEO)),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gpp", b"3g2a"), FileType("3gp", "video", _VIDEO)),
}  # fmt: skip
_STARTS: tuple[tuple[Callable[[bytes], bool], FileType], ...] = (
    (lambda head: head[:6] in (b"%PDF-1", b"%PDF-2"), PDF),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", FileType("wav", "audio", _RECORDING)),
    (lambda head: head[:6] == b"#!AMR\n" or head[:9] == b"#!AMR-WB\n", FileType("amr", "audio", _RECORDING)),
    (lambda head: head[:4] == b"OggS", FileType("ogg", "audio", _RECORDING)),
    (lambda head: head[:4] == b"\x1aE\xdf\xa3" and b"webm" in head, FileType("webm", "video", _VIDEO)),
    (lambda head: head[:1] == b"\xff" and head[1:2] in (b"\xf1", b"\xf9"), FileType("aac", "audio", _RECORDING)),
    (
        lambda head: head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xfa", b"\xf3", b"\xf2")),
        FileType("mp3", "audio", _RECORDING),
    ),
)
_ZIP = b"PK\x03\x04"
ACCEPTED = "照片(JPG、PNG、WebP、HEIC),文件(PDF、docx、xlsx、pptx),录音(mp3、m4a、wav、amr、aac、ogg),视频(mp4、mov、3gp、webm)"

# For the file chooser of a browser; what counts are the bytes.
PICKED = "image/*,.pdf,.docx,.xlsx,.pptx,.mp3,.m4a,.wav,.amr,.aac,.ogg,.mp4,.mov,.3gp,.webm"


def limit_of(head: bytes, otherwise: int) -> int:
    """How large a file that begins so may be, in bytes."""
    if head[:4] == _ZIP:
        return _DOCUMENT
    found = _by_head(head)
    return found.max_bytes if found else otherwise


def type_of(data: bytes) -> FileType | None:
    """None for what is no document or recording (it may be a photo). Raises `BadFile` for one that is not taken."""
    found = _office(data) if data[:4] == _ZIP else _by_head(data[:HEAD])
    if found is not None and len(data) > found.max_bytes:
        raise BadFile(f"{KINDS[found.kind]}太大,请不要超过{found.max_bytes // MB}MB。")
    return found


def _by_head(head: bytes) -> FileType | None:
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12])
    return next((kind for fits, kind in _STARTS if fits(head)), None)


def _office(data: bytes) -> FileType:
    """Only the list of members is read, nothing is unpacked: a bomb stays shut."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, IndexError, UnicodeDecodeError):
        raise BadFile("文件已损坏或不完整,请重新选择。") from None
    if len(names) > _MAX_MEMBERS or "[Content_Types].xml" not in names:
        raise BadFile(f"不收压缩包。可以收的有:{ACCEPTED}。")
    if any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll")) or "activex" in name.lower() for name in names):
        raise BadFile("文件里有宏或程序,不能收。请另存为不带宏的文件,或存成 PDF。")
    for folder, kind in _OFFICE.items():
        if any(name.startswith(folder) for name in names):
            return kind
    raise BadFile(f"不收这种文件。可以收的有:{ACCEPTED}。")
