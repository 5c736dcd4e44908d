"""The Shapefile in a zip archive, unpacked safely: what the archive claims is judged before anything is written."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from grid.layer_report import shown
from grid.layer_rows import MAX_BYTES, UnreadableLayer

MAX_UNPACKED = 2 * MAX_BYTES
MAX_FILES = 200
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_PIECE = 1024 * 1024


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The path of the .shp, unpacked with its companions into a folder that is gone afterwards. Raises UnreadableLayer.

    Files are written under names of our own, so that no name in the archive can lead anywhere else.
    """
    with TemporaryDirectory(prefix="layer-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                for part, entry in _parts(archive.infolist()).items():
                    _write(archive, entry, Path(folder) / f"layer{part}")
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
            raise UnreadableLayer("压缩包损坏，打不开。请重新打包再上传。") from None
        yield Path(folder) / "layer.shp"


def _parts(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The .shp and its companions, by ending. Only what the archive says of itself is looked at."""
    if len(entries) > MAX_FILES:
        raise UnreadableLayer(f"压缩包里有 {len(entries)} 个文件，最多 {MAX_FILES} 个。请只打包一个 Shapefile。")
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED:
        raise UnreadableLayer(f"压缩包解开后有 {size // 2**20} MB，最多 {MAX_UNPACKED // 2**20} MB，没有解压。")
    files = [entry for entry in entries if not entry.is_dir() and not _is_litter(entry.filename)]
    shapes = [entry for entry in files if _ending(entry) == ".shp"]
    if not shapes:
        raise UnreadableLayer(_without_shape(files))
    if len(shapes) > 1:
        names = "、".join(_name(entry) for entry in shapes[:5])
        raise UnreadableLayer(f"压缩包里有 {len(shapes)} 个 .shp（{names}），一次只能导入一个。")
    stem = shapes[0].filename[: -len(".shp")].lower()
    parts = {_ending(e): e for e in files if _ending(e) in PARTS and e.filename[:-4].lower() == stem}
    for entry in parts.values():
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableLayer(f"压缩包里的 {_name(entry)} 是符号链接，不是文件。请把真正的文件打包。")
        if entry.flag_bits & 1:
            raise UnreadableLayer("压缩包有密码，请去掉密码后再上传。")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableLayer("压缩包的压缩方式特殊，请用系统自带的“压缩成 zip”重新打包。")
    return parts


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """No more than the archive declared: a false size ends in an error of the zip reader, not in a full disk."""
    with archive.open(entry) as source, target.open("wb") as out:
        while piece := source.read(_PIECE):
            out.write(piece)


def _without_shape(files: list[zipfile.ZipInfo]) -> str:
    endings = {_ending(entry) for entry in files}
    if endings & {".zip", ".rar", ".7z"}:
        return "压缩包里还是压缩包，请先解开，再把 .shp、.shx、.dbf、.prj 一起打包成一个 zip。"
    if endings & {".geojson", ".json"}:
        return "压缩包里是 GeoJSON，请解开后直接上传 .geojson 文件。"
    return "压缩包里没有 .shp 文件。请把 .shp、.shx、.dbf、.prj 一起打包。"


def _is_litter(name: str) -> bool:
    """What macOS adds to its archives."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _ending(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: Chinese Windows writes GBK where the format says code page 437."""
    name = PurePosixPath(entry.filename).name
    if not entry.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gbk")
        except ValueError:
            pass
    return shown(name)
