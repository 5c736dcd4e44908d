"""The administrator: accounts, and how the parts are. The roster, the grids and the reward rules have pages of their own."""

import shutil

from aiohttp import web

from access import accounts, administration
from access.actors import ROLE_NAMES, Actor, Role
from access.passwords import new_password
from access.permissions import Permission, allows
from access.second_factor import SecondFactor
from cases import scan
from cases.places import divisions
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from services import Services
from store.errors import Refusal
from store.outbox import dead_jobs, job_counts, retry_job

LOW_DISK = 2 * 1024**3
ADDRESSEES = {"desk": "分派员", "supervisor": "督办员", "leader": "领导", "finance": "财务", "publisher": "信息公开"}


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request,
    _: str = "",
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    password: tuple[str, str] | None = None,
    vault_key: bool = False,
    last_key: str = "",
) -> web.Response:
    """`password` (account name, password) is shown in this answer only; `vault_key`: a key of the vault went with the
    old one. `last_key` names the account whose reset would leave the vault without a key.
    """
    services, actor = request.app[SERVICES], request["actor"]
    manages = allows(Permission.MANAGE_ACCOUNTS, actor)
    store = services.store
    return staff_page(
        request,
        "staff/admin.html",
        manages=manages,
        accounts=await administration.listed(store) if manages else [],
        roles=[(role.value, ROLE_NAMES[role]) for role in Role if role in accounts.STAFF_ROLES],
        role_names=ROLE_NAMES,
        districts=divisions(services.settings.city_dir).districts,
        grid_version=services.locator.grid_index.version,
        grid_count=len(services.locator.grid_index),
        inspectors=len(services.locator.roster),
        health=await health(services),
        jobs=await job_counts(store),
        dead=await dead_jobs(store),
        password=password,
        vault_key=vault_key,
        last_key=last_key,
        form=form,
        problem=problem,
    )


async def health(services: Services) -> list[tuple[str, bool, str]]:
    """(part, well, what to know). The page itself proves that MongoDB answers."""
    disk = shutil.disk_usage(services.settings.data_dir)
    free = disk.free / 1024**3
    mail = services.settings.smtp_host
    silent = "、".join(ADDRESSEES[kind] for kind in await scan.posts_without_address(services.store))
    rasa = await services.rasa.healthy()
    server = await services.store.client.server_info()
    return [
        ("数据库", True, f"MongoDB {server['version']}"),
        ("对话和识别(Rasa)", rasa, "正常" if rasa else "没有应答；新举报照常收下，恢复后自动识别"),
        ("邮件", mail is not None, f"经 {mail} 发送" if mail else "没有设置邮件服务器，邮件留在发件箱"),
        (
            "到期提醒",
            not silent,
            f"这些岗位没有人填写邮箱，提醒只显示在页面上：{silent}" if silent else "每个岗位都有邮箱",
        ),
        ("磁盘", disk.free > LOW_DISK, f"剩余 {free:.1f} GB"),
    ]


async def add_account(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    password = new_password()
    try:
        account = await administration.add(
            services.store,
            login=form.text("login"),
            name=form.text("name"),
            roles=form.all("roles"),
            district=form.text("district") or None,
            inspector=form.text("inspector"),
            email=form.text("email"),
            password=password,
            by=request["actor"],
        )
    except Refusal as refusal:
        return await show_overview(request, form=form, problem=Problem.of("add_account", refusal))
    return await show_overview(request, password=(account["name"], password))


async def reset_password(request: web.Request) -> web.StreamResponse:
    services, account_id = request.app[SERVICES], request.match_info["id"]
    password, form = new_password(), await read_form(request)
    try:
        reset = await administration.reset_password(
            services.store, account_id, password, by=request["actor"], last_key_too=form.has("last_key")
        )
    except administration.LastKey as last:
        problem = Problem.of("accounts", last)
        return await show_overview(request, problem=problem, last_key=account_id)
    except Refusal as refusal:
        return await show_overview(request, problem=Problem.of("accounts", refusal))
    return await show_overview(request, password=(reset.account["name"], password), vault_key=reset.vault_key)


async def _disable(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    await administration.set_disabled(services.store, account_id, True, by=actor)


async def _enable(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    await administration.set_disabled(services.store, account_id, False, by=actor)


async def _email(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    await accounts.set_email(services.store, account_id, form.text("email"), actor.id)


async def _remove_factor(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    """Telephone and paper are lost. Nobody does this for the own account: the own code takes it off."""
    if account_id == actor.id:
        raise administration.OwnAccount("自己的动态码请在“我的账号”里关闭。", field="account")
    await SecondFactor(services.store, services.keys).remove(account_id, actor.id)


ACCOUNT_DEEDS: dict[str, Deed] = {
    "disable_account": _disable, "enable_account": _enable, "set_email": _email, "remove_second_factor": _remove_factor,
}  # fmt: skip
change_account = acting(ACCOUNT_DEEDS, show_overview, "/admin")


async def _retry(services: Services, job_id: str, actor: Actor, form: Form) -> None:
    await retry_job(services.store, job_id)


change_job = acting({"retry_job": _retry}, show_overview, "/admin")
