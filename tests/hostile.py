"""Texts that have broken other systems; every text field must take each of them, or refuse it with a clear answer."""

TEXTS = [
    "‮口出全安锁上了某某厂",  # right-to-left override
    "安全\u200b出口\u200d锁\ufeff着",  # zero-width
    "$where: sleep(1000)",
    '{"$ne": 1}',
    "$ne[$gt]=安全出口锁着",
    "安全出口\0锁着了",  # NUL
    "安全出口\ud800锁着了",  # lone surrogate
    "安全出口锁着,电话13800138000",  # full-width digits
    "<script>alert(1)</script>安全出口锁着",
    "{{ 7 * 7 }}{% for x in y %}安全出口锁着",
    "'; DROP TABLE tips; -- 安全出口锁着",
    "/affirm",
    '/inform{"what":"安全出口锁着"}',
    "../../../../etc/passwd",
    "%00%ff%c0%ae 安全出口锁着",
    "安" * 200 + "\n" * 200,
    "🔥🔥🔥👨‍👩‍👧‍👦",
    "Z̷̢̛a̸l̶g̷o̸ 安全出口锁着",
    "\r\nSet-Cookie: x=1\r\n\r\n安全出口锁着",
    '=HYPERLINK("http://example.invalid")安全出口锁着',
]
