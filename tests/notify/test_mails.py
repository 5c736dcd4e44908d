"""Mail through a real SMTP server: TLS, login, a server that is busy, and nothing of the reporter in any of it."""

import email
import ssl
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notify import mails
from notify.worker import mail_handlers
from settings import Settings
from store import jobs
from tests.conftest import free_port

CASE = {
    "_id": "ABCDE-FGHJK", "inspector_id": "i1", "company": "华光机械厂", "urgent": True,
    "summary": "二楼安全出口上锁。",
    "decided_types": ["blocked_exit"],
    "location": {"district": "市北区", "street": "辽源路街道", "grid_name": "第3网格"},
    "clocks": [{"id": "verify_close", "due_at": datetime(2026, 12, 23, 15, 59, tzinfo=UTC), "ended_at": None}],
    "reporter_words": "我叫王小明 13812345678", "opened_on": "2026-11-23",
    "created_at": datetime(2026, 11, 23, 7, 41, 13, tzinfo=UTC),
}  # fmt: skip
CANARIES = ["王小明", "13812345678", "15:41", "07:41", "7:41:13"]


class Post:
    """What arrived; `busy` messages are answered 451 first, `refused` recipients 550."""

    def __init__(self):
        self.received, self.busy, self.refused = [], 0, set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.busy:
            self.busy -= 1
            return "451 try again later"
        self.received.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "both.pem"
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def post(certificate):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    handler = Post()

    def login(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"tip", b"secret"))

    controller = Controller(
        handler, hostname="localhost", port=free_port(), tls_context=tls, require_starttls=True, auth_required=True,
        authenticator=login,
    )  # fmt: skip
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
async def worker(store, post, certificate):
    await store["cases"].insert_one(dict(CASE))
    await store["inspectors"].insert_one({"_id": "i1", "name": "检查员", "email": "i1@example.com"})
    return jobs.Worker(store, handlers(store, post.port, certificate))


def handlers(store, port, certificate, password="secret"):
    settings = Settings(
        _env_file=None, smtp_host="localhost", smtp_port=port, smtp_user="tip", smtp_password=password,
        smtp_starttls=True, mail_from="12350@example.com", public_url="https://12350.example.com",
    )  # fmt: skip
    tls = ssl.create_default_context(cafile=certificate)
    return mail_handlers(store, settings, {"blocked_exit": "安全出口堵塞、锁闭"}.__getitem__, tls)


async def add(store, kind, key, payload):
    await jobs.enqueue(store, None, kind=kind, key=key, payload=payload)


async def run_all(store, worker, rounds=20):
    """Until nothing waits: a postponed job is made due at once."""
    for _ in range(rounds):
        await store["jobs"].update_many({"state": "waiting"}, {"$set": {"due": datetime.now(UTC)}})
        if not await worker.run_one():
            return


async def test_the_order_has_the_summary_and_nothing_of_the_reporter(store, post, worker):
    await add(store, "mail_order", "ABCDE-FGHJK:3", {"case_id": "ABCDE-FGHJK"})
    await run_all(store, worker)
    (mail,) = post.received
    text = mail.get_content()
    for word in ("华光机械厂", "市北区辽源路街道", "安全出口堵塞、锁闭", "二楼安全出口上锁", "2026-12-23"):
        assert word in text
    assert "https://12350.example.com/orders/ABCDE-FGHJK" in text
    assert mail["To"] == "i1@example.com" and "华光" not in mail["Subject"] and "出口" not in mail["Subject"]
    whole = text + str(mail)
    assert not [canary for canary in CANARIES if canary in whole]
    assert "00:00:00" in mail["Date"]


async def test_a_busy_server_gets_each_mail_once(store, post, worker):
    post.busy = 5
    for n in range(12):
        await add(store, "mail_order", f"ABCDE-FGHJK:{n}", {"case_id": "ABCDE-FGHJK"})
    await run_all(store, worker, rounds=60)
    assert len(post.received) == len({mail["Message-ID"] for mail in post.received}) == 12
    assert await store["jobs"].count_documents({"state": "done"}) == 12


async def test_a_repeat_has_the_same_message_id(store, post, worker):
    await add(store, "mail_order", "ABCDE-FGHJK:3", {"case_id": "ABCDE-FGHJK"})
    await run_all(store, worker)
    await store["jobs"].update_many({}, {"$set": {"state": "waiting"}})
    await run_all(store, worker)
    first, second = post.received
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_refused_address_is_for_a_person_to_see(store, post, worker):
    post.refused.add("i1@example.com")
    await add(store, "mail_order", "ABCDE-FGHJK:3", {"case_id": "ABCDE-FGHJK"})
    await run_all(store, worker)
    job = await store["jobs"].find_one({})
    assert (job["state"], job["error"]) == ("dead", "收件地址被邮件服务器拒绝(550)")


