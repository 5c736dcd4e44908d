"""Rule sets as the administrators keep them: a new version is written by one and approved by a second.

Versions are never changed or deleted, so that every reward can be computed again under the version it was assessed
with. The program's own files count until a version of the same rule set was approved.
"""

from __future__ import annotations

from datetime import datetime

import yaml
from pydantic import ValidationError

from access.actors import Actor, Role
from rewards import guarded
from rewards.guarded import AuditTrail, NotAllowed, Shelf, Stale, WrongState, reason_of
from rewards.rules import RuleSet, UnknownRuleSet, bundled_texts, read_rule_set, rule_sets
from store.errors import Conflict, NotFound, Refusal
from store.mongo import Document, Session, Store

RULES = "rule_versions"
STATES = {
    "proposed": "等待另一名管理员批准",
    "in_use": "在用",
    "replaced": "已被新版本代替",
    "refused": "没有批准",
    "bundled": "程序自带",
}
MAX_TEXT = 200_000
_WHY = {
    "missing": "没有写这一项", "extra_forbidden": "不认识这一项", "string_type": "要写文字", "int_type": "要写整数",
    "list_type": "要写成列表", "dict_type": "要写成“名称: 内容”", "model_type": "要写成“名称: 内容”",
    "too_short": "不能是空的", "date_from_datetime_parsing": "要写成 2026-01-31 这样的日期",
}  # fmt: skip


class BadRuleSet(Refusal):
    """The text is no complete rule set; the message names the first entry at fault."""

    status = 422


class NoSuchVersion(NotFound):
    pass


def _stale(version: Document) -> Stale:
    return Stale(f"这个规则版本刚刚被别人处理过，现在是“{STATES[version['state']]}”。请刷新页面。")


SHELF = Shelf(RULES, "rule_version", _stale, subject="subject")


async def current(store: Store) -> dict[str, RuleSet]:
    """The rule sets that count now, drafts included, by id."""
    found = dict(rule_sets())
    async for row in store[RULES].find({"state": "in_use"}):
        found[row["rule_set"]] = read_rule_set(row["text"])
    return dict(sorted(found.items()))


async def current_set(store: Store, rule_set_id: str) -> RuleSet:
    """The usable rule set with that id. Raises `UnknownRuleSet` or `DraftRuleSet`."""
    known = await current(store)
    if rule_set_id not in known:
        usable = "、".join(key for key, each in known.items() if each.status == "verified")
        raise UnknownRuleSet(f"没有编号为“{rule_set_id}”的奖励规则。可以用：{usable}。", field="rule_set")
    return known[rule_set_id].usable()


async def of_digest(store: Store, digest: str) -> RuleSet:
    """The version with that digest, whatever became of it since. Raises `NoSuchVersion`."""
    row = await store[RULES].find_one({"_id": digest})
    if row is None:
        raise NoSuchVersion("没有这个规则版本。")
    return read_rule_set(row["text"])


async def keep(store: Store, digest: str, now: datetime) -> None:
    """Keep the text of a bundled rule set that was used, before a new program comes with another text."""
    if await store[RULES].find_one({"_id": digest}, {"_id": 1}):
        return
    for rule_set_id, text in bundled_texts().items():
        if rule_sets()[rule_set_id].digest == digest:
            row = _row(rule_sets()[rule_set_id], text, "bundled", "system", "程序自带的规则", now)
            row_id = row.pop("_id")
            await store[RULES].update_one({"_id": row_id}, {"$setOnInsert": row}, upsert=True)
            return
    raise NoSuchVersion("没有这个规则版本。请重新计算奖金。")


async def versions(store: Store) -> list[Document]:
    return await store[RULES].find().sort([("rule_set", 1), ("created_at", -1)]).to_list(500)


async def find(store: Store, digest: str) -> Document:
    row = await store[RULES].find_one({"_id": digest})
    if row is None:
        raise NoSuchVersion("没有这个规则版本。请从列表重新打开。")
    return row


