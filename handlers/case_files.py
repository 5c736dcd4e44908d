"""Pictures of a case for the officers who judge it. Never for the inspector: a photo shows where its taker stood."""

from aiohttp import web

from access.actors import Role
from cases.queries import case_for
from cases.send_back import PHOTO
from handlers.keys import SERVICES
from store.errors import NotFound, Refusal
from store.sealing import SealBroken

SIZES = {"thumb": "thumb", "full": "file"}
MAY_SEE = (Role.DISPATCHER, Role.SUPERVISOR, Role.DUTY)


async def picture(request: web.Request) -> web.Response:
    """GET /staff/evidence/{id}/{size}: the cleaned picture; the sealed original has no address."""
    services, actor = request.app[SERVICES], request["actor"]
    field = SIZES.get(request.match_info["size"])
    photo = await services.store["evidence"].find_one(
        {"_id": request.match_info["id"], "kind": {"$in": ["photo", PHOTO]}}
    )
    if field is None or photo is None:
        raise NotFound("没有这张照片。")
    if not actor.has(*MAY_SEE):
        raise Refusal("举报照片只给分派员和督办员看，以免暴露举报人。", status=403)
    await case_for(services.store, photo["case_id"], actor)
    try:
        jpeg = await services.evidence.get(photo[field])
    except (OSError, SealBroken):
        raise NotFound("照片文件已损坏或不在了，请通知管理员。") from None
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)
