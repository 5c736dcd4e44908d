"""Corrections leave the house as sentences and types, and as nothing that leads back to a case."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from access import audit
from cases.intake import case_id_of
from cases.learning import FileExists, candidate_rows, core_types, export_corrections, nameless

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def key(number: int) -> str:
    return hashlib.sha256(f"key {number}".encode()).hexdigest()


async def corrected(store, number: int, *, text: str, proposed, decided, merged_into: int | None = None, **tip) -> str:
    """A case with the tip that opened it, and the dispatcher's correction of it."""
    case_id = case_id_of(key(number))
    home = case_id if merged_into is None else case_id_of(key(merged_into))
    await store["cases"].insert_one({"_id": case_id, **({"merged_into": home} if home != case_id else {})})
    await store["tips"].insert_one(
        {"_id": f"t{key(number)[:24]}", "client_key": key(number), "number": f"3702-0000-{number:04}", "case_id": home,
         "facts": {"what": text, "place": "市北区台东三路", "company": "某公司"}, "withdrawn": False, "filed_at": NOW, **tip}
    )  # fmt: skip
    await correct(store, number, proposed, decided)
    return case_id


async def correct(store, number: int, proposed, decided, minutes: int = 0) -> None:
    case_id = case_id_of(key(number))
    place = {"district": "市北区", "street": "台东街道", "grid": ""}
    await store["corrections"].insert_one(
        {"_id": f"{case_id}:{minutes + 2}", "case_id": case_id, "proposed": {"types": proposed, **place},
         "decided": {"types": decided, **place, "grid": "370203001-1"}, "model_version": "0123456789ab",
         "at": NOW + timedelta(minutes=minutes)}
    )  # fmt: skip


async def test_a_corrected_case_becomes_one_row(store):
    await corrected(store, 1, text="配电箱敞着门", proposed=["machine_guard"], decided=["electrical_wiring"])
    assert await candidate_rows(store) == [
        {
            "text": "配电箱敞着门",
            "types": ["electrical_wiring"],
            "predicted": ["machine_guard"],
            "model_version": "0123456789ab",
        }
    ]


async def test_what_teaches_nothing_is_left_out(store):
    await corrected(store, 1, text="只改了地点", proposed=["gas_leak"], decided=["gas_leak"])
    await corrected(store, 2, text="换了顺序", proposed=["gas_leak", "hot_work"], decided=["hot_work", "gas_leak"])
    await corrected(store, 3, text="撤回了", proposed=["gas_leak"], decided=["hot_work"], withdrawn=True)
    await corrected(store, 4, text="同一核心类型", proposed=["hot_work"], decided=["smoking_open_flame"])
    await corrected(store, 5, text="类型已删除", proposed=["hot_work"], decided=["a_dropped_type"])
    assert await candidate_rows(store) == []


async def test_the_last_decision_counts(store):
    await corrected(store, 1, text="楼道堆纸箱", proposed=["gas_leak"], decided=["hot_work"])
    await correct(store, 1, ["gas_leak"], ["exit_blocked_locked"], minutes=5)
    assert [row["types"] for row in await candidate_rows(store)] == [["exit_blocked_locked"]]


async def test_a_merged_case_keeps_its_own_words(store):
    await corrected(store, 1, text="塔吊晃得厉害", proposed=["hot_work"], decided=["con_crane"], merged_into=2)
    await corrected(store, 2, text="吊臂从楼顶过", proposed=["con_demolition"], decided=["con_crane"])
    rows = {row["text"]: row["predicted"] for row in await candidate_rows(store)}
    assert rows == {"塔吊晃得厉害": ["hot_work"], "吊臂从楼顶过": ["con_demolition"]}


async def test_the_file_tells_nothing_but_words_and_types(store, tmp_path):
    text = "王老板的厂,我叫李小红,电话13812345678,上次编号3702-1234-5678查询码7KQ2 M9XB 4TRA 0ZC8,案件AB12C-D34EF,灶没熄火保护"
    first = await corrected(store, 7, text=text, proposed=[], decided=["gas_restaurant_no_alarm"])
    await corrected(store, 3, text="铝粉积灰", proposed=["oh_over_limit"], decided=["dust_explosion"])
    file = tmp_path / "rows.jsonl"
    assert await export_corrections(store, file, "system") == 2
    written = file.read_text("utf-8")
    rows = [json.loads(line) for line in written.splitlines()]
    assert all(set(row) == {"text", "types", "predicted", "model_version"} for row in rows)
    assert [row["text"] for row in rows] == sorted(row["text"] for row in rows)
    for secret in (first, "138", "李小红", "3702", "7KQ2", "AB12C", "2026", "台东", "370203001"):
        assert secret not in written, secret
    assert "灶没熄火保护" in written and file.stat().st_mode & 0o077 == 0
    entry = await store["audit"].find_one({"subject": "corrections"})
    assert entry["action"] == "export" and entry["detail"] == {"rows": 2}
    assert (await audit.verify(store))[1] is None


async def test_a_file_that_is_there_is_not_written_over(store, tmp_path):
    (tmp_path / "rows.jsonl").write_text("mine")
    with pytest.raises(FileExists):
        await export_corrections(store, tmp_path / "rows.jsonl", "system")
    assert (tmp_path / "rows.jsonl").read_text() == "mine"
    assert await store["audit"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("编号３７０２-1234-5678", "编号［编号］"), ("码7kq2m9xb4tra0zc8完", "码［编号］完"),
        ("压力0.8MPa,2026年11月", "压力0.8MPa,2026年11月"), ("GB 50016-2014第5.5条", "GB 50016-2014第5.5条"),
        ("我叫张伟,住三楼", "我叫［姓名］,住三楼"), ("", ""),
    ],
)  # fmt: skip
def test_nameless(text, safe):
    assert nameless(text) == safe


def test_types_outside_the_core_are_taught_as_their_core_type():
    assert core_types(["fire_lane_blocked", "exit_blocked_locked", "gone", "gas_leak"]) == [
        "exit_blocked_locked",
        "gas_leak",
    ]
