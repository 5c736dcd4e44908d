"""The web form: receipt, idempotency, errors beside the field, size limits, hostile texts, photos, scope question."""

import asyncio
import json
import struct
import zlib

import pytest

from cases.receipts import Receipt, plain_code, plain_number
from grid.coordinates import Point
from handlers.report import draw_card
from tests import hostile
from tests.handlers.citizens import KEY, WHAT, citizens, file, form, hidden, jpeg, jpeg_with_gps

JSON = {"Accept": "application/json"}


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


async def counts(services) -> dict[str, int]:
    return {
        name: await services.store[name].count_documents({}) for name in ("tips", "cases", "evidence", "vault", "jobs")
    }


async def nothing_stored(services) -> bool:
    files = [path for path in (services.settings.data_dir / "evidence").rglob("*") if path.is_file()]
    return set((await counts(services)).values()) == {0} and not files


async def test_a_form_without_javascript_gives_number_and_code_on_the_page_and_nowhere_else(site):
    client, services, _ = site
    page = await (await client.get("/report")).text()
    answer = await client.post("/report", data=form(client_key=hidden(page, "client_key")))
    text = await answer.text()
    assert answer.status == 201 and not answer.history
    assert answer.headers["Cache-Control"] == "no-store"
    number, code = hidden(text, "number"), hidden(text, "code")
    assert len(plain_number(number)) == 12 and len(plain_code(code)) == 16
    tip = await services.store["tips"].find_one({})
    assert tip["number"] == number and code not in json.dumps(tip, default=str)
    assert code not in str(answer.url) and "code" not in str(answer.headers).lower().replace("encoding", "")
    assert await counts(services) == {"tips": 1, "cases": 1, "evidence": 0, "vault": 0, "jobs": 1}


async def test_words_from_the_front_page_come_by_post_and_stand_in_no_address(site):
    client, _, _ = site
    answer = await client.post("/report/start", data={"what": WHAT})
    assert answer.status == 200 and WHAT in await answer.text() and not answer.url.query
    assert WHAT not in await (await client.get("/report", params={"what": WHAT})).text()
    home = await (await client.get("/")).text()
    assert 'method="post" action="/report/start"' in home and 'method="get"' not in home


async def test_every_page_view_has_a_key_of_its_own(site):
    client, _, _ = site
    keys = {hidden(await (await client.get("/report")).text(), "client_key") for _ in range(3)}
    assert len(keys) == 3 and all(len(key) == 43 for key in keys)


async def test_a_retry_with_the_same_key_makes_no_second_tip(site):
    client, services, _ = site
    receipts = await asyncio.gather(*(file(client) for _ in range(5)))
    assert len(set(receipts)) == 1
    assert (await counts(services))["tips"] == 1


async def test_a_header_may_carry_the_key(site):
    client, services, _ = site
    for _ in range(2):
        data = form(client_key="")
        answer = await client.post("/report", data=data, headers={**JSON, "Idempotency-Key": "h" * 32})
        assert answer.status == 201
    assert (await counts(services))["tips"] == 1


async def test_another_text_under_the_same_key_is_a_conflict_and_the_page_offers_a_new_key(site):
    client, services, _ = site
    await file(client)
    answer = await client.post("/report", data=form(what=WHAT + "还有很多人"))
    text = await answer.text()
    assert answer.status == 409 and hidden(text, "client_key") != KEY and "还有很多人" in text
    assert (await counts(services))["tips"] == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"what": ""}, "what", "请写一句话"),
        ({"what": "   \u200b "}, "what", "请写一句话"),
        ({"what": "啊啊啊啊啊啊"}, "what", "看不懂"),
        ({"what": "安全出口锁着。" * 15000}, "what", "描述太长"),
        ({"place": "路" * 301}, "place", "太长"),
        ({"ongoing": "maybe"}, "ongoing", "是否还在继续"),
        ({"lng": "36.07", "lat": "120.38"}, "position", "写反"),
        ({"lng": "nan", "lat": "1"}, "position", "位置有误"),
        ({"lng": "116.397", "lat": "39.908"}, "position", "不在本市范围"),
        ({"client_key": "short"}, "client_key", "刷新"),
    ],
)
async def test_a_mistake_is_named_and_nothing_is_kept(site, fields, field, words):
    client, services, _ = site
    answer = await client.post("/report", data=form(**fields), headers=JSON)
    body = await answer.json()
    assert (answer.status, body["field"]) == (422, field) and words in body["message"]
    assert await nothing_stored(services)


