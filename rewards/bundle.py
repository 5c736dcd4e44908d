"""A proof that anybody can keep and check without us: `python -m rewards.verify bundle.json`. Pure.

A bundle is JSON: {format, key, leaf, index, size, path, checkpoint, content, private, older, consistency}. `leaf` is
the text that was hashed, `index` counts from 0, `path` and `consistency` are hashes in hexadecimal, `checkpoint` and
`older` are signed notes (notes.py), `content` and `private` are {salt, text} or null. docs/public_proof.md describes it
for whoever wants to check with a program of their own; web/static/verify.js does the same in the reader's browser.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.merkle import leaf_hash, verify_consistency, verify_inclusion
from rewards.notes import BadNote, Checkpoint, Verifier

FORMAT = "12350-proof-1"


class BadBundle(ValueError):
    """The bundle does not prove what it says; the message names the first thing that is wrong, in Chinese."""


@dataclass
class Proven:
    """What a bundle proves. `leaf`, `content` and `private` are the parsed texts."""

    checkpoint: Checkpoint
    leaf: dict[str, Any]
    key: str
    content: dict[str, Any] | None = None
    private: dict[str, Any] | None = None
    older: Checkpoint | None = None
    lines: list[str] = field(default_factory=list)


def check(bundle: Mapping[str, Any], trusted_key: str | None = None) -> Proven:
    """Check one bundle. `trusted_key` is a key from elsewhere; without it the bundle's own is believed and named.

    Raises `BadBundle`.
    """
    try:
        return _check(bundle, trusted_key)
    except BadNote as problem:
        raise BadBundle(str(problem)) from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
        if isinstance(problem, BadBundle):
            raise
        raise BadBundle("证明文件不完整，或格式不对。") from None


def _check(bundle: Mapping[str, Any], trusted_key: str | None) -> Proven:
    if bundle["format"] != FORMAT:
        raise BadBundle("不认识这种证明文件。")
    key = trusted_key or bundle["key"]
    verifier = Verifier.read(key)
    checkpoint = verifier.open(bundle["checkpoint"])
    index, size = _whole(bundle["index"]), _whole(bundle["size"])
    if checkpoint.size != size:
        raise BadBundle("证明的大小与检查点不符。")
    leaf = leaf_hash(bundle["leaf"].encode())
    if not verify_inclusion(leaf, index, size, _hashes(bundle["path"]), checkpoint.root):
        raise BadBundle("这条记录不在签了名的公开记录里：内容被改动，或证明不对。")
    told = json.loads(bundle["leaf"])
    if told["seq"] != index + 1:
        raise BadBundle("记录的序号与它的位置不符。")
    proven = Proven(checkpoint, told, verifier.text())
    proven.lines.append(f"签名有效：{verifier.name}（公钥编号 {verifier.id().hex()}）")
    proven.lines.append(f"{checkpoint.origin} 的 {size} 条公开记录中有这一条（第 {index + 1} 条）")
    proven.content = _opened(bundle.get("content"), told["content"], "公开内容")
    if proven.content is not None:
        proven.lines.append("公开内容与记录里的承诺相符")
    proven.private = _opened(bundle.get("private"), told["private"], "内部记录")
    if proven.private is not None:
        proven.lines.append("内部记录与公开记录里的承诺相符")
    if bundle.get("older") is not None:
        proven.older = _older(bundle, verifier, checkpoint)
        proven.lines.append(f"与较早的检查点（{proven.older.size} 条）一致：此前的记录没有被改动")
    return proven


def _opened(given: Mapping[str, str] | None, commitment: str | None, what: str) -> dict[str, Any] | None:
    if given is None:
        return None
    made = hashlib.sha256(bytes.fromhex(given["salt"]) + given["text"].encode()).hexdigest()
    if commitment is None or made != commitment:
        raise BadBundle(f"{what}与公开记录里的承诺不符，被改动过。")
    return dict(json.loads(given["text"]))


def _older(bundle: Mapping[str, Any], verifier: Verifier, newer: Checkpoint) -> Checkpoint:
    older = verifier.open(bundle["older"])
    path = _hashes(bundle["consistency"])
    if older.origin != newer.origin or not verify_consistency(older.size, older.root, newer.size, newer.root, path):
        raise BadBundle("与较早的检查点不一致：已公开的记录被改动过。")
    return older


def _whole(value: object) -> int:
    if type(value) is not int:
        raise BadBundle("证明文件里的序号要是整数。")
    return value


def _hashes(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in values]
