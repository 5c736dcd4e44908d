"""Shapefiles as they come: in archives good and bad, with and without .cpg and .prj, whole and damaged."""

import stat
import struct
import zipfile

import pytest
import shapely
from pyproj import CRS, Transformer

from tests.grid.layer_files import SQUARE, feature, geojson, moved, read, row_of, shapefile, zipped


def names(reading):
    return [(row.code, row.name, row.district, row.street) for row in reading.rows]


GOOD = [(f"g{i}", f"g{i}网格", "城阳区", "流亭街道") for i in range(3)]


def test_a_shapefile_is_read_from_an_archive_a_folder_of_it_and_beside_its_companions(tmp_path):
    path = shapefile(tmp_path, row_of(3))
    for file in (path, zipped(path), zipped(path, "deep.zip", inside="网格/2026/")):
        reading = read(file)
        assert reading.report.ok and names(reading) == GOOD, reading.report.text()
    upper = tmp_path / "upper"
    upper.mkdir()
    for part in tmp_path.glob("layer.*"):
        if part.suffix != ".zip":
            (upper / part.name.upper()).write_bytes(part.read_bytes())
    assert names(read(upper / "LAYER.SHP")) == GOOD


@pytest.mark.parametrize(
    ("encoding", "cpg", "noted"),
    [
        ("UTF-8", "", False),
        ("UTF-8", None, False),
        ("GBK", None, False),
        ("GBK", "GBK", False),
        ("GBK", "936", False),
        ("GBK", "ISO-8859-1", False),
        ("GBK", "UTF-8", True),
        ("UTF-8", "GB2312", True),
    ],
)
def test_text_is_read_in_its_true_encoding_whatever_the_cpg_says(tmp_path, encoding, cpg, noted):
    reading = read(shapefile(tmp_path, row_of(3), encoding=encoding, cpg=cpg))
    assert names(reading) == GOOD, reading.report.text()
    assert ("编码是" in reading.report.text()) == noted


def test_chinese_column_names_cut_after_ten_bytes_are_known(tmp_path):
    row = feature()
    row["properties"] = {"网格编码": "g0", "网格名称": "g0网格", "区市": "城阳区", "镇街": "流亭街道"}
    for encoding in ("UTF-8", "GBK"):
        assert names(read(shapefile(tmp_path, [row], encoding=encoding, cpg=None))) == GOOD[:1]


def test_a_name_cut_off_within_a_character_loses_that_character_only(tmp_path):
    path = shapefile(tmp_path, row_of(1))
    table = path.with_suffix(".dbf")
    name = "g0网格".encode()
    table.write_bytes(table.read_bytes().replace(name, name[:-1] + b" "))
    path.with_suffix(".cpg").unlink()
    text = read(path).report.text()
    assert "不是 UTF-8" not in text or "GBK" in text


def test_codes_in_a_column_of_numbers_are_whole(tmp_path):
    rows = [feature(f"x{i}", moved(0.01 * i)) for i in range(2)]
    for i, row in enumerate(rows):
        row["properties"]["code"] = 370214001000.0 + i
    assert [row.code for row in read(shapefile(tmp_path, rows)).rows] == ["370214001000", "370214001001"]


def corners(reading):
    return shapely.get_coordinates(shapely.from_wkb(reading.rows[0].wkb))


@pytest.mark.parametrize("epsg", [4326, 4490, 4549, 4528, 4508, 32651, 3857])
def test_degrees_and_metres_of_wgs84_and_cgcs2000_are_the_same_place(tmp_path, epsg):
    reading = read(shapefile(tmp_path, row_of(1), epsg=epsg))
    assert reading.report.ok, reading.report.text()
    assert corners(reading) == pytest.approx(corners(read(shapefile(tmp_path, row_of(1)))), abs=1e-8)
    assert ("投影坐标" in reading.report.text()) == (epsg not in (4326, 4490))


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:EPSG::4549", "EPSG:4549", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:2437", "x"]
)
def test_the_old_crs_member_of_geojson_is_followed(tmp_path, name):
    """What QGIS writes when the layer is not in degrees."""
    move = Transformer.from_crs(4490, 4549, always_xy=True)
    ring = SQUARE if "CRS84" in name else [list(move.transform(x, y)) for x, y in SQUARE]
    path = geojson(tmp_path, feature(ring=ring), crs={"type": "name", "properties": {"name": name}})
    reading = read(path)
    if name in ("EPSG:2437", "x"):
        assert not reading.report.ok and "坐标系" in reading.report.text()
    else:
        assert corners(reading) == pytest.approx(corners(read(shapefile(tmp_path, row_of(1)))), abs=1e-8)


