#!/bin/sh
# Chromium and a Chinese font for the browser journeys: installed when we may, asked for otherwise.
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk fontconfig"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "== 安装浏览器测试所需的软件包:$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null && exit 0
fi
echo "缺少浏览器测试所需的软件包,请以 root 执行:apt-get install $missing" >&2
exit 1
