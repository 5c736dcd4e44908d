"""The table of contents: every address, its handler, and who may use it. What is not here does not exist."""

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from access.permissions import Permission as P
from handlers import (
    account,
    actions,
    board,
    chat,
    claim,
    conversations,
    home,
    hotline,
    login,
    middlewares,
    ops,
    pages,
    place_map,
    public_log,
    report,
    staff_routes,
    tip,
)
from handlers.keys import NAVIGATION, SERVICES
from handlers.middlewares.permissions import guarded

STATIC = Path(__file__).parent.parent / "web" / "static"

Row = tuple[str, str, Handler, P]

PUBLIC: list[Row] = [
    ("GET", "/", home.home, P.PUBLIC),
    ("GET", "/privacy", home.privacy, P.PUBLIC),
    ("GET", "/text-size", pages.text_size, P.PUBLIC),
    ("GET", "/health", ops.health, P.PUBLIC),
    # report
    ("GET", "/report", report.show, P.PUBLIC),
    ("POST", "/report/start", report.begin, P.PUBLIC),
    ("POST", "/report", report.submit, P.PUBLIC),
    ("POST", "/receipt/card", report.card, P.PUBLIC),
    ("GET", "/place-map", place_map.show, P.PUBLIC),
    ("GET", "/chat", chat.show, P.PUBLIC),
    ("POST", "/chat/messages", chat.message, P.PUBLIC),
    ("POST", "/chat/photos", chat.photos, P.PUBLIC),
    ("POST", "/chat/position", chat.position, P.PUBLIC),
    ("GET", "/chat/history", chat.history, P.PUBLIC),
    ("POST", "/chat/leave", chat.leave, P.PUBLIC),
    ("POST", "/chat/progress", chat.progress, P.PUBLIC),
    # the own tip, with number and code
    ("GET", "/tip", tip.show, P.PUBLIC),
    ("POST", "/tip", tip.login, P.PUBLIC),
    ("POST", "/tip/leave", tip.leave, P.PUBLIC),
    ("POST", "/tip/answer", tip.answer, P.PUBLIC),
    ("POST", "/tip/add", tip.add, P.PUBLIC),
    ("POST", "/tip/object", tip.object_, P.PUBLIC),
    ("POST", "/tip/retaliation", tip.retaliation, P.PUBLIC),
    ("POST", "/tip/withdraw", tip.withdraw, P.PUBLIC),
    ("GET", "/tip/payout", public_log.own_payout, P.PUBLIC),
    ("GET", "/tip/payout.json", public_log.own_payout_file, P.PUBLIC),
    ("GET", "/claim", claim.show, P.PUBLIC),
    ("POST", "/claim", claim.submit, P.PUBLIC),
    ("POST", "/claim/waive", claim.waive, P.PUBLIC),
    ("POST", "/claim/donate", claim.donate, P.PUBLIC),
    ("POST", "/claim/appeal", claim.appeal, P.PUBLIC),
    # what is made public
    ("GET", "/board", board.board, P.PUBLIC),
    ("GET", "/board.json", board.open_data, P.PUBLIC),
    ("GET", "/board.atom", board.feed, P.PUBLIC),
    ("GET", "/board/{public_number}", board.entry, P.PUBLIC),
    ("GET", "/verify", public_log.page, P.PUBLIC),
    ("GET", "/log/key", public_log.key, P.PUBLIC),
    ("GET", "/log/checkpoint", public_log.checkpoint, P.PUBLIC),
    ("GET", "/log/checkpoints", public_log.checkpoints, P.PUBLIC),
    ("GET", "/log/entries", public_log.entries, P.PUBLIC),
    ("GET", "/log/consistency", public_log.consistency, P.PUBLIC),
    ("GET", "/log/proof/{number:[A-Z0-9]+}", public_log.proof, P.PUBLIC),
    # staff
    ("GET", "/login", login.login_page, P.PUBLIC),
    ("POST", "/login", login.login, P.PUBLIC),
    ("GET", "/login/code", login.code_page, P.PUBLIC),
    ("POST", "/login/code", login.code, P.PUBLIC),
    ("GET", "/account", account.show, P.STAFF),
    ("POST", "/account/password", account.change_password, P.STAFF),
    ("POST", "/account/factor/begin", account.begin_factor, P.STAFF),
    ("POST", "/account/factor/confirm", account.confirm_factor, P.STAFF),
    ("POST", "/account/factor/remove", account.remove_factor, P.STAFF),
    ("POST", "/logout", login.logout, P.STAFF),
    ("GET", "/sessions", login.my_sessions, P.STAFF),
    ("POST", "/sessions", login.end_session, P.STAFF),
    ("GET", "/hotline", hotline.show, P.TAKE_CALLS),
    ("POST", "/hotline", hotline.submit, P.TAKE_CALLS),
    ("POST", "/hotline/propose", hotline.propose, P.TAKE_CALLS),
]

# The staff menu, in order.
MENU = [
    ("/desk", "分派", P.ANSWER_ALERTS),
    ("/orders", "我的派单", P.INSPECT),
    ("/supervise", "督办", P.SUPERVISE),
    ("/finance", "奖励", P.HANDLE_REWARDS),
    ("/publish", "公开", P.PUBLISH),
    ("/audit", "审计", P.READ_AUDIT),
    ("/leader", "总览", P.SEE_STATISTICS),
    ("/enterprises", "单位", P.SEE_ENTERPRISES),
    ("/sweeps", "排查", P.SEE_SWEEPS),
    ("/regularities", "规律", P.SEE_STATISTICS),
    ("/hotline", "接听", P.TAKE_CALLS),
    ("/admin", "管理", P.SEE_OPERATION),
    ("/sessions", "登录记录", P.STAFF),
]


def add_public(app: web.Application) -> None:
    for method, path, handler, permission in [*PUBLIC, *staff_routes.ROWS]:
        app.router.add_route(method, path, guarded(permission, handler))
    app.router.add_static("/static", STATIC)
    app[NAVIGATION] = MENU
    middlewares.add_signals(app, app[SERVICES])


def add_internal(app: web.Application) -> None:
    """For Rasa alone; the bearer middleware stands before both."""
    app.router.add_post("/internal/actions", actions.run)
    app.router.add_get("/internal/conversations/{sender}", conversations.load)
    app.router.add_put("/internal/conversations/{sender}", conversations.keep)
