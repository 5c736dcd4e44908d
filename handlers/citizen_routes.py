"""The citizens' and public pages, and the hotline operator's, as rows of the route table."""

from access.permissions import Permission as P
from handlers import board, claim, home, hotline, report, tip
from handlers.forms import Handler
from handlers.middlewares.sizes import up_to
from handlers.uploads import MAX_BODY

# Beyond MAX_BODY the handler itself refuses, with the typed text kept, without reading the photos; beyond this the
# request is refused before the handler.
_REFUSED_WITH_TEXT = 4 * MAX_BODY

ROWS: list[tuple[str, str, Handler, P]] = [
    ("GET", "/", home.home, P.PUBLIC),
    ("GET", "/privacy", home.privacy, P.PUBLIC),
    ("GET", "/report", report.show, P.PUBLIC),
    ("POST", "/report", up_to(_REFUSED_WITH_TEXT, report.submit), P.PUBLIC),
    ("POST", "/receipt/card", report.card, P.PUBLIC),
    ("GET", "/tip", tip.show, P.PUBLIC),
    ("POST", "/tip", tip.login, P.PUBLIC),
    ("POST", "/tip/leave", tip.leave, P.PUBLIC),
    ("POST", "/tip/answer", tip.answer, P.PUBLIC),
    ("POST", "/tip/add", up_to(_REFUSED_WITH_TEXT, tip.add), P.PUBLIC),
    ("POST", "/tip/object", tip.object_, P.PUBLIC),
    ("POST", "/tip/retaliation", tip.retaliation, P.PUBLIC),
    ("POST", "/tip/withdraw", tip.withdraw, P.PUBLIC),
    ("GET", "/claim", claim.show, P.PUBLIC),
    ("POST", "/claim", claim.submit, P.PUBLIC),
    ("POST", "/claim/waive", claim.waive, P.PUBLIC),
    ("GET", "/board", board.board, P.PUBLIC),
    ("GET", "/board.atom", board.feed, P.PUBLIC),
    ("GET", "/board.json", board.open_data, P.PUBLIC),
    ("GET", "/board/{public_number}", board.entry, P.PUBLIC),
    ("GET", "/hotline", hotline.show, P.TAKE_CALLS),
    ("POST", "/hotline", up_to(MAX_BODY, hotline.submit), P.TAKE_CALLS),
    ("POST", "/hotline/propose", hotline.propose, P.TAKE_CALLS),
]
