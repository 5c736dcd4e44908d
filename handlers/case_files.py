"""Evidence of a case for the officers who judge it. Never for the inspector: a photo shows where its taker stood.

A photo is shown as it was re-made. A document or recording is only ever downloaded, under a name of ours and as a type
that no browser opens, for it is still what somebody outside sent us; each download is in the officer's trail.
"""

from aiohttp import web

from access import audit
from access.actors import Actor, Role
from cases.queries import case_for
from cases.send_back import PHOTO
from handlers.keys import SERVICES
from services import Services
from store.errors import NotFound, Refusal
from store.mongo import Document, Session
from store.sealing import SealBroken

PICTURES = ("photo", PHOTO)
SIZES = {"thumb": "thumb", "full": "file"}
MAY_SEE = (Role.DISPATCHER, Role.SUPERVISOR, Role.DUTY)
DOWNLOAD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Download-Options": "noopen",
}


async def evidence(request: web.Request) -> web.Response:
    """GET /staff/evidence/{id}/{size}: "thumb" or "full" of a cleaned picture (its sealed original has no address), or
    "file" of a document or recording."""
    services, actor = request.app[SERVICES], request["actor"]
    size = request.match_info["size"]
    row = await services.store["evidence"].find_one({"_id": request.match_info["id"]})
    if row is None or "case_id" not in row or (size not in SIZES if row["kind"] in PICTURES else size != "file"):
        raise NotFound("没有这份证据。")
    if not actor.has(*MAY_SEE):
        raise Refusal("举报人提供的证据只给分派员和督办员看，以免暴露举报人。", status=403)
    await case_for(services.store, row["case_id"], actor)
    if row["kind"] in PICTURES:
        headers = {"Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=await _opened(services, row[SIZES[size]]), content_type="image/jpeg", headers=headers)
    await _note(services, actor, row)
    body = await _opened(services, row["file"])
    headers = {**DOWNLOAD, "Content-Disposition": f'attachment; filename="evidence.{row["extension"]}"'}
    return web.Response(body=body, content_type="application/octet-stream", headers=headers)


async def _opened(services: Services, name: str) -> bytes:
    try:
        return await services.evidence.get(name)
    except (OSError, SealBroken):
        raise NotFound("证据文件已损坏或不在了，请通知管理员。") from None


async def _note(services: Services, actor: Actor, row: Document) -> None:
    async def write(session: Session) -> None:
        detail = {"case": row["case_id"], "evidence": row["_id"], "kind": row["kind"]}
        await audit.append(services.store, session, f"account:{actor.id}", "download_evidence", actor.id, detail)

    await services.store.transaction(write)
