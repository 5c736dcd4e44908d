"""The drawing for the thumb: every name a target, none over another, north above south."""

import pytest

from grid import schematic
from grid.schematic import HEIGHT_OF_NAME, WIDTH, Spot


def drawings(divisions):
    return [schematic.districts(divisions), *(schematic.streets(divisions, name) for name in divisions.districts)]


def test_no_name_lies_over_another_or_outside(gazetteer):
    for drawing in drawings(gazetteer.lexicon.divisions):
        for number, one in enumerate(drawing.spots):
            assert one.width / 2 - 0.1 <= one.x <= WIDTH - one.width / 2 + 0.1
            assert HEIGHT_OF_NAME / 2 - 0.1 <= one.y <= drawing.height - HEIGHT_OF_NAME / 2 + 0.1
            for other in drawing.spots[number + 1 :]:
                beside = abs(one.x - other.x) >= (one.width + other.width) / 2
                assert beside or abs(one.y - other.y) >= HEIGHT_OF_NAME, (one, other)


def test_every_street_is_there_once(gazetteer):
    divisions = gazetteer.lexicon.divisions
    shown = [spot.name for name in divisions.districts for spot in schematic.streets(divisions, name).spots]
    assert sorted(shown) == sorted(street.name for street in divisions.streets)


@pytest.mark.parametrize(("north", "south"), [("莱西市", "崂山区"), ("平度市", "黄岛区"), ("即墨区", "市南区")])
def test_north_is_above(gazetteer, north, south):
    spots: dict[str, Spot] = {s.name: s for s in schematic.districts(gazetteer.lexicon.divisions).spots}
    assert spots[north].y < spots[south].y
