"""Photos in: checked before decoding, cleaned of every trace, sealed on the disk."""

import asyncio
import io

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from cases.evidence import LONG_SIDE, MAX_BYTES, BadPhoto, EvidenceFiles, read_photo
from store.sealing import Cipher, SealBroken
from tests.handlers.citizens import jpeg, jpeg_with_gps


def encoded(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_what_phones_make_is_taken_and_becomes_jpeg(kind):
    photo = read_photo(encoded(kind))
    assert photo.jpeg[:2] == photo.thumb[:2] == b"\xff\xd8" and (photo.width, photo.height) == (64, 48)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_pictures_are_refused(kind):
    with pytest.raises(BadPhoto, match="不是照片"):
        read_photo(encoded(kind))


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "空文件"), (b"<svg/>", "不是照片"), (b"\0" * (MAX_BYTES + 1), "太大"), (jpeg(400, 300)[:2000], "损坏")],
)
def test_bad_files_are_told_apart(data, words):
    with pytest.raises(BadPhoto, match=words) as refused:
        read_photo(data)
    assert (refused.value.status, refused.value.field) == (422, "photos")


def test_the_position_is_read_and_every_trace_is_gone():
    photo = read_photo(jpeg_with_gps(120.350937, 36.085461))
    assert photo.position == (120.351, 36.085)
    for picture in (photo.jpeg, photo.thumb):
        image = Image.open(io.BytesIO(picture))
        assert not image.getexif() and set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


TRACE = b"CANARY-TRACE-5150"


def traced_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = TRACE.decode()
    exif[ExifTags.Base.XPAuthor] = TRACE.decode().encode("utf-16-le")
    ifd = exif.get_ifd(ExifTags.IFD.Exif)
    ifd[ExifTags.Base.BodySerialNumber], ifd[ExifTags.Base.MakerNote] = TRACE.decode(), TRACE
    return exif


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def traced_jpeg() -> bytes:
    """EXIF with maker note and serial number, XMP, IPTC, a comment, a colour profile's name, a preview and a film behind."""
    plain = encoded("JPEG", exif=traced_exif(), icc_profile=TRACE)
    more = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + TRACE + b"</x:xmpmeta>")
    more += segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\x11\x1c\x02\x50" + TRACE)
    more += segment(0xFE, TRACE) + segment(0xE2, b"MPF\0" + TRACE)
    return plain[:2] + more + plain[2:] + encoded("JPEG", comment=TRACE) + b"ftypmp42" + TRACE


def traced_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", TRACE.decode())
    text.add_itxt("XML:com.adobe.xmp", TRACE.decode())
    return encoded("PNG", pnginfo=text, exif=traced_exif()) + TRACE


@pytest.mark.parametrize(
    "data",
    [
        traced_jpeg(), traced_png(), encoded("WEBP", exif=traced_exif(), xmp=TRACE) + TRACE,
        encoded("HEIF", exif=traced_exif().tobytes(), xmp=TRACE),
    ],
    ids=["jpeg", "png", "webp", "heif"],
)  # fmt: skip
# A phone's broken index of its previews is no reason to refuse a photo.
@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
def test_no_trace_of_any_kind_is_left(data):
    assert TRACE in data
    photo = read_photo(data)
    for picture in (photo.jpeg, photo.thumb):
        for form in (TRACE, TRACE.decode().encode("utf-16-le"), TRACE.decode().encode("utf-16-be"), TRACE[::-1]):
            assert form not in picture
        assert segments(picture) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA} and picture.endswith(b"\xff\xd9")
        assert picture.count(b"\xff\xd8\xff") == 1


def segments(picture: bytes) -> set[int]:
    """The markers before the picture itself: JFIF, tables, frame, scan, and nothing else."""
    found, at = set(), 2
    while picture[at + 1] != 0xDA:
        found.add(picture[at + 1])
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
    return found


def test_a_photo_without_or_with_a_broken_position_is_still_good():
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0), 3: "E", 4: (3.0, 4.0, 5.0)})
    assert read_photo(jpeg()).position is None
    assert read_photo(jpeg(exif=exif)).position is None


def test_a_turned_photo_is_upright_and_a_large_one_is_smaller():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = read_photo(jpeg(64, 48, exif))
    assert (turned.width, turned.height) == (48, 64)
    assert read_photo(jpeg(LONG_SIDE + 500, 100)).width == LONG_SIDE


def test_likeness_survives_another_size_and_differs_between_pictures():
    picture = Image.effect_mandelbrot((400, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    hashes = []
    for image in (picture, picture.resize((200, 150)), picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=80)
        hashes.append(int(read_photo(out.getvalue()).dhash, 16))
    assert (hashes[0] ^ hashes[1]).bit_count() <= 6 < (hashes[0] ^ hashes[2]).bit_count()


@pytest.fixture
def files(tmp_path):
    opened = EvidenceFiles(tmp_path, Cipher(b"e" * 32))
    yield opened
    opened.close()


async def test_what_lies_on_the_disk_is_sealed_and_comes_back(files, tmp_path):
    data = jpeg()
    first, second = await files.put(data), await files.put(data)
    assert first != second and await files.get(first) == data
    on_disk = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(on_disk) == 2 and all(data[:64] not in path.read_bytes() for path in on_disk)


async def test_a_file_put_in_the_place_of_another_does_not_open(files, tmp_path):
    first, second = await asyncio.gather(files.put(b"one"), files.put(b"two"))
    (tmp_path / first[:2] / first).write_bytes((tmp_path / second[:2] / second).read_bytes())
    with pytest.raises(SealBroken):
        await files.get(first)


@pytest.mark.parametrize("name", ["../../secrets/root.key", "", "x" * 32, "A" * 32, "0" * 31])
async def test_a_name_is_no_path(files, name):
    with pytest.raises(ValueError, match="name"):
        await files.get(name)
