"""One reward for joint reporters in equal shares (全国办法：奖金可平均分配)."""

from __future__ import annotations

from rewards.money import Fen, yuan


def shares(total: Fen, people: int) -> list[Fen]:
    """Equal shares that add up to exactly `total`: whole fen, and the fen left over go one each to the first."""
    assert people > 0 and total >= 0
    each, over = divmod(total, people)
    return [Fen(each + (place < over)) for place in range(people)]


def step(total: Fen, people: int, place: int) -> str:
    """How the share of the person in `place` (from 0) came about, for that person to read."""
    share = shares(total, people)[place]
    rest = f"，除不尽的 {total % people} 分按举报先后各加 1 分" if total % people else ""
    return f"联名 {people} 人平均分配：{yuan(total)} ÷ {people}{rest}，第 {place + 1} 人 {yuan(share)}"
