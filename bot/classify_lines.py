"""Classify JSON Lines without starting Rasa.

    bot/.venv/bin/python bot/classify_lines.py [MODEL.tar.gz] < in.jsonl > out.jsonl

In: {"id", "text"}. Out, in the same order: {"id", "in_scope", "violations": [{"type", "confidence"}, …],
"model_version"}; `violations` is ranked and also given when out of scope. A line that is no such object comes back as
{"id", "error"}. Progress on standard error.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import time
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # texts are small: threads would only wait for each other

from addons.sentences import OTHER_TYPE
from addons.violation_model import ARRAYS_FILE, SETTINGS_FILE, DamagedModel, TipModel
from model_hash import newest_model

REPORT_EVERY = 500


def load_model(archive: Path) -> TipModel:
    """Only our component's two files out of Rasa's archive; raises DamagedModel, FileNotFoundError."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                if name in (SETTINGS_FILE, ARRAYS_FILE) and (file := tar.extractfile(member)):
                    files[name] = file.read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DamagedModel(f"{archive.name} is cut off or no model archive: {error}") from error
    return TipModel.load(lambda name: files[name])


def classify(model: TipModel, line: str) -> dict[str, Any]:
    """One input line's answer."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": None, "error": "这一行不是有效的 JSON。请检查引号、逗号和括号，每行一个对象。"}
    if not isinstance(row, dict) or "text" not in row:
        identity = row.get("id") if isinstance(row, dict) else None
        return {"id": identity, "error": '缺少 text。每行请写 {"id": …, "text": "…"}。'}
    identity, text = row.get("id"), row["text"]
    if not isinstance(text, str):
        return {"id": identity, "error": "text 应是文字。"}
    in_scope, scope_confidence, types = model.classify(text)
    violations = [{"type": found.type, "confidence": found.confidence} for found in types]
    if not in_scope:
        violations.insert(0, {"type": OTHER_TYPE, "confidence": round(1 - scope_confidence, 4)})
    return {"id": identity, "in_scope": in_scope, "violations": violations, "model_version": model.version}


def main() -> None:
    started = time.monotonic()
    try:
        model = load_model(Path(sys.argv[1]) if len(sys.argv) > 1 else newest_model())
    except (DamagedModel, FileNotFoundError) as error:
        raise SystemExit(str(error)) from error
    print(f"model {model.version} loaded in {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    started, done = time.monotonic(), 0
    for line in sys.stdin:
        if not line.strip():
            continue
        print(json.dumps(classify(model, line), ensure_ascii=False))
        done += 1
        if done % REPORT_EVERY == 0:
            print(f"{done} lines, {done / (time.monotonic() - started):.0f}/s", file=sys.stderr, flush=True)
    print(f"{done} lines in {time.monotonic() - started:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