async def submit(store: Store, audit: AuditTrail, actor: Actor, text: str, note: str, *, now: datetime) -> Document:
    """A complete rule set, for a second administrator to approve. Raises `NotAllowed`, `BadRuleSet`, `Conflict`."""
    guarded.need(actor, "维护奖励规则", Role.ADMIN)
    rules = checked(text)
    source = reason_of(note, "依据的正式文本（文号、日期、从哪里取得）", field="note")
    row = _row(rules, text, "proposed", actor.id, source, now)

    async def write(session: Session) -> Document:
        if await store[RULES].find_one({"_id": rules.digest}, {"_id": 1}, session=session):
            raise Conflict("内容完全相同的版本已经有了，不用再交。请在下面的列表里查看。")
        return await SHELF.insert(store, audit, session, actor, row, "rules.submit", {"rule_set": rules.id}, now)

    return await store.transaction(write)


async def approve(
    store: Store, audit: AuditTrail, actor: Actor, digest: str, *, version: int, now: datetime
) -> Document:
    """A second administrator has compared the version with the official text; it counts from now on."""
    row = await _proposed(store, actor, digest, version)
    detail = {"rule_set": row["rule_set"]}

    async def write(session: Session) -> Document:
        await store[RULES].update_many(
            {"rule_set": row["rule_set"], "state": "in_use"},
            {"$set": {"state": "replaced", "updated_at": now}, "$inc": {"version": 1}},
            session=session,
        )
        changes = {"$set": {"state": "in_use", "decided_by": actor.id}}
        return await SHELF.step(store, audit, session, actor, row, changes, "rules.approve", detail, now)

    return await store.transaction(write)


async def refuse(
    store: Store, audit: AuditTrail, actor: Actor, digest: str, *, version: int, now: datetime
) -> Document:
    row = await _proposed(store, actor, digest, version)
    changes = {"$set": {"state": "refused", "decided_by": actor.id}}
    detail = {"rule_set": row["rule_set"]}
    return await SHELF.advance(store, audit, actor, row, changes, "rules.refuse", detail, now)


async def _proposed(store: Store, actor: Actor, digest: str, version: int) -> Document:
    guarded.need(actor, "维护奖励规则", Role.ADMIN)
    row = await find(store, digest)
    if row["state"] != "proposed":
        raise WrongState(f"这个规则版本现在是“{STATES[row['state']]}”，不能再批准或退回。请刷新页面。")
    if row["version"] != version:
        raise _stale(row)
    if row["by"] == actor.id:
        raise NotAllowed("提交规则的人不能批准自己提交的版本。请让另一名管理员对照正式文本核对。")
    return row


def checked(text: str) -> RuleSet:
    """A rule set that can be used. Raises `BadRuleSet`."""
    if len(text) > MAX_TEXT:
        raise BadRuleSet("规则文本太长。请检查是不是选错了文件。", field="text")
    try:
        if any(isinstance(each, yaml.AliasToken) for each in yaml.scan(text)):
            raise BadRuleSet("规则文本里不能用引用（*）。请把内容写全。", field="text")
        rules = read_rule_set(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark else "文本"
        raise BadRuleSet(f"{where}的格式不对（YAML）。请检查缩进、冒号和引号。", field="text") from None
    except ValidationError as error:
        first = error.errors()[0]
        path = "、".join(str(each) for each in first["loc"]) or "整个规则"
        why = _WHY.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise BadRuleSet(f"规则里的“{path}”不对：{why}", field="text") from None
    except RecursionError:
        raise BadRuleSet("规则文本嵌套太深，读不了。", field="text") from None
    if rules.status != "verified":
        raise BadRuleSet(
            f"规则“{rules.title}”还是草稿（status: draft），缺少：{'、'.join(rules.missing)}。"
            "请对照正式文本补全，删去 missing，并把 status 改为 verified。",
            field="text",
        )
    return rules


def _row(rules: RuleSet, text: str, state: str, by: str, note: str, now: datetime) -> Document:
    return {
        "_id": rules.digest, "version": 1, "subject": f"rules:{rules.id}", "rule_set": rules.id, "title": rules.title,
        "document": rules.document, "text": text, "note": note, "state": state, "by": by, "decided_by": None,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
