"""The staff pages, as rows of the route table: method, path, handler, permission.

Which case a person may touch, and when, is decided by `cases.actions`; the permission only opens the page.
"""

from access.permissions import Permission as P
from handlers import (
    administration,
    auditing,
    case_files,
    dispatch,
    finance,
    finance_books,
    inspect_orders,
    leading,
    model_page,
    publish,
    supervise,
    vault_openings,
)
from handlers.forms import Handler

ROWS: list[tuple[str, str, Handler, P]] = [
    ("GET", "/staff/evidence/{id}/{size}", case_files.picture, P.SEE_EVIDENCE),
    ("GET", "/desk", dispatch.desk, P.ANSWER_ALERTS),
    ("POST", "/desk/alerts/{id}", dispatch.take_alert, P.ANSWER_ALERTS),
    ("GET", "/desk/cases/{id}", dispatch.case_page, P.SEE_REPORTER_WORDS),
    ("POST", "/desk/cases/{id}/{action}", dispatch.act, P.DISPATCH),
    ("GET", "/orders", inspect_orders.my_orders, P.INSPECT),
    ("GET", "/orders/{id}", inspect_orders.order_page, P.INSPECT),
    ("POST", "/orders/{id}/{action}", inspect_orders.act, P.INSPECT),
    ("GET", "/supervise", supervise.overview, P.SUPERVISE),
    ("GET", "/supervise/cases/{id}", supervise.case_page, P.SUPERVISE),
    ("POST", "/supervise/cases/{id}/{action}", supervise.act, P.SUPERVISE),
    ("GET", "/finance", finance.overview, P.HANDLE_REWARDS),
    ("GET", "/finance/cases/{id}", finance.case_page, P.HANDLE_REWARDS),
    ("POST", "/finance/cases/{id}/assess", finance.assess_case, P.HANDLE_REWARDS),
    ("POST", "/finance/cases/{id}/not_eligible", finance.refuse_case, P.HANDLE_REWARDS),
    ("GET", "/finance/rewards/{id}", finance.reward_page, P.SEE_REWARDS),
    ("POST", "/finance/rewards/{id}/{action}", finance.act, P.HANDLE_REWARDS),
    ("POST", "/finance/budget", finance_books.appropriate, P.HANDLE_REWARDS),
    ("GET", "/finance/ledger", finance_books.ledger_page, P.SEE_REWARDS),
    ("POST", "/finance/ledger/verify", finance_books.verify_ledger, P.VERIFY_LEDGER),
    ("GET", "/finance/openings/{id}", vault_openings.opening_page, P.APPROVE_OPENING),
    ("POST", "/finance/openings/{id}/open", vault_openings.open_record, P.OPEN_VAULT),
    ("POST", "/finance/openings/{id}/{action}", vault_openings.decide, P.APPROVE_OPENING),
    ("GET", "/finance/keys", vault_openings.keys_page, P.OPEN_VAULT),
    ("POST", "/finance/{id:keys}/{action}", vault_openings.change_keys, P.OPEN_VAULT),
    ("GET", "/publish", publish.overview, P.PUBLISH),
    ("POST", "/publish/draft", publish.draft, P.PUBLISH),
    ("GET", "/publish/{id}", publish.entry_page, P.PUBLISH),
    ("POST", "/publish/{id}/{action}", publish.act, P.PUBLISH),
    ("GET", "/audit", auditing.overview, P.READ_AUDIT),
    ("POST", "/audit/verify", auditing.verify_all, P.READ_AUDIT),
    ("GET", "/leader", leading.overview, P.SEE_STATISTICS),
    ("GET", "/admin", administration.overview, P.SEE_OPERATION),
    ("GET", "/admin/model", model_page.overview, P.SEE_OPERATION),
    ("POST", "/admin/accounts", administration.add_account, P.MANAGE_ACCOUNTS),
    ("POST", "/admin/accounts/{id}/password", administration.reset_password, P.MANAGE_ACCOUNTS),
    ("POST", "/admin/accounts/{id}/{action}", administration.change_account, P.MANAGE_ACCOUNTS),
    ("POST", "/admin/inspectors/{id}/{action}", administration.change_inspector, P.MANAGE_GRID),
    ("POST", "/admin/grids", administration.import_grids, P.MANAGE_GRID),
    ("POST", "/admin/jobs/{id}/{action}", administration.change_job, P.MANAGE_ACCOUNTS),
]
