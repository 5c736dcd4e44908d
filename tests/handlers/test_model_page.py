"""The page about the model: what training recorded, shown to those who run the service."""

import json

import pytest

from cases import model_records
from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

FIGURES = {"top1": 0.95, "top3": 0.99, "macro_f1": 0.94, "scope_recall": 0.9, "tips_lost": 0.01}
READ = {
    "sentences": 1234, "top1": 0.75, "top3": 0.9, "scope_recall": 0.91, "tips_lost": 0.03,
    "top1_by_voice": {"worker": 0.5}, "curve": [[0.3, 0.9, 0.2], [0.9, 0.3, 0.05]],
    "types": {"gas_leak": [10, 0.8, 0.7, 0.7467], "hot_work": [5, 1.0, 0.2, 0.3333]},
    "counts": [["gas_leak", "gas_leak", 7], ["gas_leak", "hot_work", 3]],
    "confusions": [{"told": "gas_leak", "read": "hot_work", "times": 3, "share": 0.3, "example": "<b>焊枪皮管漏气"}],
}  # fmt: skip


def record(folder, name, *, accepted=True, worse=(), read=READ):
    row = {"model": name, "accepted": accepted, "figures": FIGURES, "worse": list(worse), "forced": False}
    (folder / f"{name}.json").write_text(json.dumps(row | {"cross_validation": read}), "utf-8")


@pytest.fixture
async def house(mongo_server, tmp_path, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    monkeypatch.setattr(model_records, "MODELS", models)
    async with office(mongo_server, tmp_path) as opened:
        opened.models = models
        yield opened


async def test_without_a_training_the_page_says_what_to_do(house):
    page = await (await house.officer("adm")).get("/admin/model")
    assert page.status == 200 and "tip12350 train" in page


async def test_the_page_shows_what_the_model_confuses(house):
    record(house.models, "aaaa000011112222")
    record(house.models, "bbbb000011112222", accepted=False, worse=["首选类型正确从 95.0% 降到 90.0%"])
    (house.models / "cut_off.json").write_text('{"model": "c', "utf-8")
    for login in ("adm", "aud"):
        page = await (await house.officer(login)).get("/admin/model")
        assert page.status == 200
        assert "aaaa000011112222" in page and "降到 90.0%" in page and "没有启用" in page
        assert "1,234" in page and "75.0%" in page and "工人口语" in page
        assert "&lt;b&gt;焊枪皮管漏气" in page and "<b>" not in page
        assert page.count('class="confusion-wrong"') == 1 and page.count('class="confusion-right"') == 1
        assert page.index("违规动火", page.index("每一种类型</h2>")) < page.index(
            "疑似燃气泄漏", page.index("每一种类型</h2>")
        )


async def test_a_record_of_an_earlier_release_is_shown_without_confusions(house):
    record(house.models, "aaaa000011112222", read=None)
    page = await (await house.officer("adm")).get("/admin/model")
    assert page.status == 200 and "重新训练后会有" in page


async def test_it_is_for_those_who_run_the_service(house):
    for login in ("disp", "ins1", "fin1"):
        assert (await (await house.officer(login)).get("/admin/model")).status == 403
