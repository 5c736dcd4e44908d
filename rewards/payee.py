"""Where a reporter wants the money: checked before it is sealed, and the mark that tells who was paid this month."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from store.errors import Refusal

FIELDS = (("name", "收款人姓名"), ("bank", "开户银行"), ("account", "银行账号"))


def checked_payee(payee: Mapping[str, str]) -> dict[str, str]:
    """The payee data, trimmed; a `Refusal` names the field that is missing or cannot be right."""
    if unknown := set(payee) - {"name", "bank", "account", "phone"}:
        raise Refusal("收款信息里有不认识的内容。", field=sorted(unknown)[0])
    trimmed = {key: value.strip() for key, value in payee.items() if isinstance(value, str) and value.strip()}
    for key, what in FIELDS:
        if not trimmed.get(key):
            raise Refusal(f"请填写{what}。", field=key)
        if len(trimmed[key]) > 60 or not trimmed[key].isprintable():
            raise Refusal(f"{what}太长，或含有特殊字符。请检查。", field=key)
        if trimmed[key][0] in "=+-@":
            raise Refusal(f"{what}不能以“{trimmed[key][0]}”开头。请检查。", field=key)
    trimmed["account"] = trimmed["account"].replace(" ", "").replace("-", "")
    if not (trimmed["account"].isascii() and trimmed["account"].isdigit() and 8 <= len(trimmed["account"]) <= 30):
        raise Refusal("银行账号要是 8 到 30 位数字。请对照银行卡核对。", field="account")
    if len(trimmed.get("phone", "")) > 20:
        raise Refusal("电话号码太长。请检查。", field="phone")
    return trimmed


async def month_mark(key: bytes, account: str, track: str, month: str) -> str:
    """Equal for two rewards of one account, track and month, and for nothing else; `key` never leaves the service.

    Only a monthly cap needs to know that two reporters are one. So the mark changes with month and track, and is slow
    to compute: not even with the key can all accounts be tried.
    """
    content = "\n".join((account, track, month)).encode()
    digest = await asyncio.to_thread(hashlib.scrypt, content, salt=key, n=2**15, r=8, p=1, maxmem=2**26, dklen=16)
    return digest.hex()
