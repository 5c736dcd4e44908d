"""What our mails say. Nothing of the reporter, no reporter's words, no time of day; the subject tells no content.

An e-mail passes machines that are not ours. So it says what to do until when, and the page behind a login has the rest.
"""

from dataclasses import dataclass

from store.local_time import last_day
from store.mongo import Document

DANGERS = {
    "fire": "火情", "smoke": "冒烟", "leak": "泄漏", "trapped": "有人被困", "fainted": "有人晕倒", "collapse": "坍塌",
    "shock": "触电", "explosion": "爆炸", "help": "求救",
}  # fmt: skip
_FOOT = "\n\n本邮件由系统自动发出,请勿回复,请勿转发给无关人员。举报人信息受法律保护,系统不会通过邮件提供。\n"


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str


def order(case: Document, type_names: list[str], base_url: str) -> Mail:
    """To the inspector: the officer's summary, never the reporter's words."""
    place = place_of(case)
    lines = [
        f"有一张核查任务单派给您:{case['_id']}",
        "",
        f"单位:{case.get('company') or '见任务单'}",
        f"地点:{place}",
        f"类型:{'、'.join(type_names) or '见任务单'}",
        f"概要:{case.get('summary') or '见任务单'}",
        f"办结期限:{_due(case, 'verify_close') or '见任务单'}",
        "",
        f"请登录签收:{base_url}/orders/{case['_id']}",
    ]
    urgent = "[加急]" if case.get("urgent") else ""
    return Mail(f"{urgent}核查任务单 {case['_id']}", "\n".join(lines) + _FOOT)


def returned(case_id: str, base_url: str) -> Mail:
    text = f"任务单 {case_id} 被检查员退回,请登录查看理由并重新派单:\n{base_url}/desk/cases/{case_id}"
    return Mail(f"任务单退回 {case_id}", text + _FOOT)


# What a notice of each level means: in the subject, and as the first line.
_LEVELS = {
    "remind": ("提示", "下列案件的期限只剩一个工作日，请抓紧办理："),
    "warn": ("警示", "下列案件的期限已经过了，请马上办理并说明原因："),
    "supervise": ("督办", "下列案件逾期一个工作日仍未办结，请督办，并登录答复："),
}
_PAGES = {"inspector": "/orders", "desk": "/desk", "finance": "/finance", "publisher": "/publish"}
MAX_LISTED = 50


def notices(level: str, addressee: str, rows: list[Document], total: int, base_url: str) -> Mail:
    """About several cases at once: numbers and a link, nothing of what they are about."""
    name, words = _LEVELS[level]
    case_ids = list(dict.fromkeys(row["case_id"] for row in rows))
    lines = [words, "", *case_ids]
    if answers := [row["answer_due"] for row in rows if row["answer_due"]]:
        lines.insert(1, f"答复期限：{last_day(min(answers)).isoformat()}")
    if total > len(case_ids):
        lines.append(f"……共{total}件")
    page = _PAGES.get(addressee.partition(":")[0], "/supervise")
    lines += ["", f"请登录办理：{base_url}{page}"]
    return Mail(f"{name}：{total}件案件的办理期限", "\n".join(lines) + _FOOT)


def alert(kind: str, place: str, path: str, base_url: str) -> Mail:
    """To the duty desk: somebody reports a danger that is happening."""
    what = DANGERS.get(kind, "现场险情")
    text = f"有人报告正在发生的危险。\n\n情况:{what}\n地点:{place}\n\n请马上登录查看并处置:{base_url}{path}"
    return Mail("[紧急]有人报告正在发生的危险", text + _FOOT)


def sweep_missing(quarter: str, count: str, last_day: str, level: str, base_url: str) -> Mail:
    """To the inspector: how many enterprises of the own grids have no record of the quarterly sweep."""
    if level == "soon":
        title, text = "排查提示", f"{quarter}的网格排查到 {last_day} 截止,您的网格还有 {count} 家单位没有排查记录。"
    else:
        title, text = (
            "排查逾期",
            f"{quarter}已于 {last_day} 结束,您的网格有 {count} 家单位没有排查记录,请向督办员说明原因。",
        )
    return Mail(f"{title} {quarter}", f"{text}\n\n请登录查看:{base_url}/sweeps" + _FOOT)


def unclaimed(case_id: str, number: str, base_url: str) -> Mail:
    """To the duty desk: nobody answers for a case. How long it waits is not said: that would tell when it was filed."""
    again = "" if number == "1" else f"这是第{number}次提醒。"
    text = f"案件 {case_id} 找不到承办人,现在没有人负责。{again}\n\n请登录查看并派单:{base_url}/desk/cases/{case_id}"
    return Mail(f"[无人认领]案件 {case_id}", text + _FOOT)


def place_of(case: Document) -> str:
    location = case.get("location") or {}
    named = "".join(location.get(part) or "" for part in ("district", "street"))
    grid = location.get("grid_name") or location.get("grid")
    return (named + (f"({grid})" if grid else "")) or "未定,请登录查看"


def _due(case: Document, clock_id: str) -> str:
    for clock in case.get("clocks", []):
        if clock["id"] == clock_id and clock["ended_at"] is None:
            return last_day(clock["due_at"]).isoformat()
    return ""


def from_template(template: str, fields: dict[str, str], base_url: str) -> Mail:
    """A mail by name, for jobs of the kind `mail`. Raises KeyError for an unknown template or a missing field."""
    if template == "returned":
        return returned(fields["case_id"], base_url)
    if template == "sweep_missing":
        return sweep_missing(
            **{key: fields[key] for key in ("quarter", "count", "last_day", "level")}, base_url=base_url
        )
    if template == "unclaimed":
        return unclaimed(fields["case_id"], fields["number"], base_url)
    raise KeyError(template)
