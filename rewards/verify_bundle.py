"""The command that checks a downloaded proof without our service, and without the network."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rewards.bundle import BadBundle, Proven, check
from rewards.money import yuan
from rewards.public_log import EVENT_NAMES, Event

MAX_BYTES = 10_000_000


def main(argv: Sequence[str] | None = None, out: TextIO = sys.stdout) -> int:
    """0: everything is proven; 1: something is not; 2: the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m rewards.verify", description="核对下载的公开记录证明")
    parser.add_argument("file", type=Path, help="证明文件（JSON）")
    parser.add_argument("--key", help="从别处得到的签名公钥；不写就用文件里的公钥，只说明它是谁")
    arguments = parser.parse_args(argv)
    try:
        bundles = read(arguments.file)
    except (OSError, ValueError) as problem:
        print(f"读不了证明文件：{problem}", file=out)
        return 2
    if not bundles:
        print("证明文件里没有记录。", file=out)
        return 1
    for bundle in bundles:
        try:
            _tell(check(bundle, arguments.key), out)
        except BadBundle as problem:
            print(f"核对没有通过：{problem}", file=out)
            return 1
    if arguments.key is None:
        print("注意：公钥取自文件本身。请与机关另外公布的公钥比较，或用 --key 写明。", file=out)
    return 0


def read(path: Path) -> list[dict[str, Any]]:
    """One bundle, or {"bundles": […]}. Raises OSError, ValueError."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("文件太大")
    try:
        found = json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("不是证明文件") from None
    bundles = found.get("bundles", [found]) if isinstance(found, dict) else found
    if not isinstance(bundles, list) or not all(isinstance(each, dict) for each in bundles):
        raise ValueError("不是证明文件")
    return bundles


def _tell(proven: Proven, out: TextIO) -> None:
    leaf = proven.leaf
    print(f"核对通过：{EVENT_NAMES[Event(leaf['event'])]} {leaf['number']} {leaf['on']}", file=out)
    for line in proven.lines:
        print(f"  {line}", file=out)
    if proven.content:
        print(f"  公开内容：{proven.content['text']}", file=out)
    if proven.private and "amount_fen" in proven.private:
        own = proven.private
        print(f"  付款：{yuan(own['amount_fen'])}，{own['paid_on']}，账本第 {own['ledger_seq']} 号", file=out)