async def test_after_a_mistake_the_page_holds_everything_typed_and_names_the_photos(site):
    client, _, _ = site
    typed = {
        "what": "",
        "place": "辽宁路80号",
        "company": "某<b>商场",
        "contact": "微信 abc",
        "ongoing": "yes",
        "employee": "1",
    }
    answer = await client.post("/report", data=form([("门.jpg", jpeg())], **typed))
    text = await answer.text()
    assert answer.status == 422
    for words in ("辽宁路80号", "某&lt;b&gt;商场", "微信 abc", 'value="yes" checked', "门.jpg", 'id="what-error"'):
        assert words in text
    assert hidden(text, "client_key") == KEY


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
async def test_hostile_texts_are_taken_as_text_or_refused_with_words(site, text):
    client, services, _ = site
    fields = {name: text[:90] for name in ("place", "company", "happened", "contact")}
    answer = await client.post("/report", data=form(what=text, **fields))
    page = await answer.text()
    assert answer.status in (201, 422)
    assert "<script>alert" not in page and "X-Injected" not in answer.headers and "Set-Cookie" not in answer.headers
    async for tip in services.store["tips"].find({}):
        assert not set(tip["facts"]["what"]) & set("\0\u202e\u200b\ud800")


async def test_hostile_field_names_are_ignored(site):
    client, services, _ = site
    answer = await client.post(
        "/report", data=form(**{"$where": "1", "state": "rewarded", "what[$ne]": "x"}), headers=JSON
    )
    assert answer.status == 201
    assert (await services.store["cases"].find_one({}))["state"] == "received"


async def test_urlencoded_is_a_form_too_and_json_is_not(site):
    client, _, _ = site
    answer = await client.post("/report", data={"client_key": KEY, "what": WHAT}, headers=JSON)
    assert answer.status == 201
    answer = await client.post("/report", json={"what": WHAT})
    assert answer.status == 400


@pytest.mark.parametrize("body", [b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc", b"\xff" * 100])
async def test_a_broken_body_is_refused_with_words(site, body):
    client, services, _ = site
    headers = {"Content-Type": "multipart/form-data; boundary=x", **JSON}
    answer = await client.post("/report", data=body, headers=headers)
    assert answer.status in (400, 422) and (await answer.json())["message"]
    assert await nothing_stored(services)


async def test_danger_is_answered_first_and_reaches_the_duty_desk(site):
    client, services, _ = site
    answer = await client.post("/report", data=form(what="辽宁路80号楼下饭店着火了,有人没跑出来"))
    text = await answer.text()
    assert answer.status == 201
    assert text.index("拨打 119") < text.index("已收到您的举报</h1>")
    assert (await services.store["cases"].find_one({}))["urgent"] is True
    assert await services.store["jobs"].count_documents({"kind": "mail_alert"}) == 1


async def test_contact_and_identity_are_in_the_vault_only(site):
    client, services, _ = site
    await file(client, what=WHAT + ",我叫王小明,电话13800138000", contact="13900139000")
    rows = [row async for row in services.store["vault"].find({})]
    assert {row["kind"] for row in rows} == {"contact", "identity"}
    for name in ("tips", "cases", "audit", "jobs", "vault"):
        async for row in services.store[name].find({}):
            assert "13900139000" not in str(row) and "13800138000" not in str(row)


# ---- photos


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jpg", b"hello, this is text", "不是照片"),
        ("a.svg", SVG, "不是照片"),
        ("a.png", png_claiming(30000, 30000), "像素太多"),
        ("a.jpg", jpeg(400, 300)[:3000], "损坏"),
        ("a.jpg", b"", "空文件"),
    ],
)
async def test_bad_photos_are_named_and_nothing_is_kept(site, name, data, words):
    client, services, _ = site
    answer = await client.post("/report", data=form([("good.jpg", jpeg()), (name, data)]), headers=JSON)
    body = await answer.json()
    assert (answer.status, body["field"]) == (422, "photos")
    assert words in body["message"] and name in body["message"]
    assert await nothing_stored(services)


