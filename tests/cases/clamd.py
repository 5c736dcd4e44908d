"""A small server that speaks clamd's INSTREAM as the real one does, size limit and EICAR test file included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 25 * 1024 * 1024


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        command = await reader.readuntil(b"\0")
        if command != b"zINSTREAM\0":
            writer.write(b"UNKNOWN COMMAND\0")
            return
        data = bytearray()
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            data += await reader.readexactly(size)
            if len(data) > LIMIT:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        writer.write(b"stream: Eicar-Signature FOUND\0" if EICAR in data else b"stream: OK\0")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def clamd(socket: Path | None = None) -> AsyncIterator[str]:
    """Its address: tcp on a free port, or the unix socket."""
    if socket:
        server = await asyncio.start_unix_server(_serve, str(socket))
        address = f"unix:{socket}"
    else:
        server = await asyncio.start_server(_serve, "127.0.0.1", 0)
        address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield address
