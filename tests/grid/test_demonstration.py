import json
import shutil

import shapely

from grid.demonstration import FILE_NAME, write
from tests.grid.conftest import CITY_DIR


def test_the_script_writes_the_committed_bytes_again(tmp_path):
    for name in ("divisions.csv", "street_points.csv", "villages.csv"):
        shutil.copy(CITY_DIR / name, tmp_path / name)
    assert write(tmp_path).read_bytes() == (CITY_DIR / FILE_NAME).read_bytes()


def test_every_grid_is_valid_and_marked_approximate():
    collection = json.loads((CITY_DIR / FILE_NAME).read_text(encoding="utf-8"))
    assert collection["approximate"] is True and "OpenStreetMap" in collection["licence"]
    for feature in collection["features"]:
        assert feature["properties"]["approximate"] is True
        assert shapely.geometry.shape(feature["geometry"]).is_valid
