"""From a dispatcher's corrections to a name that the running service reads: page, command, audit, export."""

import asyncio

import pytest
import yaml

import cli
from access import audit
from grid import aliases
from tests.handlers.office import dispatch_form, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
PAGE = "/admin/place-names"


@pytest.fixture
async def house(mongo_server, tmp_path, monkeypatch):
    monkeypatch.setattr(aliases, "LOOK_EVERY_S", 0.05)
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def corrected(house, place: str) -> str:
    """A case whose place the dispatcher put right."""
    case_id = await house.file(place=place)
    page = await (await house.officer("disp")).post(
        f"/desk/cases/{case_id}/accept",
        dispatch_form(await house.case(case_id), district="城阳区", street="城阳区 夏庄街道"),
    )
    assert "已完成" in page
    return case_id


async def three_corrections(house) -> None:
    for place in ("老砖瓦窑北边", "在老砖瓦窑对面,电话13812345678", "夏庄老砖瓦窑冷库"):
        await corrected(house, place)


async def read(house) -> tuple[str | None, str | None]:
    place = house.services.locator.locate("老砖瓦窑的作坊没有灭火器")
    return place.district, place.street


async def soon(house, expected) -> None:
    for _ in range(100):
        if await read(house) == expected:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await read(house))


async def test_a_correction_keeps_what_was_read_and_what_was_decided_and_no_identity(house):
    case_id = await corrected(house, "老砖瓦窑,电话13812345678")
    row = await house.services.store["corrections"].find_one({"case_id": case_id})
    assert (row["proposed"]["district"], row["proposed"]["street"]) == ("市北区", "辽宁路街道")
    assert (row["decided"]["district"], row["decided"]["street"]) == ("城阳区", "夏庄街道")
    tip = await house.services.store["tips"].find_one({"case_id": case_id})
    assert "老砖瓦窑" in tip["facts"]["place"] and "138" not in str(tip["facts"]) + str(row)


async def test_the_administrator_accepts_a_proposal_and_takes_it_back(house):
    admin = await house.officer("adm")
    assert "现在没有" in await admin.get(PAGE)
    await three_corrections(house)
    page = await admin.get(PAGE)
    assert "老砖瓦窑" in page and "城阳区夏庄街道" in page and "3件" in page and "138" not in page
    page = await admin.post(f"{PAGE}/new/accept_alias", {"word": "老砖瓦窑", "place": "城阳区 夏庄街道"})
    assert page.status == 200 and "已完成：采用地名" in page
    assert await read(house) == ("城阳区", "夏庄街道")
    row = await house.services.store["place_aliases"].find_one({"_id": "老砖瓦窑"})
    assert (row["cases"], row["against"], row["accepted_by"]) == (3, 0, "adm")
    await admin.post(f"{PAGE}/老砖瓦窑/withdraw_alias")
    assert await read(house) == (None, None)
    entries = await house.services.store["audit"].find({"subject": "alias:老砖瓦窑"}).sort("seq", 1).to_list(9)
    assert [(e["action"], e["actor"]) for e in entries] == [("accept_alias", "adm"), ("withdraw_alias", "adm")]
    assert await audit.verify(house.services.store, "alias:老砖瓦窑") == (2, None)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"word": "窑", "place": "城阳区"}, "2到12个汉字"),
        ({"word": "$where", "place": "城阳区"}, "2到12个汉字"),
        ({"word": "流亭街道", "place": "平度市"}, "正式的"),
        ({"word": "烟台", "place": "平度市"}, "正式的"),
        ({"word": "老砖瓦窑", "place": ""}, "区市"),
        ({"word": "老砖瓦窑", "place": "城阳区 台东街道"}, "没有“台东街道”"),
    ],
)
async def test_a_bad_name_is_refused_with_the_reason_and_leaves_no_trace(house, data, why):
    page = await (await house.officer("adm")).post(f"{PAGE}/new/accept_alias", data)
    assert page.status == 422 and why in page
    assert await house.services.store["place_aliases"].count_documents({}) == 0
    assert await house.services.store["audit"].count_documents({"action": "accept_alias"}) == 0


async def test_only_the_administrator_decides(house):
    for login in ("disp", "aud"):
        officer = await house.officer(login)
        assert (await officer.get(PAGE)).status == 403
        assert (await officer.post(f"{PAGE}/new/accept_alias", {"word": "老砖瓦窑", "place": "城阳区"})).status == 403


async def test_commands_propose_accept_and_export_and_the_running_service_follows(
    house, mongo_server, monkeypatch, tmp_path, capsys
):
    await house.officer("adm")
    await three_corrections(house)
    monkeypatch.setenv("MONGODB_URI", mongo_server.uri)
    monkeypatch.setenv("TIP_MONGODB_NAME", house.services.settings.mongodb_name)
    monkeypatch.setenv("TIP_DATA_DIR", str(tmp_path))

    async def command(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.main, ["aliases", *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert await command("propose") == (
        0, "老砖瓦窑\t城阳区夏庄街道\t支持 3\t相反 0\t老砖瓦窑北边\n"
        "共 1 个。核对后用 tip12350 aliases accept 地名 区市 镇街 --by 登录名 采用。\n",
    )  # fmt: skip
    code, told = await command("accept", "老砖瓦窑", "城阳区", "夏庄街道", "--by", "disp")
    assert code == 2 and "不是管理员" in told
    code, told = await command("accept", "老砖瓦窑", "城阳区", "夏庄街道", "--by", "adm")
    assert code == 0 and "已采用" in told
    await soon(house, ("城阳区", "夏庄街道"))
    assert "老砖瓦窑\t城阳区夏庄街道" in (await command("list"))[1]
    assert "共 0 个" in (await command("propose"))[1]
    file = tmp_path / "learned.yml"
    assert (await command("export", str(file)))[0] == 0
    assert yaml.safe_load(file.read_text("utf-8")) == {
        "landmarks": {"城阳区": ["老砖瓦窑"]}, "landmark_streets": {"夏庄街道": ["老砖瓦窑"]},
    }  # fmt: skip
    assert (await command("export", str(file)))[0] == 2
    assert (await command("withdraw", "老砖瓦窑", "--by", "adm"))[0] == 0
    await soon(house, (None, None))
    assert (await command("withdraw", "老砖瓦窑", "--by", "adm"))[0] == 2
