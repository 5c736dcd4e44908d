"""The chain of receivers: who gets the order, and that the sentence says who was passed over."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.inspectors import Inspector, Kind, Roster
from grid.receivers import receiver_for, standing
from grid.shifts import Leave, shift_of
from store.local_time import LOCAL

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=LOCAL)  # a Tuesday
TODAY = NOW.date()
AWAY = (Leave(TODAY, TODAY + timedelta(days=11)),)
NIGHTS = (shift_of(range(1, 8), "20:00", "08:00"),)
PLACE = ("城阳区", "流亭街道")


def person(name, grids=(), **more):
    return Inspector(name, f"网格{name}", f"{name}@example.cn", *PLACE, tuple(grids), **more)


OFFICE = Inspector("o", "流亭街道应急办", "", *PLACE, (), kind=Kind.STREET_OFFICE)
DESK = Inspector("d", "城阳区分派席", "", "城阳区", "", (), kind=Kind.DISTRICT_DESK)


def find(people, loads=None, grid="G1", district=PLACE[0], street=PLACE[1], max_open=20):
    return receiver_for(Roster(people), grid, district, street, NOW, loads or {}, max_open)


def test_the_inspector_of_the_grid_comes_first_whatever_the_others_have_to_do():
    found = find([person("a", ["G1"]), person("b"), OFFICE, DESK], {"a": 7, "b": 0})
    assert (found.kind, found.inspector.id, found.passed) == ("inspector", "a", ())


def test_of_two_inspectors_of_a_grid_the_one_with_fewer_orders():
    assert find([person("a", ["G1"]), person("b", ["G1"])], {"a": 3, "b": 2}).inspector.id == "b"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"leave": AWAY}, "网格a休假至12月5日"),
        ({"shifts": NIGHTS}, "网格a不在班"),
        ({"active": False}, "网格a已停用"),
    ],
)
def test_the_deputy_stands_in_and_the_reason_is_named(changed, words):
    found = find([person("a", ["G1"], deputy="b", **changed), person("b"), person("c")])
    assert (found.kind, found.inspector.id, found.passed) == ("deputy", "b", (words,))


def test_the_deputy_named_for_the_leave_goes_before_the_usual_one():
    leave = (replace(AWAY[0], deputy="c"),)
    assert find([person("a", ["G1"], deputy="b", leave=leave), person("b"), person("c")]).inspector.id == "c"


def test_an_overloaded_inspector_is_passed_over_with_the_numbers():
    found = find([person("a", ["G1"]), person("b")], {"a": 21})
    assert (found.kind, found.inspector.id) == ("street_inspector", "b")
    assert found.passed == ("网格a在办21件，超过20件的上限",)
    assert find([person("a", ["G1"]), person("b")], {"a": 20}).inspector.id == "a", "the limit itself is allowed"


def test_of_a_street_the_one_on_duty_with_the_fewest_orders():
    people = [person("a"), person("b"), person("c", leave=AWAY), person("e")]
    found = find(people, {"a": 3, "b": 1, "c": 0, "e": 1}, grid=None)
    assert (found.kind, found.inspector.id) == ("street_inspector", "b"), "of equals always the same one"
    assert found.passed == ("网格c休假至12月5日",)


def test_many_absent_people_are_counted_not_listed():
    people = [*(person(f"a{n}", leave=AWAY) for n in range(4)), person("b", shifts=NIGHTS), OFFICE]
    found = find(people, grid=None)
    assert (found.kind, found.label, found.passed) == (
        "street_office",
        "流亭街道应急办",
        ("其他网格员休假4人、不在班1人",),
    )


def test_the_end_of_the_chain():
    gone = person("a", ["G1"], active=False)
    assert find([gone, OFFICE, DESK]).kind == "street_office"
    assert find([gone, replace(OFFICE, shifts=NIGHTS), DESK]).kind == "district_desk"
    nobody = find([gone, replace(OFFICE, active=False)])
    assert nobody.kind == "unclaimed" and nobody.inspector is None
    assert nobody.passed == ("网格a已停用", "流亭街道办公室没有人接单", "区市分派席没有人接单")
    assert find([], district=None, street=None, grid=None).kind == "unclaimed"
    assert find([DESK], street=None, grid=None).inspector.id == "d"


def test_an_office_is_not_spared_for_its_load():
    assert find([OFFICE], {"o": 500}, grid=None).kind == "street_office"


def test_a_deputy_who_is_the_absent_owner_too_does_not_loop():
    found = find([person("a", ["G1"], deputy="b", leave=AWAY), person("b", ["G1"], deputy="a", leave=AWAY), DESK])
    assert found.kind == "district_desk"


def test_how_somebody_stands_in_lists():
    assert standing(person("a"), NOW) == ""
    assert standing(person("a", leave=AWAY), NOW) == "休假至12月5日"


rosters = st.lists(
    st.builds(
        lambda n, grid, active, leave, night, deputy: person(
            f"p{n}", ["G1"] if grid else [], active=active, leave=AWAY if leave else (),
            shifts=NIGHTS if night else (), deputy=f"p{deputy}",
        ),
        st.integers(0, 9), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 9),
    ),
    max_size=8,
    unique_by=lambda p: p.id,
)  # fmt: skip


@given(rosters, st.dictionaries(st.sampled_from([f"p{n}" for n in range(10)]), st.integers(0, 40)), st.booleans())
def test_nobody_off_duty_or_overloaded_gets_an_order_and_nobody_free_is_overlooked(people, loads, office):
    found = find([*people, *([OFFICE] if office else [])], loads)
    free = [p for p in people if Roster.on_duty(p, NOW) and loads.get(p.id, 0) <= 20]
    if found.inspector is None or found.inspector is OFFICE:
        assert not free and (found.kind == "unclaimed") is not office
    else:
        assert found.inspector in free
        owners = [p for p in free if "G1" in p.grids]
        assert (found.kind == "inspector") == bool(owners)
        if found.kind == "street_inspector":
            assert loads.get(found.inspector.id, 0) == min(loads.get(p.id, 0) for p in free)
