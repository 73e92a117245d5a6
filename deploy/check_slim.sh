#!/bin/sh
# 核对“运行的机器不需要 PyTorch”：用与 deploy/Containerfile 第二阶段相同的步骤，在一个临时文件夹里装出只有运行依赖的环境，
# 放进代码和一个建好的索引，启动服务，真的提问，再量大小和内存。有一项不合格就以 1 退出。
#
#   sh deploy/check_slim.sh [索引文件夹]        默认 index；要先建好：make index
#
# 环境变量：PYTHON(默认 python3)；MAX_MB 总大小上限(默认 1000，即 1 GB)；MAX_RSS_MB 内存上限(默认 600)；
#           QUESTIONS 提问多少次(默认 200)；WHEELS 已有的运行环境(.venv)，给了就不再安装；KEEP=1 结束后不删临时文件夹。
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
INDEX=$(cd "${1:-$ROOT/index}" && pwd)
PYTHON=${PYTHON:-python3}
MAX_MB=${MAX_MB:-1000}
MAX_RSS_MB=${MAX_RSS_MB:-600}
QUESTIONS=${QUESTIONS:-200}
[ -f "$INDEX/CURRENT" ] || { echo "还没有索引：$INDEX。请先 make index。" >&2; exit 1; }

WORK=$(mktemp -d "${TMPDIR:-/tmp}/yiju-slim.XXXXXX")
SERVER=""
finish() {
    [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
    [ -z "$SERVER" ] || wait "$SERVER" 2>/dev/null || true
    [ -n "${KEEP:-}" ] && echo "留下了 $WORK" || rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() { echo "不合格：$*" >&2; exit 1; }

# ---- 与 Containerfile 第二阶段相同的步骤 ----
APP=$WORK/app
mkdir -p "$APP/deploy" "$APP/bot" "$APP/index" "$APP/data/cache"
cd "$ROOT"
cp pyproject.toml README.md LICENSE NOTICE "$APP/"
cp deploy/setup_env.py "$APP/deploy/"
cp bot/__init__.py "$APP/bot/"
cd "$APP"
if [ -n "${WHEELS:-}" ]; then
    cp -a "$WHEELS" .venv
else
    "$PYTHON" deploy/setup_env.py > "$WORK/install.log" 2>&1 || { tail -20 "$WORK/install.log" >&2; fail "依赖没有装上"; }
    .venv/bin/pip uninstall --yes --quiet yiju
    .venv/bin/python -m pip uninstall --yes --quiet pip
    rm -rf build yiju.egg-info
fi
cp -r "$ROOT/bot" "$ROOT/corpus" .
rm -rf bot/encoding/weights
find bot -name __pycache__ -type d -prune -exec rm -rf {} +
.venv/bin/python -m compileall -q --invalidation-mode unchecked-hash bot
BUILD=$(cat "$INDEX/CURRENT")
cp -r "$INDEX/$BUILD" index/
echo "$BUILD" > index/CURRENT

# ---- 一、没有 PyTorch ----
for name in torch transformers sentence_transformers; do
    if .venv/bin/python -c "import $name" 2>/dev/null; then fail "环境里能载入 $name"; fi
done
echo "没有 PyTorch、transformers、sentence-transformers：对"

# 命令行也不需要。HOME 指向一个空文件夹：回答一次之后里面什么也不该有(没有程序往外报告，也就不会在那里留东西)。
mkdir "$WORK/home"
plain() { env -i PATH="$PATH" HOME="$WORK/home" LANG=C.UTF-8 OMP_NUM_THREADS=1 YIJU_CACHE="$APP/data/cache" .venv/bin/python "$@"; }
plain -m bot ask "你好" > "$WORK/ask.log" 2>&1 || { cat "$WORK/ask.log" >&2; fail "python -m bot ask 不能用"; }
plain -m bot check > "$WORK/check.log" 2>&1 || { cat "$WORK/check.log" >&2; fail "python -m bot check 不能用，或文章有错误"; }
[ -z "$(ls -A "$WORK/home")" ] || { find "$WORK/home" >&2; fail "回答时在用户的文件夹里留下了上面的东西"; }
echo "命令 ask、check 能用，没有在用户的文件夹里留下东西：对"

# ---- 二、大小 ----
size() { du -sm "$@" | awk '{ sum += $1 } END { print sum }'; }
TOTAL=$(size .venv bot corpus index)
echo "大小：依赖 $(size .venv) MB，代码 $(size bot) MB，文章 $(size corpus) MB，索引 $(size index) MB，共 $TOTAL MB(上限 $MAX_MB MB;容器还要加上基础镜像)"
[ "$TOTAL" -le "$MAX_MB" ] || fail "共 $TOTAL MB，超过 $MAX_MB MB"

# ---- 三、能服务，内存不超 ----
PORT=$(.venv/bin/python -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
# 只带必要的环境变量：不受这台机器上别的设置影响。
env -i PATH="$PATH" LANG=C.UTF-8 OMP_NUM_THREADS=1 YIJU_PORT="$PORT" YIJU_CACHE="$APP/data/cache" YIJU_RATE_LIMIT=0 \
    .venv/bin/python -m bot serve > "$WORK/serve.log" 2>&1 &
SERVER=$!
RESULT=$(PORT=$PORT QUESTIONS=$QUESTIONS SERVER=$SERVER .venv/bin/python - <<'PYTHON'
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

base, server = f"http://127.0.0.1:{os.environ['PORT']}", os.environ["SERVER"]
started = time.monotonic()
while True:
    try:
        urllib.request.urlopen(f"{base}/readyz", timeout=2)
        break
    except OSError:
        if time.monotonic() - started > 60 or not Path(f"/proc/{server}").exists():
            raise SystemExit(1)
        time.sleep(0.1)
ready = time.monotonic() - started


def get(path):
    with urllib.request.urlopen(base + path, timeout=30) as response:
        return response.read().decode()


def ask(question):
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{base}/api/ask", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


# Whatever the texts are: a sentence of one of them must be found again.
folder = Path("index") / Path("index/CURRENT").read_text().strip()
rows = [json.loads(line) for line in (folder / "passages.jsonl").read_text("utf-8").splitlines()]
texts = [row["text"][:40] for row in rows]
kinds = [ask(texts[number % len(texts)])["kind"] for number in range(int(os.environ["QUESTIONS"]))]
answered = kinds.count("answer") / len(kinds)
emergency = ask("我爸突然胸口剧痛，喘不上气，满头大汗")["kind"]
pages = all(len(get(path)) > 500 for path in ("/", "/m", "/widget.js"))
status = dict(line.split(":", 1) for line in Path(f"/proc/{server}/status").read_text().splitlines() if ":" in line)
rss, peak = (int(status[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))
loaded = any("torch" in line for line in Path(f"/proc/{server}/maps").read_text().splitlines())
print(f"{ready:.1f} {answered:.2f} {emergency} {int(pages)} {rss} {peak} {int(loaded)}")
PYTHON
) || { cat "$WORK/serve.log" >&2; fail "服务没有启动，或没有回答"; }
set -- $RESULT
echo "启动到可以回答 $1 秒；$QUESTIONS 次提问后的内存 $5 MB(最高 $6 MB，上限 $MAX_RSS_MB MB);用原文的话提问，给出原文的占 $2"
[ "$7" = 0 ] || fail "服务的进程里载入了 torch"
[ "$3" = emergency ] || fail "危急的话没有得到拨打 120 的回复，而是 $3"
[ "$4" = 1 ] || fail "/、/m 或 /widget.js 没有内容"
[ "$(echo "$2" | awk '{ print ($1 >= 0.8) }')" = 1 ] || fail "用原文的话提问，只有 $2 给出了原文"
[ "$6" -le "$MAX_RSS_MB" ] || fail "内存最高 $6 MB，超过 $MAX_RSS_MB MB"
if grep -v '医据已就绪' "$WORK/serve.log" | grep -q .; then cat "$WORK/serve.log" >&2; fail "服务写了上面的错误"; fi
echo "全部合格。"
