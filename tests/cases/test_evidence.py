"""Photos in: checked before decoding, cleaned of every trace, sealed on the disk."""

import asyncio
import io

import pytest
from PIL import Image

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
    photo = read_photo(jpeg_with_gps(120.38, 36.07))
    assert photo.position == pytest.approx((120.38, 36.07), abs=1e-5)
    for picture in (photo.jpeg, photo.thumb):
        image = Image.open(io.BytesIO(picture))
        assert not image.getexif() and set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


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
