"""The register of enterprises (生产经营单位): who stands under the inspectors' eyes, grid by grid.

The key is the unified social credit code. Every change makes a new version and keeps the old one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from access import audit
from access.actors import Actor
from cases.companies import grams, normal_company, read_name, searched_grams
from cases.credit_codes import credit_code, plain_code
from cases.inputs import InvalidInput
from cases.model import clean_text
from grid.divisions import Divisions
from grid.polygons import GridIndex
from store.errors import Conflict, NotFound
from store.mongo import Document, Session, Store

PAGE = 50
LAST_PAGE = 20
MAX_GRIDS_OF_ONE = 200
INDUSTRIES = (
    "化工", "危险化学品", "矿山", "烟花爆竹", "民用爆炸物品", "建筑施工", "道路运输", "水上和渔业", "港口仓储物流",
    "机械制造", "冶金有色", "建材", "轻工", "纺织", "食品加工", "烟草", "电力和能源", "城镇燃气", "特种设备", "商贸",
    "餐饮住宿", "人员密集场所", "农业", "其他",
)  # fmt: skip
# 风险分级管控: four grades, each with its colour.
RISKS = {"red": "重大（红）", "orange": "较大（橙）", "yellow": "一般（黄）", "blue": "低（蓝）"}
_RISK_WORDS = {word: key for key, words in RISKS.items() for word in (words, *words.rstrip("）").split("（"), key)}
_RISK_WORDS |= {f"{words.split('（')[0]}风险": key for key, words in RISKS.items()}
_YES, _NO = frozenset({"是", "有", "已建立", "1"}), frozenset({"否", "无", "没有", "未建立", "0"})
FIELDS = {
    "name": "单位名称", "industry": "行业", "principal": "主要负责人", "risk": "风险等级", "scheme": "内部报告奖励制度",
    "district": "区市", "street": "镇街", "grid": "网格编码", "address": "地址", "active": "在营",
}  # fmt: skip
NO_SUCH = "没有这个单位，或不在您的区市。请检查统一社会信用代码。"


@dataclass(frozen=True)
class Places:
    """Where an enterprise can be: the divisions and the grids in use."""

    divisions: Divisions
    grids: GridIndex


@dataclass(frozen=True)
class Enterprise:
    """`risk` a key of `RISKS`; `scheme`: has an internal scheme for reporting hazards and rewarding it; `grid` ""
    where it is not known; `active` False after 停业 or 注销."""

    code: str
    name: str
    industry: str
    principal: str
    risk: str
    scheme: bool
    district: str
    street: str
    grid: str
    address: str
    active: bool = True


def checked(fields: Mapping[str, str], places: Places) -> Enterprise:
    """An enterprise out of typed texts. Raises `InvalidInput` that names the field and what to write."""
    text = {name: clean_text(value) for name, value in fields.items()}
    code = credit_code(text.get("code", ""))
    name = _limited(text, "name", 100)
    if len(name) < 2 or not normal_company(name):
        raise InvalidInput("单位名称：请填写营业执照上的全称。", field="name")
    industry = text.get("industry", "")
    if industry not in INDUSTRIES:
        raise InvalidInput(f"行业：没有“{industry[:20]}”，应为：{'、'.join(INDUSTRIES)}。", field="industry")
    risk = _RISK_WORDS.get(text.get("risk", ""))
    if risk is None:
        raise InvalidInput("风险等级：应为重大、较大、一般或低。", field="risk")
    scheme = text.get("scheme", "")
    if scheme not in _YES | _NO:
        raise InvalidInput("内部报告奖励制度：应为“有”或“无”。", field="scheme")
    active = text.get("active") or "是"
    if active not in _YES | _NO:
        raise InvalidInput("在营：应为“是”或“否”。", field="active")
    district, street, grid = _place(text, places)
    return Enterprise(
        code, name, industry, _limited(text, "principal", 50), risk, scheme in _YES, district, street, grid,
        _limited(text, "address", 200), active in _YES,
    )  # fmt: skip


def _limited(text: Mapping[str, str], field: str, longest: int) -> str:
    value = text.get(field, "")
    if len(value) > longest:
        raise InvalidInput(f"{FIELDS[field]}：太长，最多{longest}个字。", field=field)
    return value


def _place(text: Mapping[str, str], places: Places) -> tuple[str, str, str]:
    """(district, street, grid). A grid says the other two; they must not contradict it."""
    district, street, code = text.get("district", ""), text.get("street", ""), text.get("grid", "")
    if code:
        grid = places.grids.get(code)
        if grid is None:
            raise InvalidInput(f"网格编码：现用的网格里没有“{code[:30]}”。", field="grid")
        if (district and district != grid.district) or (street and street != grid.street):
            where = f"{grid.district}{grid.street or ''}"
            raise InvalidInput(f"网格编码：{code}在{where}，与填写的区市、镇街不一致。", field="grid")
        return grid.district, grid.street or "", code
    if district not in places.divisions.districts:
        raise InvalidInput("区市：没有填写网格编码时，请填写区市，例如市北区。", field="district")
    if street and (district, street) not in places.divisions.street_set:
        raise InvalidInput(f"镇街：{district}没有“{street[:30]}”。", field="street")
    return district, street, ""


def document(enterprise: Enterprise) -> Document:
    """The fields of the record, with what it is searched by."""
    fields = asdict(enterprise)
    code = fields.pop("code")
    name = read_name(enterprise.name)
    return {**fields, "key": name.key, "branch": name.branch, "grams": grams(enterprise.name), "_id": code}


def changed(before: Document, after: Document) -> list[str]:
    """Names of the fields that differ."""
    return [field for field in FIELDS if before.get(field) != after[field]]


async def write_all(
    store: Store, session: Session, enterprises: Iterable[Enterprise], actor: Actor, now: datetime
) -> tuple[int, int, int]:
    """Insert what is new, make a new version of what differs; (new, changed, unchanged). In the caller's transaction."""
    rows = {enterprise.code: document(enterprise) for enterprise in enterprises}
    known = {}
    async for row in store["enterprises"].find({"_id": {"$in": list(rows)}}, session=session):
        known[row["_id"]] = row
    stamp = {"updated_at": now, "updated_by": actor.id}
    fresh = [
        {**row, **stamp, "version": 1, "cases": 0, "verified": 0, "last_verified_on": None}
        for code, row in rows.items()
        if code not in known
    ]
    differing = [row for code, row in rows.items() if code in known and changed(known[code], row)]
    if fresh:
        await store["enterprises"].insert_many(fresh, session=session, ordered=False)
    if differing:
        old = [known[row["_id"]] for row in differing]
        versions = [{**before, "_id": f"{before['_id']}:{before['version']}", "code": before["_id"]} for before in old]
        await store["enterprise_versions"].insert_many(versions, session=session, ordered=False)
        for row in differing:
            change = {"$set": {**row, **stamp}, "$inc": {"version": 1}}
            await store["enterprises"].update_one({"_id": row["_id"]}, change, session=session)
    return len(fresh), len(differing), len(rows) - len(fresh) - len(differing)


