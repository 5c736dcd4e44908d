"""The jobs that send mail. Each job is one mail; the outbox sees to retries."""

import ssl
from collections.abc import Callable

import structlog

from notify import mails
from notify.mails import Mail
from notify.smtp import Smtp
from settings import Settings
from store.jobs import GiveUp, Handler, Job
from store.mongo import Document, Store

log = structlog.get_logger(__name__)


def mail_handlers(
    store: Store, settings: Settings, type_name: Callable[[str], str], tls: ssl.SSLContext | None = None
) -> dict[str, Handler]:
    """Handlers for the job kinds `mail`, `mail_order`, `mail_alert`, `mail_notices`.

    `type_name` gives the Chinese name of a violation type. Without a mail server there are none: the jobs stay in the
    outbox untried, and are sent as soon as one is configured.
    """
    if settings.smtp_host is None:
        log.warning("mail.no_server", hint="没有设置 TIP_SMTP_HOST,邮件留在发件箱里等待")
        return {}
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    server = Smtp(
        settings.smtp_host, settings.smtp_port, settings.mail_from, settings.smtp_user, password,
        settings.smtp_starttls, tls,
    )  # fmt: skip
    return Mailer(store, settings, server, type_name).handlers()


class Mailer:
    def __init__(self, store: Store, settings: Settings, server: Smtp, type_name: Callable[[str], str]) -> None:
        self._store = store
        self._server = server
        self._type_name = type_name
        self._base_url = settings.base_url
        self._duty = settings.duty_mail

    def handlers(self) -> dict[str, Handler]:
        return {"mail": self.mail, "mail_order": self.order, "mail_alert": self.alert, "mail_notices": self.notices}

    async def mail(self, payload: Document, job: Job) -> None:
        """Payload {to, template, fields}: a template of `notify.mails.from_template`."""
        try:
            mail = mails.from_template(payload["template"], payload.get("fields", {}), self._base_url)
        except KeyError as unknown:
            raise GiveUp(f"没有这个邮件模板或缺少内容:{unknown}") from None
        await self._send(payload["to"], mail, job)

    async def order(self, payload: Document, job: Job) -> None:
        """Payload {case_id}: the order to the inspector who has the case now."""
        case = await self._case(payload["case_id"])
        inspector = await self._store["inspectors"].find_one({"_id": case.get("inspector_id")})
        if inspector is None or not inspector.get("email"):
            raise GiveUp("检查员没有邮箱")
        names = [self._type_name(each) for each in case.get("decided_types", [])]
        await self._send(inspector["email"], mails.order(case, names, self._base_url), job)

    async def alert(self, payload: Document, job: Job) -> None:
        """Payload {alert_id} for a message in the chat, or {case_id} for a tip: to the duty desk."""
        kind, place, path = "", "未定,请登录查看", "/desk"
        if "alert_id" in payload:
            alert = await self._store["alerts"].find_one({"_id": payload["alert_id"]}) or {}
            kind, place = alert.get("kind", ""), alert.get("place") or place
        else:
            case = await self._case(payload["case_id"])
            kind, place, path = case.get("danger", ""), mails.place_of(case), f"/desk/cases/{case['_id']}"
        await self._send(self._duty, mails.alert(kind, place, path, self._base_url), job)

    async def notices(self, payload: Document, job: Job) -> None:
        """Payload {email, to, level, run}: what one run over the deadlines has for one recipient."""
        query = {"run": payload["run"], "level": payload["level"], "to": payload["to"]}
        total = len(await self._store["notices"].distinct("case_id", query))
        fields = {"case_id": 1, "answer_due": 1}
        rows = await self._store["notices"].find(query, fields).sort("_id", 1).to_list(mails.MAX_LISTED)
        if not rows:
            raise GiveUp("没有要提醒的案件")
        mail = mails.notices(payload["level"], payload["to"], rows, total, self._base_url)
        await self._send(payload["email"], mail, job)

    async def _case(self, case_id: str) -> Document:
        case = await self._store["cases"].find_one({"_id": case_id})
        if case is None:
            raise GiveUp("案件已不存在")
        return case

    async def _send(self, to: str, mail: Mail, job: Job) -> None:
        await self._server.send(to, mail, job.id)
        log.info("mail.sent", kind=job.kind)
