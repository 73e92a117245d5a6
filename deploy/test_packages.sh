#!/bin/sh
# Install the system packages that tests need, where we may: Chromium and a CJK font for the browser tests, PostgreSQL for
# the journal's (they start a private server of their own; see tests/postgresql.py). Does nothing if they are here.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "安装测试所需的系统软件包:$missing"
    apt-get update -qq
    case "$missing" in *postgresql*)  # only its programs are wanted, no server that listens on 5432
        conf=/etc/postgresql-common/createcluster.conf
        [ -e $conf ] || { mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >$conf; }
    esac
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $missing fontconfig
else
    echo "注意：缺少$missing，且没有权限自动安装；浏览器测试或 PostgreSQL 测试将被跳过。" >&2
    [ "${CI:-}" != true ] || exit 1
fi
