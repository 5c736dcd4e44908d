# Two commands: `make run` and `make test`. Each sets up all it needs; nothing is downloaded at run time.
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
# The machine's own certificates, so that it works behind a company's proxy as pip and git do.
export UV_SYSTEM_CERTS := 1

.PHONY: help run test bench train audit setup lint check-machine browser vendor image
help:
	@echo "make run    启动服务(带演示数据)    make test   运行全部测试"
	@echo "make bench  测量,输出 JSON 行        make train  训练语义模型"
	@echo "make audit  依赖的漏洞、许可证、清单,提交过的秘密"

run: setup
	@.venv/bin/tip12350 serve --demo

test: setup browser
	@sh tests/run.sh

bench: setup browser
	@.venv/bin/python -m tests.bench

train: setup
	@.venv/bin/tip12350 train

# Its tools are taken off again: they are no part of the service.
audit: setup
	@$(UV) sync --locked --quiet --group audit
	@.venv/bin/python deploy/audit.py; code=$$?; $(UV) sync --locked --quiet; exit $$code

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports && .venv/bin/mypy

# ---- set-up: done once, noticed by content
setup: .venv/.ready bot/.venv/.ready

.tools/uv/bin/uv:
	@echo "== 安装 uv(Python 包管理器)到 .tools/uv"
	@python3 -m venv .tools/uv || { echo "缺少 python3-venv:请先执行 apt-get install python3-venv" >&2; exit 1; }
	@.tools/uv/bin/pip install --quiet uv

.venv/.ready: pyproject.toml uv.lock .python-version | $(UV)
	@echo "== 准备服务的 Python 环境(约 10 秒)"
	@$(UV) sync --locked
	@touch $@

bot/.venv/.ready: bot/pyproject.toml bot/uv.lock bot/.python-version | $(UV)
	@echo "== 准备 Rasa 的 Python 环境(约 1.7 GB,首次约 1 分钟)"
	@cd bot && $(abspath $(UV)) sync --locked
	@touch $@

browser:
	@sh tests/need_browser.sh
