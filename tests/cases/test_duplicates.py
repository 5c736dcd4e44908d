"""Reported before? Which earlier cases are shown, in which order, and for which reasons."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.duplicates import candidates
from cases.found_by import found_by
from cases.photo_likeness import pieces, same
from tests.cases.case_factory import received_case

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WHAT = "仓库二楼的安全出口被铁链锁住，里面堆着纸箱"
PHOTO = "a3f0b1c2d4e59687"


async def old(
    store, number: int, *, what=WHAT, company="", types=("exit_blocked_locked",), days=3, photo=None, **place
):
    """An earlier case with its tip; `place`: grid, street, point."""
    case_id = f"OLD{number:02}-AAAAA"
    case = await received_case(store, case_id, NOW - timedelta(days=days))
    location = {"district": "市北区", "street": "台东街道", "grid": "g1", "point": None, **place}
    case |= {"state": "triage", "company": company, "location": location}
    case["types"] = [{"type": kind, "confidence": 0.9, "words": []} for kind in types]
    case["found_by"] = found_by(case)
    await store["cases"].replace_one({"_id": case_id}, case)
    row = {"_id": f"t{number}", "number": str(number), "client_key": str(number), "case_id": case_id}
    await store["tips"].insert_one({**row, "facts": {"what": what}, "withdrawn": False})
    if photo:
        await store["evidence"].insert_one(
            {"_id": f"e{number}", "kind": "photo", "case_id": case_id, "dhash": photo, "pieces": pieces(photo)}
        )
    return case_id


async def look(store, *, what=WHAT, company="", types=("exit_blocked_locked",), photos=(), **place):
    location = {"district": "市北区", "street": "台东街道", "grid": "g1", "point": None, **place}
    return await candidates(store, "NEW", {"what": what, "company": company}, location, types, photos, NOW)


async def test_the_same_words_in_the_same_grid_come_first_with_their_reasons(store):
    twin = await old(store, 1)
    await old(store, 2, what="饭店后厨没有装燃气报警器", types=("gas_no_alarm",))
    (found,) = await look(store)
    assert found["case_id"] == twin and found["likeness"] == 1
    assert found["reasons"] == ["文字相似度100%", "同一网格", "违法类型相同"]


async def test_place_and_type_alone_are_no_reason(store):
    await old(store, 1, what="三号楼消防通道停满了车")
    assert await look(store) == []


@pytest.mark.parametrize(
    ("name", "reason"), [("兴达木业股份有限公司", "单位名称相同"), ("青岛市兴大木业有限公司", "单位名称相近")]
)
async def test_the_company_counts_in_another_form_and_with_a_typing_mistake(store, name, reason):
    case_id = await old(store, 1, what="老板不给工人培训就上岗", company=name)
    (found,) = await look(store, company="兴达木业有限公司")
    assert found["case_id"] == case_id and reason in found["reasons"]


async def test_a_namesake_elsewhere_with_another_matter_is_not_shown(store):
    await old(
        store, 1, what="老板不给工人培训", company="兴达木业", types=("no_training",), grid="g9", district="平度市"
    )
    assert await look(store, company="兴达木业") == []


async def test_the_same_company_elsewhere_with_the_same_matter_is_shown(store):
    case_id = await old(store, 1, what="大门锁着出不去", company="兴达木业", grid="g9", street="宁夏路街道")
    assert [row["case_id"] for row in await look(store, company="兴达木业")] == [case_id]


async def test_within_300_metres_counts_across_the_border_of_a_grid(store):
    here, near, far = (120.38, 36.08), (120.382, 36.081), (120.39, 36.09)
    for number, spot in ((1, near), (2, far)):
        point = {"lng": spot[0], "lat": spot[1]}
        await old(store, number, what="仓库的安全出口，被铁链锁了", grid="g2", street="辽宁路街道", point=point)
    (found,) = await look(store, point={"lng": here[0], "lat": here[1]})
    assert found["case_id"] == "OLD01-AAAAA" and any(reason.startswith("相距约2") for reason in found["reasons"])


async def test_the_same_photo_is_found_wherever_and_whenever(store):
    case_id = await old(store, 1, what="别的话", types=(), grid="g9", district="平度市", days=400, photo=PHOTO)
    saved_again = f"{int(PHOTO, 16) ^ 0b101:016x}"
    (found,) = await look(store, photos=[saved_again])
    assert found["case_id"] == case_id and found["reasons"] == ["照片相同"]
    assert await look(store, photos=[f"{int(PHOTO, 16) ^ 0xFF:016x}"]) == []


async def test_a_black_picture_is_no_evidence(store):
    await old(store, 1, what="别的话", types=(), grid="g9", district="平度市", photo="0" * 16)
    assert await look(store, photos=["0" * 16]) == []
    assert pieces("0" * 16) == pieces("f" * 16) == pieces("") == []
    assert same(PHOTO, PHOTO)


async def test_old_withdrawn_and_merged_cases_are_left_out(store):
    await old(store, 1, days=120)
    withdrawn, merged = await old(store, 2), await old(store, 3)
    await store["cases"].update_one({"_id": withdrawn}, {"$set": {"state": "withdrawn"}})
    await store["cases"].update_one({"_id": merged}, {"$set": {"state": "merged"}})
    assert await look(store) == []


async def test_a_case_without_a_place_is_compared_by_its_company_only(store):
    case_id = await old(store, 1, company="兴达木业")
    (found,) = await look(store, company="兴达木业", district=None, street=None, grid=None)
    assert found["case_id"] == case_id
    assert await look(store, district=None, street=None, grid=None) == []