async def test_a_photo_keeps_its_picture_and_loses_its_traces(site):
    client, services, _ = site
    await file(client, photos=[("a.jpg", jpeg_with_gps(120.38, 36.07))])
    row = await services.store["evidence"].find_one({})
    assert row["position"] == pytest.approx([120.38, 36.07], abs=1e-5)
    clean = await services.evidence.get(row["file"])
    assert clean[:3] == b"\xff\xd8\xff" and b"Exif" not in clean and b"PhoneMaker" not in clean
    for path in (services.settings.data_dir / "evidence").rglob("*"):
        assert path.is_dir() or b"\xff\xd8\xff" not in path.read_bytes()[:64]


async def test_a_photo_from_outside_the_city_is_only_ignored(site):
    client, services, _ = site
    await file(client, photos=[("a.jpg", jpeg_with_gps(116.397, 39.908))])
    assert (await counts(services))["evidence"] == 1


async def test_ten_photos_are_too_many(site):
    client, services, _ = site
    photos = [(f"{n}.jpg", jpeg()) for n in range(10)]
    answer = await client.post("/report", data=form(photos), headers=JSON)
    assert answer.status == 413 and "9个" in (await answer.json())["message"]
    assert await nothing_stored(services)


async def test_one_photo_over_15_mb_is_named_and_the_text_is_kept(site):
    client, services, _ = site
    answer = await client.post("/report", data=form([("big.jpg", b"\0" * (15 * 2**20 + 1))], place="辽宁路80号"))
    text = await answer.text()
    assert answer.status == 413 and "big.jpg" in text and "辽宁路80号" in text
    assert await nothing_stored(services)