async def save(store: Store, enterprise: Enterprise, version: int, actor: Actor) -> None:
    """One enterprise by hand. `version`: the one that was seen, 0 for a new one. Raises `Conflict`, `InvalidInput`."""
    refuse_foreign(actor, enterprise.district)
    moment = datetime.now(UTC)

    async def write(session: Session) -> None:
        before = await store["enterprises"].find_one({"_id": enterprise.code}, session=session)
        if before and version == 0:
            raise InvalidInput(f"统一社会信用代码：已经登记为“{before['name']}”。", field="code")
        if before is None and version:
            raise NotFound(NO_SUCH)
        if before and before["version"] != version:
            raise Conflict("这个单位刚刚被别人改过，请刷新页面后再改。")
        if before:
            refuse_foreign(actor, before["district"])
        await write_all(store, session, [enterprise], actor, moment)
        detail = {"code": enterprise.code, "changed": changed(before, document(enterprise)) if before else ["new"]}
        await audit.append(store, session, f"enterprise:{enterprise.code}", "save_enterprise", actor.id, detail, moment)

    await store.transaction(write)


def refuse_foreign(actor: Actor, district: str) -> None:
    if not actor.may_see_district(district):
        raise InvalidInput(f"区市：您只能管理{actor.district}的单位。", field="district")


@dataclass(frozen=True)
class Search:
    """`text`: part of a name, or the beginning of a code. What is empty does not narrow."""

    text: str = ""
    district: str = ""
    risk: str = ""
    grid: str = ""
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Search":
        number = query.get("page", "1")
        page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
        risk = query.get("risk", "")
        return cls(
            query.get("q", "").strip()[:60], query.get("district", "")[:20], risk if risk in RISKS else "",
            query.get("grid", "")[:40], max(1, min(page, LAST_PAGE)),
        )  # fmt: skip


def search_match(search: Search, actor: Actor) -> Document:
    match: Document = {}
    code = plain_code(search.text)
    if len(code) >= 4 and code.isascii() and code.isalnum() and any(letter.isdigit() for letter in code):
        match["_id"] = {"$gte": code, "$lt": code + "\uffff"}
    elif wanted := searched_grams(search.text):
        match["grams"] = {"$all": wanted}
    if district := actor.district or search.district:
        match["district"] = district
    if search.risk:
        match["risk"] = search.risk
    if search.grid:
        match["grid"] = search.grid
    return match


async def search(store: Store, wanted: Search, actor: Actor) -> tuple[list[Document], bool]:
    """One page and whether more follows. Without a text: those with most verified cases first."""
    if actor.district and wanted.district and wanted.district != actor.district:
        return [], False
    found = store["enterprises"].find(search_match(wanted, actor), {"grams": 0})
    if not wanted.text:
        found = found.sort([("verified", -1), ("name", 1)])
    rows = await found.skip((wanted.page - 1) * PAGE).limit(PAGE + 1).to_list(PAGE + 1)
    return rows[:PAGE], len(rows) > PAGE


async def find(store: Store, code: str, actor: Actor) -> Document:
    """Raises `NotFound`, the same for none and not theirs."""
    row = await store["enterprises"].find_one({"_id": plain_code(code)}, {"grams": 0})
    if row is None or not actor.may_see_district(row["district"]):
        raise NotFound(NO_SUCH)
    return row


async def versions_of(store: Store, code: str) -> list[Document]:
    """Earlier versions, the newest first."""
    fields = {"grams": 0}
    return await store["enterprise_versions"].find({"code": code}, fields).sort("version", -1).to_list(50)


def shown(row: Mapping[str, Any]) -> dict[str, str]:
    """The record in words, by the column names of the import."""
    words = {FIELDS[field]: str(row.get(field) or "") for field in FIELDS}
    words["风险等级"] = RISKS[row["risk"]]
    words["内部报告奖励制度"] = "有" if row["scheme"] else "无"
    words["在营"] = "是" if row["active"] else "否"
    return words
