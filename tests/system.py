"""The whole system as `make run` starts it, on free ports and an empty data folder: for journeys and measurements."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller

from store.embedded import EmbeddedMongo
from store.mongo import Store
from tests.conftest import free_port

ROOT = Path(__file__).parent.parent
START_S = 240


class Mailbox:
    """A real SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server, session, envelope) -> str:
        self.messages.append(envelope.content)
        return "250 OK"

    @property
    def port(self) -> int:
        return self._controller.port

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


@dataclass
class System:
    """A running system. `log` is what the supervisor printed."""

    folder: Path
    mail: Mailbox
    ports: dict[str, int] = field(default_factory=lambda: {n: free_port() for n in ("PORT", "INTERNAL_PORT", "RASA_PORT", "MONGODB_PORT")})  # fmt: skip
    process: subprocess.Popen | None = None
    started_in: float = 0.0
    service_in: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['PORT']}"

    @property
    def log(self) -> str:
        return (self.folder / "supervisor.log").read_text("utf-8", "replace")

    def start(self) -> None:
        environment = {
            **os.environ,
            **{f"TIP_{name}": str(port) for name, port in self.ports.items()},
            "TIP_DATA_DIR": str(self.folder / "data"),
            "TIP_SMTP_HOST": "127.0.0.1",
            "TIP_SMTP_PORT": str(self.mail.port),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("MONGODB_URI", None)
        begun = time.monotonic()
        with open(self.folder / "supervisor.log", "ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "serve", "--demo"], cwd=ROOT, env=environment, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.wait_for_service(begun)
        self.service_in = time.monotonic() - begun
        self.wait_for("全部就绪", begun)
        self.started_in = time.monotonic() - begun

    def wait_for_service(self, begun: float | None = None) -> None:
        begun = begun or time.monotonic()
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            self._still_running(begun)
            time.sleep(0.1)

    def wait_for(self, words: str, begun: float | None = None, count: int = 1) -> None:
        """Until the supervisor has printed `words` `count` times."""
        begun = begun or time.monotonic()
        while self.log.count(words) < count:
            self._still_running(begun)
            time.sleep(0.1)

    def _still_running(self, begun: float) -> None:
        assert self.process is not None
        if self.process.poll() is not None or time.monotonic() - begun > START_S:
            raise AssertionError(f"the system did not start:\n{self.log[-4000:]}")

    def accounts(self) -> dict[str, tuple[str, str]]:
        """role and login → (login, password) as printed by `make run`."""
        lines = (self.folder / "data" / "demo_accounts.txt").read_text("utf-8").splitlines()
        rows = [line.split("\t") for line in lines]
        found = {login: (login, password) for _, login, password in rows}
        for role, login, password in rows:
            found.setdefault(role, (login, password))
        return found

    def children(self) -> dict[str, int]:
        """name → process id of the three children."""
        assert self.process is not None
        found = {}
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        for line in listed.stdout.splitlines():
            pid, arguments = line.strip().split(maxsplit=1)
            for name, mark in (("mongodb", "mongod"), ("rasa", "run.py"), ("service", "-m app")):
                if mark in arguments:
                    found[name] = int(pid)
        return found

    def kill(self, name: str) -> None:
        os.kill(self.children()[name], signal.SIGKILL)

    async def open_store(self) -> Store:
        mongo = EmbeddedMongo(self.folder / "data" / "mongodb", self.ports["MONGODB_PORT"])
        return await Store.connect(mongo.uri, "tip12350")

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@contextmanager
def running_system(folder: Path) -> Iterator[System]:
    folder.mkdir(parents=True, exist_ok=True)
    mail = Mailbox()
    mail.start()
    system = System(folder, mail)
    try:
        system.start()
        yield system
    finally:
        if system.process and system.process.poll() is None:
            system.stop()
        mail.stop()


def with_store(system: System, work):
    """Run `await work(store)` on the running system's database, from synchronous code.

    In a thread of its own: a browser driven from this one already runs an event loop here.
    """

    async def run():
        store = await system.open_store()
        try:
            return await work(store)
        finally:
            await store.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result()
