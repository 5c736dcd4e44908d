"""The service's side of the one channel into Rasa: conversation turns and batches of texts to understand."""

from typing import Any

import aiohttp

from store.errors import Unavailable

PARSE_TIMEOUT_S = 20
TURN_TIMEOUT_S = 20


class RasaDown(Unavailable):
    """Rasa does not answer, or not in time. What was stored stays stored."""

    def __init__(self) -> None:
        super().__init__("智能助手暂时没有应答。请改用网页表单提交,或拨打 12350;正在发生的火灾等危险请打 119。")


class RasaClient:
    """`url` is Rasa's loopback address, `secret` the bearer secret of the gateway channel."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "RasaClient":
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._secret}"},
            connector=aiohttp.TCPConnector(limit=32, keepalive_timeout=3),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def parse(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text {"in_scope", "violations": [{"type", "confidence", "words"}], "intent", "model_version"}."""
        return await self._post("parse", {"texts": texts}, PARSE_TIMEOUT_S)

    async def turn(self, sender: str, text: str, payload: str | None, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """One message of a conversation; answers the bot's messages in order ({"text", "buttons", "custom"})."""
        body = {"sender": sender, "text": text, "payload": payload, "metadata": metadata}
        return await self._post("message", body, TURN_TIMEOUT_S)

    async def healthy(self) -> bool:
        assert self._session is not None
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with self._session.get(f"{self._url}/webhooks/gateway/health", timeout=timeout) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _post(self, path: str, body: dict[str, Any], timeout_s: float) -> Any:
        try:
            return await self._once(path, body, timeout_s)
        except aiohttp.ServerDisconnectedError:
            # Rasa closes connections that were idle for five seconds, sometimes just as we use one. Asking again is
            # safe: a turn is answered once for each message id, and filing twice with one key files once.
            return await self._once(path, body, timeout_s, last=True)

    async def _once(self, path: str, body: dict[str, Any], timeout_s: float, *, last: bool = False) -> Any:
        assert self._session is not None
        try:
            async with self._session.post(
                f"{self._url}/webhooks/gateway/{path}", json=body, timeout=aiohttp.ClientTimeout(total=timeout_s)
            ) as answer:
                if answer.status != 200:
                    raise RasaDown
                return await answer.json()
        except aiohttp.ServerDisconnectedError:
            if not last:
                raise
            raise RasaDown from None
        except (aiohttp.ClientError, TimeoutError):
            raise RasaDown from None
