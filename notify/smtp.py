"""Sending one mail, with failures named after what to do about them."""

import hashlib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib
import structlog

from notify.mails import Mail
from store.jobs import GiveUp, Postpone

log = structlog.get_logger(__name__)

TIMEOUT_S = 20


@dataclass(frozen=True)
class Smtp:
    """The mail server. `tls` None: the machine's own list of certificate authorities."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    starttls: bool = False
    tls: ssl.SSLContext | None = None

    async def send(self, to: str, mail: Mail, job_id: str) -> None:
        """Deliver to the server, or raise `Postpone` (try later) or `GiveUp` (will never succeed)."""
        message = build(self.sender, to, mail, job_id)
        try:
            await aiosmtplib.send(
                message, hostname=self.host, port=self.port, username=self.user, password=self.password,
                start_tls=self.starttls, tls_context=self.tls, timeout=TIMEOUT_S,
            )  # fmt: skip
        except aiosmtplib.SMTPRecipientsRefused as refused:
            code = max(one.code for one in refused.recipients)
            raise _verdict(code, f"收件地址被邮件服务器拒绝({code})") from None
        except aiosmtplib.SMTPDataError as refused:
            raise _verdict(refused.code, f"邮件被服务器拒绝({refused.code})") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
            # Server down, wrong login, refused sender, bad certificate: a person repairs it, the mail waits.
            log.warning("mail.postponed", error=type(failure).__name__, code=getattr(failure, "code", None))
            raise Postpone(type(failure).__name__) from None


def _verdict(code: int, words: str) -> Exception:
    return GiveUp(words) if code >= 500 else Postpone(words)


def build(sender: str, to: str, mail: Mail, job_id: str) -> EmailMessage:
    """The Message-ID comes from the job: a mail sent again after a crash is recognised as the same one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, mail.subject
    # The day only: the minute of a mail would tell the minute of a tip.
    message["Date"] = formatdate(usegmt=True)[:17] + "00:00:00 GMT"
    domain = sender.rpartition("@")[2] or "tip.invalid"
    message["Message-ID"] = f"<{hashlib.sha256(job_id.encode()).hexdigest()[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="base64")
    return message
