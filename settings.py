"""Configuration: every setting with its default and what it is for. Environment variables `TIP_…` or a `.env` file."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.keys import Keys

ROOT = Path(__file__).parent


class UnsafeConfiguration(RuntimeError):
    """The program refuses to start; the message names the setting to change."""


class Settings(BaseSettings):
    """All of it can be read here; docs/operating.md explains the ones an operator meets."""

    model_config = SettingsConfigDict(env_prefix="TIP_", env_file=".env", extra="ignore")

    data_dir: Path = Field(ROOT / "data", description="evidence files, key file, embedded database")
    mongodb_uri: str | None = Field(None, validation_alias="MONGODB_URI", description="unset: embedded mongod")
    mongodb_name: str = "tip12350"
    mongodb_port: int = Field(8353, description="port of the embedded mongod, loopback only")

    host: str = Field("127.0.0.1", description="address the pages listen on")
    port: int = 8350
    public_url: str = Field("", description="how the outside sees us, e.g. https://12350.example.gov.cn")
    internal_host: str = Field("127.0.0.1", description="address for Rasa's calls; never public")
    internal_port: int = 8351
    rasa_host: str = "127.0.0.1"
    rasa_port: int = 8352
    gateway_secret: SecretStr | None = Field(None, description="bearer secret service → Rasa; unset: from the root key")
    internal_secret: SecretStr | None = Field(
        None, description="bearer secret Rasa → service; unset: from the root key"
    )
    trusted_proxies: list[str] = Field([], description="addresses whose X-Forwarded-For and -Proto are believed")

    smtp_host: str | None = Field(None, description="unset: mail waits in the outbox and the log says so")
    smtp_port: int = 25
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = False
    mail_from: str = "12350@tip.invalid"
    duty_mail: str = Field("duty@tip.invalid", description="the duty desk, told of immediate danger at once")

    malware_scanner: str | None = Field(
        None,
        pattern=r"^(tcp://[A-Za-z0-9.-]+:[0-9]{1,5}|unix:/.+)$",
        description="clamd, e.g. tcp://127.0.0.1:3310 or unix:/run/clamav/clamd.ctl; unset: uploads are not scanned",
    )

    city_dir: Path = Field(ROOT / "grid" / "qingdao", description="divisions, duty table, aliases of the city")
    max_open_orders: int = Field(20, description="an inspector with more open orders gets no new ones")
    unclaimed_minutes: int = Field(
        30, description="the alarm for a tip that nobody answers for is raised again so often"
    )
    jurisdiction: str = Field(
        "qingdao", description="whose budget pays rewards; the name of its accounts in the ledger"
    )
    leader_approves_from_yuan: int = Field(
        50_000, gt=0, description="from this amount on, counted over joint reporters, only a leader approves a reward"
    )
    donee_name: str = Field("", description="who gets rewards that reporters give away; unset: no donation is offered")
    donee_bank: str = ""
    donee_account: str = ""
    duty_phone: str = "12350"
    second_factor_roles: list[str] = Field(
        [], description='duties that must log in with a second factor, e.g. ["finance", "admin", "dispatcher"]'
    )
    demo: bool = Field(False, description="demonstration accounts, grids and cases; never on a public address")
    embedded_workers: bool = Field(True, description="run the job worker inside the service process")
    log_level: str = "info"

    @property
    def rasa_url(self) -> str:
        return f"http://{self.rasa_host}:{self.rasa_port}"

    @property
    def internal_url(self) -> str:
        return f"http://{self.internal_host}:{self.internal_port}"

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def refuse_unsafe(self) -> None:
        """Raise `UnsafeConfiguration` before anything listens."""
        if self.demo and not _is_loopback(self.host):
            raise UnsafeConfiguration(
                "演示数据(TIP_DEMO)带有公开的口令,只能在本机使用:请把 TIP_HOST 设为 127.0.0.1,或关闭 TIP_DEMO。"
            )
        if self.public_url and not self.public_url.startswith("https://") and not _is_loopback(self.host):
            raise UnsafeConfiguration("对外服务必须使用 https:请把 TIP_PUBLIC_URL 改为 https:// 开头的地址。")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def gateway_secret(settings: Settings, keys: Keys) -> str:
    """Bearer secret for the service's calls to Rasa."""
    given = settings.gateway_secret
    return given.get_secret_value() if given else keys.derive("rasa gateway").hex()


def internal_secret(settings: Settings, keys: Keys) -> str:
    """Bearer secret for Rasa's calls to the service."""
    given = settings.internal_secret
    return given.get_secret_value() if given else keys.derive("internal port").hex()
