#!/bin/sh
# Every test: style, the rooms' import rules, the bot in its own environment, then everything else with a real browser.
set -eu
cd "$(dirname "$0")/.."
echo "== 代码检查"
.venv/bin/ruff check .
.venv/bin/ruff format --check --quiet .
.venv/bin/lint-imports
.venv/bin/mypy
echo "== 训练测试用的模型(内容没有变化时直接使用)"
.venv/bin/tip12350 train
echo "== 对话机器人的测试"
bot/.venv/bin/python -m pytest -q -c bot/pyproject.toml --rootdir . --confcutdir tests/bot tests/bot
echo "== 服务的测试(真实的 MongoDB、Rasa、SMTP 和浏览器)"
exec .venv/bin/python -m pytest