@pytest.mark.parametrize("fault", ["password", "down", "certificate"])
async def test_what_a_person_can_repair_waits(store, post, worker, certificate, tmp_path, fault):
    faulty = {
        "password": lambda: handlers(store, post.port, certificate, "wrong"),
        "down": lambda: handlers(store, free_port(), certificate),
        "certificate": lambda: handlers(store, post.port, None),
    }[fault]()
    await add(store, "mail_order", "ABCDE-FGHJK:3", {"case_id": "ABCDE-FGHJK"})
    await jobs.Worker(store, faulty).run_one()
    job = await store["jobs"].find_one({})
    assert (job["state"], job["error"]) == ("waiting", "Postpone") and post.received == []
    await run_all(store, worker)
    assert len(post.received) == 1


async def test_the_duty_desk_is_told_what_and_where(store, post, worker):
    await store["alerts"].insert_one({"_id": "a1", "kind": "leak", "text": "我叫王小明 13812345678"})
    await add(store, "mail_alert", "a1", {"alert_id": "a1"})
    await add(store, "mail_alert", "ABCDE-FGHJK", {"case_id": "ABCDE-FGHJK"})
    await run_all(store, worker)
    texts = [mail.get_content() for mail in post.received]
    assert "泄漏" in texts[0] and texts[0].count("/desk") == 1
    assert "市北区辽源路街道" in texts[1] and "/desk/cases/ABCDE-FGHJK" in texts[1]
    assert all(mail["To"] == "duty@tip.invalid" for mail in post.received)
    assert not [canary for canary in CANARIES if canary in "".join(texts)]


async def test_notices_are_one_mail_with_numbers_and_a_link(store, post, worker):
    for n in range(60):
        row = {"_id": f"n{n}", "run": "r1", "level": "supervise", "to": ["supervisor"], "case_id": f"AAAAA-{n:05d}",
               "answer_due": datetime(2026, 11, 16, 16, tzinfo=UTC), "district": "市北区", "text": "王小明"}  # fmt: skip
        await store["notices"].insert_one(row)
    for level, to in (("supervise", "supervisor"), ("remind", "inspector:i1")):
        await add(store, "mail_notices", level, {"email": "x@example.com", "to": to, "level": level, "run": "r1"})
    await run_all(store, worker)
    (mail,) = post.received
    text = mail.get_content()
    assert mail["Subject"] == "督办：60件案件的办理期限" and "答复期限：2026-11-16" in text
    assert text.count("AAAAA-") == 50 and "共60件" in text and "https://12350.example.com/supervise" in text
    assert not [word for word in (*CANARIES, "市北区", "安全出口") if word in text]
    assert (await store["jobs"].find_one({"_id": "mail_notices:remind"}))["state"] == "dead"


@pytest.mark.parametrize(
    ("level", "to", "subject", "page"),
    [
        ("remind", "inspector:i1", "提示：1件", "/orders"), ("warn", "desk", "警示：1件", "/desk"),
        ("warn", "supervisor:市北区", "警示：1件", "/supervise"), ("supervise", "leader", "督办：1件", "/supervise"),
        ("remind", "finance", "提示：1件", "/finance"), ("remind", "publisher", "提示：1件", "/publish"),
    ],
)  # fmt: skip
def test_each_recipient_is_led_to_the_own_page(level, to, subject, page):
    mail = mails.notices(level, to, [{"case_id": "ABCDE-FGHJK", "answer_due": None}], 1, "https://x.example")
    assert mail.subject.startswith(subject) and f"https://x.example{page}\n" in mail.text and "ABCDE-FGHJK" in mail.text


async def test_plain_mails_by_template(store, post, worker):
    await add(store, "mail", "1", {"to": "s@example.com", "template": "returned", "fields": {"case_id": "X"}})
    await add(store, "mail", "2", {"to": "s@example.com", "template": "unknown", "fields": {}})
    await run_all(store, worker)
    assert [mail["Subject"] for mail in post.received] == ["任务单退回 X"]
    assert (await store["jobs"].find_one({"_id": "mail:2"}))["state"] == "dead"


async def test_the_duty_desk_is_told_that_nobody_answers_but_not_since_when(store, post, worker):
    for number in ("1", "3"):
        fields = {"case_id": "ABCDE-FGHJK", "number": number}
        payload = {"to": "duty@tip.invalid", "template": "unclaimed", "fields": fields}
        await add(store, "mail", f"unclaimed:ABCDE-FGHJK:{number}", payload)
    await run_all(store, worker)
    first, third = (mail.get_content() for mail in post.received)
    assert "没有人负责" in first and "/desk/cases/ABCDE-FGHJK" in first and "第3次提醒" in third and "第" not in first
    assert not [canary for canary in CANARIES if canary in first + third]


async def test_without_a_server_mail_waits_untried(store):
    assert mail_handlers(store, Settings(_env_file=None, smtp_host=None), str) == {}


def test_an_order_names_the_last_day_and_not_the_midnight_after_it():
    midnight = datetime(2026, 12, 23, 16, 0, tzinfo=UTC)  # the beginning of the 24th here
    clock = {"id": "verify_close", "due_at": midnight, "ended_at": None}
    assert "办结期限:2026-12-23" in mails.order({**CASE, "clocks": [clock]}, [], "http://x").text
