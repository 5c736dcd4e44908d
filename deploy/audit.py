"""`make audit`: what we depend on, looked at. Ends with 1 when anything is known to be unsafe, or could not be looked at.

For the service and for Rasa's environment: known vulnerabilities of every locked package (pip-audit; a package that it skips
counts as a failure, because it says nothing about it otherwise), a list of parts (CycloneDX) and of licences. For the whole
repository: secrets that were committed (detect-secrets). Writes into `audit/`.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "audit"
ACCEPTED = ROOT / "deploy" / "accepted_risks.toml"
ENVIRONMENTS = {"service": ROOT, "bot": ROOT / "bot"}
# Tests are full of made-up numbers, lock files and models of hashes.
WITHOUT_SECRETS = r"^(tests/|nlu_data/|bot/uv\.lock|uv\.lock|web/static/vendor/|grid/qingdao/)"
LICENCES = """
import csv, sys
from importlib.metadata import distributions
rows = csv.writer(sys.stdout)
for found in sorted(distributions(), key=lambda d: d.metadata["Name"].lower()):
    told = found.metadata.get_all("Classifier") or []
    named = [line.split(" :: ")[-1] for line in told if line.startswith("License ::")]
    licence = found.metadata["License-Expression"] or "; ".join(named) or (found.metadata["License"] or "").split("\\n")[0]
    rows.writerow([found.metadata["Name"], found.version, licence])
"""


def main() -> int:
    OUT.mkdir(exist_ok=True)
    accepted, problems = _accepted(), []
    for name, folder in ENVIRONMENTS.items():
        print(f"== {name}: 已知漏洞", flush=True)
        problems += [f"{name}: {line}" for line in _vulnerabilities(name, folder, accepted)]
        _export(folder, "cyclonedx1.5", OUT / f"sbom-{name}.json")
        _licences(name, folder)
    print("== 提交过的秘密", flush=True)
    problems += list(_secrets())
    for line in problems:
        print(line)
    print(f"清单和许可证在 {OUT.relative_to(ROOT)}/。" + (f"有 {len(problems)} 个问题。" if problems else "没有问题。"))
    return 1 if problems else 0


def _accepted() -> dict[str, date]:
    """Vulnerabilities that somebody decided to live with, until when; the file says who and why."""
    return {row["id"]: row["until"] for row in tomllib.loads(ACCEPTED.read_text("utf-8")).get("risk", [])}


def _vulnerabilities(name: str, folder: Path, accepted: dict[str, date]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as scratch:
        locked = Path(scratch) / "requirements.txt"
        _export(folder, "requirements-txt", locked)
        done = _run(
            sys.executable, "-m", "pip_audit", "-r", str(locked), "--require-hashes", "--disable-pip", "-f", "json",
            "--progress-spinner", "off",
        )  # fmt: skip
    if not done.stdout.strip():
        yield f"pip-audit 没有结果：{done.stderr.strip()[-300:]}"
        return
    report = json.loads(done.stdout)
    (OUT / f"vulnerabilities-{name}.json").write_text(json.dumps(report, indent=1), "utf-8")
    yield from unsafe(report, accepted, date.today())


def unsafe(report: dict[str, Any], accepted: dict[str, date], today: date) -> Iterator[str]:
    """One line for each vulnerability that is not accepted (any more), and for each package nobody looked at."""
    for package in report["dependencies"]:
        if reason := package.get("skip_reason"):
            yield f"没有检查到 {package['name']}：{reason}"
        for found in package.get("vulns", []):
            names = {found["id"], *found.get("aliases", [])}
            until = max((accepted[each] for each in names if each in accepted), default=None)
            if until is None or until < today:
                fixed = "、".join(found.get("fix_versions", [])) or "还没有修复版本"
                late = "（接受的期限已过）" if until else ""
                yield f"{package['name']} {package['version']}：{found['id']}{late}，修复版本 {fixed}"


def _licences(name: str, folder: Path) -> None:
    done = _run(str(folder / ".venv" / "bin" / "python"), "-c", LICENCES)
    with (OUT / f"licences-{name}.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerow(["package", "version", "licence"])
        out.write(done.stdout)


def _secrets() -> Iterator[str]:
    done = _run(
        sys.executable, "-m", "detect_secrets", "scan", "--exclude-files", WITHOUT_SECRETS,
        "--disable-plugin", "KeywordDetector", "--disable-plugin", "HexHighEntropyString",
        "--disable-plugin", "Base64HighEntropyString",
    )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        yield f"detect-secrets 没有结果：{done.stderr.strip()[-300:]}"
        return
    for file, found in json.loads(done.stdout)["results"].items():
        for each in found:
            yield f"{file}:{each['line_number']} 像是秘密（{each['type']}）"


def _export(folder: Path, kind: str, target: Path) -> None:
    uv = str(ROOT / ".tools" / "uv" / "bin" / "uv")
    command = [uv if Path(uv).exists() else "uv", "export", "--locked", "--no-dev", "--no-emit-project", "--quiet"]
    done = subprocess.run([*command, "--format", kind, "-o", str(target)], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"uv export: {done.stderr.strip()}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
