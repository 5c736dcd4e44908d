"""A filing load in a process of its own: `python -m tests.load_client URL CLIENTS COUNT`. Prints one JSON object.

Each client keeps one connection and files the web form again and again with a new key, as a browser would send it.
Only an answer 201 with number and code counts; the numbers are printed so that the caller can look for each of them.
"""

import asyncio
import json
import secrets
import sys
import time
from urllib.parse import urlsplit

TEXTS = (
    "台东三路商场二楼安全出口被铁链锁住,货架堵着通道,周末人特别多,希望有人来看看",
    "我们厂喷漆房旁边天天电焊,也没有动火票,油漆桶就放在边上,害怕出事",
    "李村河边工地塔吊晚上还在吊东西,底下站着人,没有人指挥",
    "楼道里停满电动车,从三楼飞线下来充电,物业不管",
    "饭店后厨用的煤气罐放在地下室,也没有装报警器,味道很大",
)


def body(boundary: str, number: int) -> bytes:
    fields = {
        "client_key": secrets.token_urlsafe(24), "what": f"{TEXTS[number % len(TEXTS)]}({number})",
        "place": "青岛市市北区台东街道", "company": "", "ongoing": "yes", "happened": "", "contact": "", "confirmed": "1",
    }  # fmt: skip
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{boundary}--\r\n").encode()


async def client(host: str, port: int, todo: asyncio.Queue, numbers: list[str], waits: list[float], errors: list[str]):
    boundary = secrets.token_hex(12)
    reader = writer = None
    while True:
        try:
            number = todo.get_nowait()
        except asyncio.QueueEmpty:
            break
        payload = body(boundary, number)
        head = (
            f"POST /report HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: application/json\r\nSec-Fetch-Site: same-origin\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(payload)}\r\n\r\n"
        ).encode()
        begun = time.perf_counter()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            writer.write(head + payload)
            status = int((await reader.readline()).split()[1])
            length = 0
            close = False
            while (line := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode().partition(":")
                if name.lower() == "content-length":
                    length = int(value)
                close = close or (name.lower() == "connection" and "close" in value)
            answer = await reader.readexactly(length)
            if close:
                writer.close()
                writer = None
        except (OSError, IndexError, ValueError, asyncio.IncompleteReadError) as failure:
            errors.append(type(failure).__name__)
            writer = None
            continue
        if status == 201:
            waits.append(time.perf_counter() - begun)
            numbers.append(json.loads(answer)["number"])
        else:
            errors.append(str(status))
    if writer:
        writer.close()


async def run(url: str, clients: int, count: int) -> dict:
    where = urlsplit(url)
    todo: asyncio.Queue = asyncio.Queue()
    for number in range(count):
        todo.put_nowait(number)
    numbers: list[str] = []
    waits: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()
    await asyncio.gather(*(client(where.hostname, where.port, todo, numbers, waits, errors) for _ in range(clients)))
    seconds = time.perf_counter() - begun
    waits.sort()
    return {
        "clients": clients, "sent": count, "acknowledged": len(numbers), "errors": errors[:10], "seconds": round(seconds, 2),
        "per_second": round(len(numbers) / seconds, 1), "p50_ms": _ms(waits, 0.5), "p99_ms": _ms(waits, 0.99), "numbers": numbers,
    }  # fmt: skip


def _ms(waits: list[float], share: float) -> float | None:
    return round(waits[int(len(waits) * share)] * 1000, 1) if waits else None


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