@pytest.mark.parametrize("epsg", [4548, 4549, 4527, 4528])
def test_metres_without_a_prj_are_refused_until_the_administrator_names_them(tmp_path, epsg):
    path = shapefile(tmp_path, row_of(1), epsg=epsg)
    path.with_suffix(".prj").unlink()
    assert "请带上 .prj，或选择“高斯投影”" in read(path).report.text()
    reading = read(path, "gauss")
    assert reading.report.ok and "按位置推算" in reading.report.text(), reading.report.text()
    assert corners(reading) == pytest.approx(corners(read(shapefile(tmp_path, row_of(1)))), abs=1e-8)


def test_metres_of_another_province_are_not_pressed_into_the_city(tmp_path):
    path = shapefile(tmp_path, [feature(ring=[[100 + x, y] for x, y in moved(-120.0)])], epsg=4528)
    path.with_suffix(".prj").unlink()
    assert "图形不在本市范围内" in read(path, "gauss").report.text()


@pytest.mark.parametrize(
    ("prj", "said"),
    [
        (CRS.from_epsg(2437).to_wkt("WKT1_ESRI"), "北京54"),
        (CRS.from_epsg(4610).to_wkt("WKT1_ESRI"), "西安80"),
        ("什么", "看不懂"),
    ],
)
def test_a_system_that_cannot_be_converted_is_refused_by_name(tmp_path, prj, said):
    path = shapefile(tmp_path, row_of(1))
    path.with_suffix(".prj").write_text(prj)
    report = read(path).report
    assert not report.ok and said in report.text()


def test_swapped_metres_are_named(tmp_path):
    path = shapefile(
        tmp_path, [feature(ring=[[4020000 + y, 520000 + x] for x, y in ((0, 0), (90, 0), (90, 90), (0, 0))])]
    )
    path.with_suffix(".prj").write_text(CRS.from_epsg(4549).to_wkt("WKT1_ESRI"))
    assert "东坐标和北坐标写反了" in read(path).report.text()


@pytest.mark.parametrize("missing", [".shx", ".dbf"])
def test_a_missing_companion_is_named(tmp_path, missing):
    path = shapefile(tmp_path, row_of(1))
    path.with_suffix(missing).unlink()
    for file in (path, zipped(path)):
        assert f"缺少 {missing} 文件" in read(file).report.text()


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("keep", [0, 3, 60, 101])
def test_a_damaged_file_is_refused_in_words(tmp_path, part, keep):
    path = shapefile(tmp_path, row_of(3))
    file = path.with_suffix(part)
    file.write_bytes(file.read_bytes()[:keep])
    report = read(path).report
    assert not report.ok and "没有导入" in report.text()


def test_lines_are_no_grids(tmp_path):
    path = shapefile(tmp_path, row_of(1))
    content = bytearray(path.read_bytes())
    content[32:36] = content[108:112] = struct.pack("<i", 3)
    path.write_bytes(content)
    assert "必须是面" in read(path).report.text()


# ---- archives


def archive(tmp_path, entries):
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in entries:
            out.writestr(name, content)
    return path


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], "GeoJSON"),
        ([("readme.txt", "x")], "没有 .shp"),
        ([("inner.zip", "x")], "还是压缩包"),
        ([("a.geojson", "{}")], "直接上传 .geojson"),
        ([("a.shp", "x"), ("b/a.shp", "x")], "2 个 .shp"),
        ([(link("a.shp"), "/etc/passwd")], "符号链接"),
        ([(f"{i}.txt", "x") for i in range(201)], "201 个文件"),
        ([("a.shp", "x")], "缺少 .shx、.dbf"),
        ([("a.shp", "x"), ("a.shx", "x"), ("a.dbf", "x")], "文件头不对"),
    ],
)
def test_an_archive_that_holds_no_single_shapefile_is_refused_in_words(tmp_path, entries, said):
    report = read(archive(tmp_path, entries)).report
    assert not report.ok and said in report.text()


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open("a.shp", "w") as member:
        for _ in range(401):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # unpacking would fail here
    assert "解开后有 401 MB，最多 400 MB" in read(path).report.text()


def test_an_archive_that_lies_about_its_size_ends_in_a_message(tmp_path):
    path = zipped(shapefile(tmp_path, row_of(3)))
    content = bytearray(path.read_bytes())
    at = content.rfind(b"layer.shp") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    assert "没有导入" in read(path).report.text()


def test_names_in_an_archive_lead_nowhere(tmp_path):
    path = shapefile(tmp_path, row_of(1))
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as out:
        for part in (".shp", ".shx", ".dbf"):
            out.write(path.with_suffix(part), f"../../../../tmp/evil{part}")
    reading = read(tmp_path / "evil.zip")
    assert reading.report.ok and not (tmp_path.parent / "evil.shp").exists()


def test_a_password_is_said(tmp_path):
    path = zipped(shapefile(tmp_path, row_of(1)))
    content = bytearray(path.read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    path.write_bytes(content)
    assert "有密码" in read(path).report.text()


def test_what_macos_adds_is_passed_over(tmp_path):
    path = zipped(shapefile(tmp_path, row_of(1)))
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("__MACOSX/._layer.shp", "x")
    assert read(path).report.ok and SQUARE
