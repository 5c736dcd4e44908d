"""`tip12350 serve`: MongoDB, Rasa and the service as three children, restarted when they die, stopped together.

The parent does nothing else, so that nothing but the machine can take it down.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from settings import ROOT, Settings, gateway_secret, internal_secret
from store.embedded import EmbeddedMongo
from store.keys import Keys

BACKOFF_S = (0.5, 1, 2, 5, 10, 30)
QUIET_S = 60  # a child that ran this long starts over at the shortest wait
STOP_S = 15


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@dataclass
class Child:
    """One process: its command, its environment, and how to know that it is ready."""

    name: str
    zh: str
    command: list[str]
    ready: Callable[[], Coroutine[Any, Any, None]]
    env: dict[str, str] = field(default_factory=dict)
    log: Path | None = None
    folder: Path = ROOT
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        out = open(self.log, "ab") if self.log else None
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env={**os.environ, **self.env}, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL,
                stdout=out, stderr=asyncio.subprocess.STDOUT if out else None,
                # A group of its own: Ctrl-C reaches the parent alone, which then stops the children in order.
                start_new_session=True,
            )  # fmt: skip
        finally:
            if out:
                out.close()

    async def stop(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S)
        except TimeoutError:
            say(f"{self.zh}没有按时停下,强制结束")
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


class Supervisor:
    """Starts `children` in order, each after the one before is ready; stops them in reverse."""

    def __init__(self, children: list[Child], on_ready: Callable[[], None]) -> None:
        self._children = children
        self._on_ready = on_ready
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        keepers: list[asyncio.Task[None]] = []
        try:
            for child in self._children:
                ready = asyncio.Event()
                keepers.append(asyncio.create_task(self._keep(child, ready)))
                waiting = asyncio.create_task(ready.wait())
                stopping = asyncio.create_task(self._stopping.wait())
                await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                stopping.cancel()
                if self._stopping.is_set():
                    break
            else:
                self._on_ready()
            await self._stopping.wait()
        finally:
            say("正在停止……")
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            for child in reversed(self._children):
                await child.stop()
            say("已全部停止")
        return 0

    async def _keep(self, child: Child, ready: asyncio.Event) -> None:
        failures = 0
        while True:
            begun = time.monotonic()
            await child.start()
            assert child.process is not None
            died = asyncio.create_task(child.process.wait())
            became_ready = asyncio.create_task(child.ready())
            try:
                await asyncio.wait({died, became_ready}, return_when=asyncio.FIRST_COMPLETED)
                if became_ready.done() and not died.done():
                    if became_ready.exception():
                        say(f"{child.zh}没有就绪:{became_ready.exception()}")
                    else:
                        say(f"{child.zh}已就绪(用时{time.monotonic() - begun:.1f}秒)")
                        ready.set()
                code = await died
            finally:
                became_ready.cancel()
                died.cancel()
            failures = 1 if time.monotonic() - begun > QUIET_S else failures + 1
            wait = BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]
            where = f",详见 {child.log}" if child.log else ""
            say(f"{child.zh}意外退出(代码{code}){where};{wait}秒后重新启动")
            await asyncio.sleep(wait)


async def _answers(url: str, timeout_s: float) -> None:
    """Wait until `url` answers 200."""
    deadline = time.monotonic() + timeout_s
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
        while True:
            try:
                async with client.get(url) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} 在{timeout_s:.0f}秒内没有应答")
            await asyncio.sleep(0.2)


def children(settings: Settings, model: Path) -> list[Child]:
    """The processes to run, in the order of their start."""
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    keys = Keys.load(settings.data_dir)
    found: list[Child] = []
    uri = settings.mongodb_uri
    if uri is None:
        mongo = EmbeddedMongo(settings.data_dir / "mongodb", settings.mongodb_port)
        mongo.prepare()
        uri = mongo.uri
        found.append(Child("mongodb", "MongoDB", mongo.command(), mongo.make_ready, log=logs / "mongodb.out"))
    # Rasa gets two bearer secrets and two addresses, and nothing of the database.
    rasa_env = {
        "GATEWAY_SECRET": gateway_secret(settings, keys),
        "INTERNAL_SECRET": internal_secret(settings, keys),
        "SERVICE_URL": settings.internal_url,
        "RASA_HOST": settings.rasa_host,
        "RASA_PORT": str(settings.rasa_port),
        "MODEL": str(model),
    }
    rasa = Child(
        "rasa", "Rasa", [str(ROOT / "bot" / ".venv" / "bin" / "python"), str(ROOT / "bot" / "run.py")],
        lambda: _answers(f"{settings.rasa_url}/webhooks/gateway/health", 180), rasa_env, logs / "rasa.log",
    )  # fmt: skip
    service_env = {"MONGODB_URI": uri, "TIP_DEMO": "1" if settings.demo else "0"}
    service = Child(
        "service", "服务", [sys.executable, "-m", "app"],
        lambda: _answers(f"http://{settings.host}:{settings.port}/health", 60), service_env,
    )  # fmt: skip
    return [*found, service, rasa]


def run(settings: Settings, model: Path) -> int:
    """Everything of `make run`, until Ctrl-C. Returns the exit code."""
    found = children(settings, model)

    def announce() -> None:
        say("全部就绪,按 Ctrl-C 停止")
        say(f"  市民:    {settings.base_url}/")
        say(f"  工作人员:{settings.base_url}/login")
        if settings.demo:
            say(f"  演示账号(口令每次安装随机生成,见 {settings.data_dir / 'demo_accounts.txt'}):")
            for line in (settings.data_dir / "demo_accounts.txt").read_text("utf-8").splitlines():
                say(f"    {line}")

    return asyncio.run(Supervisor(found, announce).run())