class Endless:
    """200 MB in pieces; counts what was really sent."""

    def __init__(self) -> None:
        self.sent = 0

    async def pieces(self):
        for name, value in (("client_key", KEY), ("what", WHAT)):
            yield f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield b'--b\r\nContent-Disposition: form-data; name="photos"; filename="film.jpg"\r\n\r\n'
        while self.sent < 200 * 2**20:
            self.sent += 2**16
            yield b"\0" * 2**16
        yield b"\r\n--b--\r\n"


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_200_mb_are_refused_without_reading_them_all(site, declared):
    client, services, _ = site
    server = client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    length = f"Content-Length: {200 * 2**20}" if declared else "Transfer-Encoding: chunked"
    writer.write(
        f"POST /report HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n{length}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
    )
    body, answered = Endless(), asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    async for piece in body.pieces():
        if answered.done():
            break
        writer.write(piece if declared else b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(0)
    head = await asyncio.wait_for(answered, 10)
    page = await asyncio.wait_for(reader.read(200_000), 10)
    writer.close()
    assert head.startswith(b"HTTP/1.1 413") and body.sent < (8 if declared else 100) * 2**20
    assert "60MB" in page.decode("utf-8", "ignore") or "60MB" in head.decode("utf-8", "ignore")
    assert await nothing_stored(services)


# ---- is it a tip at all?


async def test_a_text_that_is_no_tip_gets_the_right_numbers_and_can_still_be_filed(site):
    client, services, rasa = site
    rasa.in_scope = False
    answer = await client.post("/report", data=form(what="楼上邻居每天晚上弹琴吵得睡不着觉"))
    text = await answer.text()
    assert answer.status == 422 and "12345" in text and "仍要提交" in text
    assert hidden(text, "confirmed") == "1" and await nothing_stored(services)
    answer = await client.post("/report", data=form(what="楼上邻居每天晚上弹琴吵得睡不着觉", confirmed="1"))
    assert answer.status == 201


async def test_with_rasa_down_everything_is_accepted_and_it_is_not_asked_again_at_once(site):
    client, services, rasa = site
    rasa.down = True
    for n in range(3):
        await file(client, client_key=f"{n}" * 32)
    assert rasa.asked <= 1 and (await counts(services))["tips"] == 3


def test_the_picture_of_a_receipt_is_a_png():
    assert draw_card(Receipt("1234-5678-9012", "ABCD-EFGH-JKMN-PQRS"))[:8] == b"\x89PNG\r\n\x1a\n"


async def test_the_picture_needs_a_whole_receipt(site):
    client, _, _ = site
    answer = await client.post("/receipt/card", data={"number": "1", "code": "<script>"}, headers=JSON)
    assert answer.status == 422
    answer = await client.post("/receipt/card", data={"number": "1" * 12, "code": "A" * 16})
    assert answer.status == 200 and answer.content_type == "image/png"


async def test_a_tip_without_a_place_is_taken_and_its_author_asked_to_add_it(site):
    client, services, _ = site
    fields = {"what": "饭店后厨的煤气罐没有装报警器,胶管都裂了", "place": "我也说不清在哪"}
    answer = await client.post("/report", data=form(client_key="k" * 30, **fields), headers=JSON)
    told = await answer.json()
    assert answer.status == 201 and told["field"] == "place" and "补充" in told["message"]
    page = await (await client.post("/report", data=form(client_key="m" * 30, place_asked="1", **fields))).text()
    assert "没有认出您写的地点" in page and "data-unplaced" in page
    assert (await counts(services))["tips"] == 2
    placed = await client.post("/report", data=form(client_key="n" * 30), headers=JSON)
    assert "message" not in await placed.json()


async def test_a_form_without_a_place_is_asked_once_where_and_may_not_know(site):
    client, services, _ = site
    fields = {"what": "饭店后厨的煤气罐没有装报警器,胶管都裂了", "place": "我也说不清在哪", "contact": "不留"}
    answer = await client.post("/report", data=form(**fields))
    page = await answer.text()
    assert answer.status == 422 and "在图上点" in page and 'aria-invalid="true"' in page and "我也说不清在哪" in page
    assert hidden(page, "place_asked") == "1" and '<option value="城阳区 流亭街道">' in page
    assert await nothing_stored(services)
    answer = await client.post("/report", data=form(place_asked=hidden(page, "place_asked"), chosen_place="", **fields))
    assert answer.status == 201 and (await counts(services))["tips"] == 1


async def test_several_possible_places_come_first_in_the_list_and_the_choice_is_kept(site):
    client, services, _ = site
    fields = {"what": "仓库里堆满了油漆桶没有灭火器", "place": "王家庄村"}
    page = await (await client.post("/report", data=form(**fields))).text()
    assert "您写的地方可能是" in page and page.index("您写的地方可能是") < page.index('label="市南区"')
    answer = await client.post("/report", data=form(place_asked="1", chosen_place="即墨区 环秀街道", **fields))
    assert answer.status == 201 and "data-unplaced" not in await answer.text()
    tip = await services.store["tips"].find_one({})
    assert tip["facts"]["chosen_place"] == "即墨区 环秀街道"


@pytest.mark.parametrize(
    "fields", [{"what": "着火了,快来人"}, {"what": "仓库里堆满油漆桶", "lng": "120.38", "lat": "36.07"}]
)
async def test_nobody_in_danger_and_nobody_with_a_position_is_asked_where(site, fields):
    client, _, _ = site
    assert (await client.post("/report", data=form(**fields))).status == 201


async def test_a_choice_that_is_not_in_the_list_is_refused(site):
    client, services, _ = site
    answer = await client.post("/report", data=form(chosen_place="城阳区 台东街道"))
    assert answer.status == 422 and "没有“台东街道”" in await answer.text()
    assert await nothing_stored(services)


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
async def test_a_position_keeps_the_system_it_came_in(site, system):
    client, services, _ = site
    await file(client, lng="120.38541", lat="36.06765", system=system)
    point = (await services.store["cases"].find_one({}))["reported_point"]
    # To about ten metres.
    assert point == {"lng": 120.3854, "lat": 36.0677, "system": system}
    location = services.locator.locate(point=Point(**point))
    assert location.point["source_system"] == system and location.point["system"] == "wgs84"


async def test_the_drawing_has_every_district_and_street_and_no_border(site):
    client, services, _ = site
    answer = await client.get("/place-map")
    page = await answer.text()
    assert answer.status == 200 and "public" in answer.headers["Cache-Control"]
    divisions = services.locator.gazetteer.lexicon.divisions
    for street in divisions.streets:
        assert f'data-street="{street.name}" data-of="{street.district}"' in page
    assert "<path" not in page and "<polygon" not in page and "不是地图边界" in page
