"""`make audit` fails for what is unsafe, for what nobody looked at, and for what was accepted for too long."""

from datetime import date

import pytest

from deploy.audit import unsafe

REPORT = {
    "dependencies": [
        {"name": "good", "version": "1.0", "vulns": []},
        {"name": "bad", "version": "2.0", "vulns": [
            {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}
        ]},
        {"name": "unknown", "skip_reason": "not found"},
    ]
}  # fmt: skip
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ({}, ["bad 2.0：PYSEC-1，修复版本 2.1", "没有检查到 unknown：not found"]),
        ({"PYSEC-1": TODAY}, ["没有检查到 unknown：not found"]),
        ({"CVE-1": date(2027, 1, 1)}, ["没有检查到 unknown：not found"]),
        ({"CVE-1": date(2026, 11, 23)}, ["bad 2.0：PYSEC-1（接受的期限已过），修复版本 2.1", "没有检查到 unknown：not found"]),
    ],
)  # fmt: skip
def test_what_the_audit_says(accepted, said):
    assert list(unsafe(REPORT, accepted, TODAY)) == said
