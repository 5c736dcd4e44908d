"""Tables and papers as files. Never kept by a browser on a shared computer."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from aiohttp import web

from cases.tables import Table, to_csv, to_xlsx

TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def file_answer(body: bytes, kind: str, name: str) -> web.Response:
    """`name` in Chinese, without its ending; browsers that do not know RFC 6266 get a plain one."""
    headers = {
        "Content-Disposition": f"attachment; filename=\"table.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}')}",
        "Cache-Control": "no-store",
    }
    charset = "utf-8" if kind == "csv" else None
    return web.Response(body=body, content_type=TYPES[kind], charset=charset, headers=headers)


async def tables_answer(tables: Sequence[Table], kind: str, name: str) -> web.Response:
    """`kind` "csv" or "xlsx"; anything else is no page."""
    if kind not in ("csv", "xlsx"):
        raise web.HTTPNotFound
    make = to_csv if kind == "csv" else to_xlsx
    return file_answer(await asyncio.to_thread(make, tables), kind, name)
