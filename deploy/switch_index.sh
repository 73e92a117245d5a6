#!/bin/sh
# 看索引文件夹里有哪几次构建，或切换到其中一次(退回上一次、换用从别的机器拷来的)。
#
#   sh deploy/switch_index.sh 索引文件夹               列出，* 是正在使用的
#   sh deploy/switch_index.sh 索引文件夹 build-…       切换；运行中的服务几秒内自动换用，不用重启
#   sh deploy/switch_index.sh 索引文件夹 previous      退回比正在使用的早一次的构建
#
# 写法是先写旁边的文件再改名，服务看到的要么是旧的、要么是新的，不会是半个。
set -eu
INDEX=${1:?用法：sh deploy/switch_index.sh 索引文件夹 [build-… 或 previous]}
WANTED=${2:-}
[ -d "$INDEX" ] || { echo "没有这个文件夹：$INDEX" >&2; exit 1; }
CURRENT=$(cat "$INDEX/CURRENT" 2>/dev/null || true)

builds() {  # 旧的在前：名字里是日期和时间
    for folder in "$INDEX"/build-*; do
        [ -f "$folder/manifest.json" ] && basename "$folder"
    done | sort
}

if [ -z "$WANTED" ]; then
    builds | while read -r name; do
        [ "$name" = "$CURRENT" ] && echo "* $name" || echo "  $name"
    done
    [ -n "$CURRENT" ] || echo "(还没有正在使用的索引)"
    exit 0
fi
if [ "$WANTED" = previous ]; then
    WANTED=$(builds | awk -v current="$CURRENT" '$0 == current { exit } { found = $0 } END { print found }')
    [ -n "$WANTED" ] || { echo "没有比 $CURRENT 更早的构建，未改动。" >&2; exit 1; }
fi
case $WANTED in
    */* | .*) echo "只写文件夹的名字，不带路径：build-…" >&2; exit 1 ;;
esac
[ -f "$INDEX/$WANTED/manifest.json" ] || { echo "没有这次构建，或者没有拷全：$INDEX/$WANTED。未改动。" >&2; exit 1; }
# 名字和校验和由服务载入时核对；有问题它会写日志“新索引不能用”，并继续使用旧的。
NEW=$(mktemp "$INDEX/.CURRENT.XXXXXX")
printf '%s\n' "$WANTED" > "$NEW"
chmod 644 "$NEW"
mv -f "$NEW" "$INDEX/CURRENT"
echo "已从 ${CURRENT:-(无)} 切换到 $WANTED。"
