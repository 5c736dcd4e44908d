"""One Rasa with the cached model and one fake service for all tests of this folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bot"), str(Path(__file__).parent)]

from classify_lines import load_model  # noqa: E402
from fake_service import SECRET, FakeService  # noqa: E402

GATEWAY_SECRET = "gateway-secret-of-the-tests"


class Rasa:
    """A running Rasa, spoken to over HTTP as the service does."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def call(self, path: str, body: Any, secret: str | None = GATEWAY_SECRET) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        url = f"http://127.0.0.1:{self.port}{path}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text.startswith((b"{", b"[")) else text.decode()

    def say(self, sender: str, text: str = "", **more: Any) -> list[str]:
        """Texts of the bot's answer to one message."""
        status, messages = self.call("/webhooks/gateway/message", {"sender": sender, "text": text, **more})
        assert status == 200, messages
        return [message["text"] for message in messages if "text" in message]


def start_rasa(service_url: str) -> Rasa:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "RASA_PORT": str(port),
        "SERVICE_URL": service_url,
        "GATEWAY_SECRET": GATEWAY_SECRET,
        "INTERNAL_SECRET": SECRET,
    }
    process = subprocess.Popen([sys.executable, str(ROOT / "bot" / "run.py")], env=environment, cwd="/")
    rasa = Rasa(port, process)
    for _ in range(600):
        assert process.poll() is None, "Rasa ended while starting"
        try:
            if rasa.call("/webhooks/gateway/health", None)[1]["ready"]:
                return rasa
        except (OSError, TypeError):
            time.sleep(0.2)
    process.kill()
    raise AssertionError("Rasa did not get ready in two minutes")


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The cached model; trained first when the sources changed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bot" / "train.py")], check=True, stdout=subprocess.PIPE, text=True
    )
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def tip_model(trained_model: Path) -> Any:
    return load_model(trained_model)


@pytest.fixture(scope="session")
def service() -> Iterator[FakeService]:
    fake = FakeService()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture(scope="session")
def rasa(trained_model: Path, service: FakeService) -> Iterator[Rasa]:
    running = start_rasa(service.url)
    yield running
    running.process.terminate()
    running.process.wait(20)
