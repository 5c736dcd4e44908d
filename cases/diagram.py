"""The table of actions as a page of the documentation: a Mermaid diagram of the states, and every action with its rules."""

from access.actors import ROLE_NAMES, Role
from cases.actions import TABLE, Action
from cases.deadlines import periods
from cases.notices import levels
from cases.states import CLOSED, STATE_NAMES, State

_HEAD = """# The lifecycle of a case

Made from `cases/actions.py` by `tip12350 lifecycle docs/lifecycle.md`; do not edit it by hand. A test fails when it is
stale.

```mermaid
stateDiagram-v2
"""
_EVERYWHERE = "每个状态"


def page() -> str:
    """The whole text of docs/lifecycle.md."""
    return (
        _HEAD
        + "\n".join(_diagram())
        + "\n```\n\n"
        + "\n".join(_table())
        + "\n\n"
        + "\n".join(_clocks())
        + "\n\n"
        + "\n".join(_notices())
        + "\n"
    )


def _diagram() -> list[str]:
    lines = [f'    state "{STATE_NAMES[state]}" as {state.value}' for state in State]
    lines.append(f"    [*] --> {State.RECEIVED.value}: 收到举报")
    for state in State:
        for action in TABLE:
            if action.target is not None and state in action.sources:
                lines.append(f"    {state.value} --> {action.target.value}: {action.zh}")
    lines += [f"    {state.value} --> [*]" for state in State if state in CLOSED]
    return lines


def _table() -> list[str]:
    """Also what leaves the state as it is, which a diagram would only crowd."""
    return [
        "| action | from | to | who | clocks started | clocks stopped | reporter is told | law |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_row(action) for action in TABLE),
    ]


def _row(action: Action) -> str:
    told = action.told if isinstance(action.told, str) else "(按内容)"
    cells = (
        f"{action.zh} `{action.name}`",
        _states(action.sources),
        STATE_NAMES[action.target] if action.target else "不变",
        "、".join(ROLE_NAMES[role] for role in Role if role in action.roles),
        _names(action.starts),
        _names(action.stops),
        told or "—",
        action.law or "—",
    )
    return "| " + " | ".join(cells) + " |"


def _states(states: frozenset[State]) -> str:
    return (
        _EVERYWHERE if states == frozenset(State) else "、".join(STATE_NAMES[each] for each in State if each in states)
    )


def _names(clocks: tuple[str, ...]) -> str:
    return "、".join(periods()[each].zh for each in clocks) or "—"


def _clocks() -> list[str]:
    needs = {"": "", "substantiated": "只在属实时", "penalty": "只在有行政处罚时"}
    rows = [
        f"| {each.zh} `{each.id}` | {each.limit}{'个工作日' if each.unit == 'w' else '日'} | "
        f"{f'{each.extend}日' if each.extend else '—'} | {'可以' if each.suspend else '—'} | "
        f"{'办理单位' if each.ours else '举报人'} | {needs[each.needs] or '—'} | {each.basis} |"
        for each in periods().values()
    ]
    return [
        "| clock | limit | extension | suspension | whose | when | basis |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def _notices() -> list[str]:
    to = {"holder": "承办人", "superior": "上级", "above": "再上一级"}
    cards = {"": "—", "yellow": "黄牌", "red": "红牌"}
    when = {-1: "只剩一个工作日", 0: "期满", 1: "期满后一个工作日"}
    return [
        "| notice | when | to | card | answer within | basis |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {each.zh} | {when[each.after]} | {'、'.join(to[kind] for kind in each.to)} | {cards[each.card]} | "
            f"{f'{each.answer}个工作日' if each.answer else '—'} | {each.basis} |"
            for each in levels()
        ),
    ]
