"""Turn the texts in ``corpus/`` into the index that the server answers from. A thin command over ``bot``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bot.errors import YijuError
from bot.settings import load_settings

_EPILOG = """\
做什么
  1. 读取语料文件夹里的文章(*.md)和问答表(faq/*.csv)，检查并切成段落;
  2. 用编码模型把段落变成向量，并用 jieba 分词建 BM25 词汇索引;
  3. 写到索引文件夹里一个新的子文件夹，自检通过后再一次性切换过去。
  正在运行的服务会自动换用新索引，不用重启；中途失败或被中断，旧索引不受影响。
  没有改动的段落不会重新编码。保留最近两次的结果，想退回上一次，把 index/CURRENT 的内容改成那个子文件夹的名字即可。

例子
  python build_index.py                              用默认的 corpus/ 和 index/
  python build_index.py --corpus 我的文章 --index 索引
  YIJU_MODEL=/models/bge-small-zh python build_index.py   换用别的 sentence-transformers 模型

退出码：0 成功；1 失败(原因和办法写在标准错误里);130 被中断。
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    made = argparse.ArgumentParser(
        description="从语料建立索引。", epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--corpus", type=Path, help="语料文件夹(默认 YIJU_CORPUS 或 corpus)")
    made.add_argument("--index", type=Path, help="索引文件夹(默认 YIJU_INDEX 或 index)")
    made.add_argument("--model", help="编码模型：default，或 sentence-transformers 模型的名称或文件夹(默认 YIJU_MODEL)")
    made.add_argument("--wait", type=float, metavar="秒", help="已有构建在进行时最多等多少秒(默认立即拒绝)")
    made.add_argument("--if-changed", action="store_true", help="文章、词表、模型和切分设置都没变时不重建")
    made.add_argument("--quiet", action="store_true", help="不显示进度")
    made.add_argument("--json", action="store_true", help="最后输出 JSON 格式的小结")
    return made


def main() -> int:
    """Build; errors become one Chinese message on standard error."""
    args = parser().parse_args()
    try:
        settings = load_settings(corpus=args.corpus, index=args.index, model=args.model, build_wait_seconds=args.wait)
        from bot.console import ConsoleReport, show_summary
        from bot.retrieval.build import build_index, up_to_date

        if args.if_changed and (folder := up_to_date(settings)) is not None:
            print(json.dumps({"folder": str(folder), "unchanged": True}) if args.json else f"索引已是最新：{folder}")
            return 0
        summary = build_index(settings, ConsoleReport(quiet=args.quiet))
    except YijuError as error:
        print(f"建索引失败：{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"建索引失败：{error}。请检查磁盘空间和文件夹权限；原有索引未改动。", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断，原有索引未改动。", file=sys.stderr)
        return 130
    if args.json:
        print(json.dumps(asdict(summary), ensure_ascii=False, indent=2))
    else:
        show_summary(summary)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
