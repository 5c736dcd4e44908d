"""Danger is raised by what happens now, and by nothing else."""

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from cases.danger import ADVICE, danger_in
from cases.danger_model import FILE, NONE
from cases.danger_training import sources_hash, written

ROWS = list(csv.DictReader((Path(__file__).parent.parent / "bot" / "danger_cases.csv").open(encoding="utf-8")))


@pytest.mark.parametrize("row", ROWS, ids=[row["text"] for row in ROWS])
def test_table(row):
    found = danger_in(row["text"])
    assert bool(found) == (row["danger"] == "1"), found
    if found:
        assert found.kind == row["kind"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("会议室着火了", "fire"),
        ("消防通道着火了", "fire"),
        ("发现着火了", "fire"),
        ("去年着过一次，现在又着火了", "fire"),
        ("着 火 了", "fire"),
        ("煤七了", "leak"),
        ("山上冒咽了", "smoke"),
        ("不是演练，真着火了快来", "fire"),
        ("我们厂着火了怎么办", "fire"),
        ("里面有人被困了怎么办", "trapped"),
        ("我们厂煤气漏了怎么办，会不会泄露我的信息", "leak"),
        ("There is a fire in our factory", "fire"),
        ("工場で火災が発生しました", "fire"),
    ],
)
def test_more_that_is_danger(text, kind):
    found = danger_in(text)
    assert found and found.kind == kind
    assert "119" in found.advice or "120" in found.advice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😀😀",
        "\ud800\x00",
        "/restart",
        "貨物運到了",
        "东西运到了",
        "包扎了",
        "烦死人了你",
        "hello",
        "万一我们厂着火了怎么办",
        "燃气泄漏了怎么办",
        "灭火器都过期了着火都没法救",
        "The fire exit is locked!",
        "Пожарный выход заперт",
    ],
)
def test_no_danger(text):
    assert danger_in(text) is None


def test_words_point_into_the_original():
    text = "  请问奖励，\u200b外面 着 火了"
    found = danger_in(text)
    assert text[slice(*found.words)].replace(" ", "").startswith("着火")


def test_every_kind_has_advice_with_a_number():
    assert all("119" in text or "120" in text for text in ADVICE.values())


def test_long_texts_take_time_in_proportion():
    def seconds(text: str) -> float:
        start = time.perf_counter()
        danger_in(text)
        return time.perf_counter() - start

    for part in ("没着火，", "会", "电梯卡在里面", "从井"):
        short, long = min(seconds(part * 500) for _ in range(3)), seconds(part * 5000)
        assert long < max(short, 0.001) * 40


UNSEEN = list(csv.DictReader((Path(__file__).parent / "danger_unseen.csv").open(encoding="utf-8")))


def test_what_somebody_else_wrote_is_heard_without_crying_wolf():
    """Written by a person who knew neither patterns nor training sentences, and hard on purpose: drills, jokes, fears."""
    stated = [bool(danger_in(row["text"])) for row in UNSEEN if row["danger"] == "1"]
    spoken_of = [bool(danger_in(row["text"])) for row in UNSEEN if row["danger"] == "0"]
    assert sum(stated) / len(stated) >= 0.92
    assert sum(spoken_of) / len(spoken_of) <= 0.12


def test_the_model_belongs_to_its_sentences():
    with np.load(FILE, allow_pickle=False) as stored:
        assert str(stored["sources"]) == sources_hash(), "run: .venv/bin/python -m cases.danger_training"


def test_no_unseen_text_is_learned_from():
    learned = {text for text, _ in written()}
    assert not learned & {row["text"] for row in UNSEEN}
    assert set(kind for _, kind in written()) == {NONE, *ADVICE}


@pytest.mark.parametrize("text", ["", "。。。", "\x00", "！" * 5000, "着" * 20_000, "a b c" * 3000, "😀" * 100])
def test_odd_texts_are_read_quickly(text):
    begun = time.monotonic()
    danger_in(text)
    assert time.monotonic() - begun < 2
