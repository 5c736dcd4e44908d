"""The search for canaries finds them in each form; a leak test that finds nothing must not be blind."""

import base64
import json
import zlib
from urllib.parse import quote

import pytest

from tests.canaries import Canary, leaks, number

NAME = Canary("name", "欧阳焱淼", ("焱淼",))
PHONE = number("phone", "13953270817")

HIDDEN = [
    ("plain", "联系欧阳焱淼先生"),
    ("part", "小焱淼"),
    ("UTF-16", "联系欧阳焱淼".encode("utf-16")),
    ("GBK", "联系欧阳焱淼".encode("gbk")),
    ("percent", quote("找欧阳焱淼")),
    ("JSON", json.dumps({"name": "欧阳焱淼"})),
    ("backwards", "联系淼焱阳欧"),
    ("base64", base64.b64encode("a欧阳焱淼b".encode())),
    ("base64, shifted", base64.b64encode("ab欧阳焱淼b".encode())),
    ("base64url of UTF-16", base64.urlsafe_b64encode("x欧阳焱淼".encode("utf-16-le"))),
    ("digits in groups", "139 5327-0817"),
    ("last eight", "尾号53270817"),
    ("hex", b"13953270817".hex()),
    ("hash", __import__("hashlib").sha256(b"13953270817").hexdigest()),
]  # fmt: skip


@pytest.mark.parametrize(("form", "data"), HIDDEN, ids=[form for form, _ in HIDDEN])
def test_a_canary_is_found_in_each_form(form, data):
    assert leaks("there", data, [NAME, PHONE])


@pytest.mark.parametrize("data", ["欧阳先生", "1395327", "08172359", b"", zlib.compress(b"x"), "139-0532-7081"])
def test_what_is_no_canary_is_none(data):
    assert leaks("there", data, [NAME, PHONE]) == []
