"""The cached model on texts of every kind, and its files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from addons.chinese_text import clean_message, fold
from addons.violation_model import ARRAYS_FILE, SETTINGS_FILE, DamagedModel, TipModel, is_number_and_code
from classify_lines import classify

ROOT = Path(__file__).resolve().parents[2]

PLAIN_CASES = [
    ("仓库货物摆放不符合五距", "fire_facility_broken"),
    ("灭火器压力不足", "fire_facility_broken"),
    ("二楼安全出口上锁", "exit_blocked_locked"),
    ("楼梯间堆满纸箱，人都过不去", "exit_blocked_locked"),
    ("配电箱未接地", "electrical_wiring"),
    ("电焊工没有操作证就上岗", "special_operator_no_cert"),
    ("冲床没有防护罩", "machine_guard"),
    ("下污水池清淤没通风也没检测", "confined_space"),
    ("饭店后厨用液化气没装报警器", "gas_restaurant_no_alarm"),
    ("塔吊没验收就用", "con_crane"),
    ("电梯老是掉层，物业也不修", "se_elevator"),
    ("面包车接送幼儿园孩子，七座坐了十八个", "school_bus"),
    ("死了一个工人，老板私了没上报", "accident_conceal"),
    ("举报以后被厂里开除了", "retaliation"),
    ("电动车推进楼道充电", "ebike_indoor"),
    ("木器厂车间里全是木粉，除尘器坏了", "dust_explosion"),
]
NO_TIPS = [
    "公司拖欠工资三个月不发", "楼下广场舞太吵了睡不着", "物业费涨价不合理", "你好", "孩子上学划片的问题咨询谁",
    "今天天气真不错", "网上买的鞋子不给退", "停车场收费太贵了",
]  # fmt: skip
HOSTILE = ["", " ", "\x00", "\ud800", "😀😀", "a" * 20_000, "隐" * 20_000, '/restart{"a":1}', "<script>", "‮", "１２３"]


@pytest.mark.parametrize("text, type_", PLAIN_CASES)
def test_plain_cases_are_among_the_first_three(tip_model: TipModel, text: str, type_: str) -> None:
    reading = tip_model.read(text)
    assert reading.in_scope and type_ in [found.type for found in reading.violations[:3]]


def test_plain_cases_are_mostly_first(tip_model: TipModel) -> None:
    wrong = [(text, tip_model.read(text).violations[0].type) for text, type_ in PLAIN_CASES
             if tip_model.read(text).violations[0].type != type_]  # fmt: skip
    assert len(wrong) <= 2, wrong


def test_no_tips_are_mostly_out_of_scope(tip_model: TipModel) -> None:
    wrong = [text for text in NO_TIPS if tip_model.read(text).in_scope]
    assert len(wrong) <= 1, wrong


def test_two_matters_in_one_text(tip_model: TipModel) -> None:
    reading = tip_model.read("车间安全出口锁着，电线还乱拉裸露在外面")
    assert {"exit_blocked_locked", "electrical_wiring"} <= {found.type for found in reading.violations[:3]}


def test_words_point_into_the_text_as_typed(tip_model: TipModel) -> None:
    text = "　　老板：３号楼２层的 安全出口 被铁链锁死！！"
    words = [text[start:end] for start, end in tip_model.read(text).violations[0].words]
    assert any("出口" in word or "锁" in word for word in words), words
    for found in tip_model.read(text).violations:
        assert all(0 <= start < end <= len(text) for start, end in found.words)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_do_no_harm(tip_model: TipModel, text: str) -> None:
    reading = tip_model.read(text)
    assert len(reading.violations) == 5 and reading.intent
    json.dumps([found.confidence for found in reading.violations], allow_nan=False)


@pytest.mark.parametrize(
    "text, folded", [("ＡＢ１２３号", "ab0号"), ("3 0\n层", "00层"), ("①㎡", "0m0"), ("\x00\ud800a", "a"), ("灯。", "灯。")]
)
def test_folding(text: str, folded: str) -> None:
    result = fold(text)
    assert result.text.replace("00", "0") == folded.replace("00", "0")
    assert len(result.origins) == len(result.text)


@pytest.mark.parametrize(
    "typed, clean", [("/restart", "／restart"), (" //affirm", "／affirm"), ("a/b", "a/b"), ("\x00着火\ud800", "着火"), ("／x", "／x")]
)
def test_cleaning(typed: str, clean: str) -> None:
    assert clean_message(typed) == clean


def test_number_and_code_alone() -> None:
    assert is_number_and_code(fold("编号 2026-1124-0007 密码 482913").text)
    assert not is_number_and_code(fold("3号楼").text) and not is_number_and_code("")


def test_files_round_trip_and_damage_is_seen(tip_model: TipModel, tmp_path: Path) -> None:
    tip_model.save(tmp_path)
    read = lambda name: (tmp_path / name).read_bytes()  # noqa: E731
    again = TipModel.load(read)
    assert again.version == tip_model.version
    assert again.read("灭火器过期") == tip_model.read("灭火器过期")
    whole = (tmp_path / ARRAYS_FILE).read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:-2000] + bytes(2000), b"PK" + whole[5:]):
        (tmp_path / ARRAYS_FILE).write_bytes(damaged)
        with pytest.raises(DamagedModel):
            TipModel.load(read)
    (tmp_path / ARRAYS_FILE).write_bytes(whole)
    settings = json.loads(read(SETTINGS_FILE))
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({**settings, "format": 99}))
    with pytest.raises(DamagedModel, match="format 99"):
        TipModel.load(read)


def test_classify_lines(trained_model: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"id": i, "text": text}) for i, (text, _) in enumerate(PLAIN_CASES)]
    lines += ["", "no json", '{"id": 7}', '{"id": "x", "text": 5}', '{"id": "y", "text": "\\ud800\\u0000"}', "[]"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "bot" / "classify_lines.py"), str(trained_model)],
        input="\n".join(lines), text=True, capture_output=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [*range(len(PLAIN_CASES)), None, 7, "x", "y", None]
    assert all(set(row) == {"id", "in_scope", "violations", "model_version"} for row in rows[: len(PLAIN_CASES)])
    assert all("error" in rows[index] for index in (-5, -4, -3, -1))
    assert "rasa" not in done.stderr.lower() and "lines in" in done.stderr


def test_a_model_without_our_files_is_refused(tmp_path: Path, trained_model: Path) -> None:
    from classify_lines import load_model

    (tmp_path / "x").write_text("x")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "x", "x")
    with pytest.raises(DamagedModel):
        load_model(tmp_path / "model.tar.gz")
    shutil.copy(trained_model, tmp_path / "cut.tar.gz")
    with open(tmp_path / "cut.tar.gz", "r+b") as file:
        file.truncate(100_000)
    with pytest.raises(DamagedModel):
        load_model(tmp_path / "cut.tar.gz")


def test_one_line(tip_model: TipModel) -> None:
    row: Any = classify(tip_model, json.dumps({"id": "a", "text": "公司拖欠工资三个月不发"}))
    assert row["in_scope"] is False and row["violations"][0]["type"] == "other_or_out_of_scope"
