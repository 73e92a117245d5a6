#!/bin/sh
# Install the system packages that browser tests need (Chromium, a CJK font), where we may. Does nothing if they are here.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "安装测试所需的系统软件包:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing fontconfig
else
    echo "注意：缺少$missing，且没有权限自动安装；浏览器测试将被跳过。" >&2
    [ "${CI:-}" != true ] || exit 1
fi
