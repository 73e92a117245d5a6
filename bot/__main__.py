"""The command line: ``python -m bot serve | ask | search | check | eval | train | journal | wechat | key | settings``."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bot import __version__
from bot.errors import QuestionError, YijuError
from bot.settings import Settings, load_settings


def _add_common(parser: argparse.ArgumentParser, index: bool = True, corpus: bool = False) -> None:
    if index:
        parser.add_argument("--index", type=Path, help="索引文件夹(默认 YIJU_INDEX 或 index)")
    if corpus:
        parser.add_argument("--corpus", type=Path, help="语料文件夹(默认 YIJU_CORPUS 或 corpus)")


def _settings(args: argparse.Namespace) -> Settings:
    names = ("index", "corpus", "host", "port")
    return load_settings(**{name: getattr(args, name, None) for name in names})


def _bound_arenas() -> None:
    """Keep glibc from giving each of the server's threads a heap of its own (some 50 MB more after a busy hour)."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX


def _log_to_stderr() -> None:
    """Show what the server has to tell its operator: swaps of the index, names of safety rules, faults; never words."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("yiju", "bot"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False


def _serve(args: argparse.Namespace) -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # many small requests at once: threads inside one only compete
    _bound_arenas()
    gc.disable()  # nothing dies while the server loads: looking for garbage takes a fifth of the start (bot.app ends it)
    settings = _settings(args)
    _log_to_stderr()
    from bot.app import serve

    serve(settings)
    return 0


def _ask(args: argparse.Namespace) -> int:
    from bot.console import show_reply
    from bot.dialogue.dialogue import open_dialogue

    dialogue = open_dialogue(_settings(args))
    try:
        reply = dialogue.reply(None, " ".join(args.question))
    finally:
        dialogue.close()
    if args.json:
        print(json.dumps(reply.to_json(), ensure_ascii=False, indent=2))
    else:
        show_reply(reply)
    return 0


def _search(args: argparse.Namespace) -> int:
    from bot.console import show_hits
    from bot.dialogue.dialogue import open_dialogue

    question = " ".join(args.question)
    dialogue = open_dialogue(_settings(args))
    try:
        hits = dialogue.search(question, args.top)
    finally:
        dialogue.close()
    if args.json:
        print(json.dumps([asdict(hit) for hit in hits], ensure_ascii=False, indent=2))
    else:
        show_hits(question, hits)
    return 0


def _check(args: argparse.Namespace) -> int:
    from bot.console import show_findings
    from bot.corpus.check import Finding, check_corpus
    from bot.dialogue.safety import check_rules, reader_of, rules_folder
    from bot.language.lexicon import load_lexicon
    from bot.language.segmentation import Segmenter
    from bot.retrieval.build import limits_of

    settings = _settings(args)
    segmenter = Segmenter(load_lexicon(settings.corpus / "lexicon"), settings.cache)
    findings = check_corpus(settings.corpus, segmenter, limits_of(settings))
    folder = rules_folder(settings)
    problems = check_rules(folder, reader_of(settings), settings.safety_aside)
    findings += [Finding("error", str(folder), 1, "safety-rule", message) for message in problems]
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        show_findings(findings)
    bad = {"error", "warning"} if args.strict else {"error"}
    return 1 if any(finding.level in bad for finding in findings) else 0


def _show_settings(args: argparse.Namespace) -> int:
    settings = load_settings()
    if args.json:
        print(settings.model_dump_json(indent=2))
        return 0
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name == "clinic":
            for part, inner in type(value).model_fields.items():
                print(f"YIJU_CLINIC__{part.upper()} = {getattr(value, part)!r}\n    {inner.description}")
        else:
            print(f"YIJU_{name.upper()} = {str(value)!r}\n    {field.description}")
    return 0


def _key(args: argparse.Namespace) -> int:
    from bot.channels.keys import hash_of, new_key

    key = new_key()
    if args.json:
        print(json.dumps({"name": args.name, "key": key, "sha256": hash_of(key)}, ensure_ascii=False))
        return 0
    print(f"密钥(只显示这一次，交给调用的程序保管):\n  {key}\n")
    print(f'写进 yiju.toml 的只是它的哈希：\n  [[api_keys]]\n  name = "{args.name}"\n  sha256 = "{hash_of(key)}"')
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    root = argparse.ArgumentParser(
        prog="python -m bot",
        description="医据：只用机构已发布的原文回答患者提问，每段都有出处。先用 python build_index.py 建索引。",
    )
    root.add_argument("--version", action="version", version=f"医据 {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="命令")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    serve = command("serve", _serve, "启动网页问答和接口")
    serve.add_argument("--host", help="监听地址(默认 127.0.0.1；对外服务用 0.0.0.0)")
    serve.add_argument("--port", type=int, help="监听端口(默认 7860)")
    _add_common(serve)
    ask = command("ask", _ask, "在命令行里问一个问题")
    ask.add_argument("question", nargs="+", help="问题")
    ask.add_argument("--json", action="store_true", help="输出 JSON(与 POST /api/ask 相同)")
    _add_common(ask)
    search = command("search", _search, "查看检索结果和每条的名次、得分、命中的词(调试用)")
    search.add_argument("question", nargs="+", help="问题")
    search.add_argument("--top", type=int, default=10, help="显示几条(默认 10)")
    search.add_argument("--json", action="store_true", help="输出 JSON")
    _add_common(search)
    check = command("check", _check, "检查语料(引用、注、标签、重复、过长段落、编码等)和危急规则，给出文件和行号")
    check.add_argument("--strict", action="store_true", help="有警告时也以 1 退出")
    check.add_argument("--json", action="store_true", help="输出 JSON")
    _add_common(check, index=False, corpus=True)
    commands.add_parser("eval", help="评测检索与可答性(python -m bot eval --help 查看选项)", add_help=False)
    commands.add_parser("train", help="训练编码模型(python -m bot train --help 查看选项)", add_help=False)
    commands.add_parser(
        "journal", help="对话日志：导出、清理、没有答上的提问(python -m bot journal --help 查看)", add_help=False
    )
    key = command("key", _key, "生成一个 API 密钥和它的哈希，给不在本机上的程序(服务器、小程序)用")
    key.add_argument("name", nargs="?", default="my-program", help="程序的代号(默认 my-program)")
    key.add_argument("--json", action="store_true", help="输出 JSON")
    commands.add_parser("wechat", help="试一试微信接入(python -m bot wechat --help 查看选项)", add_help=False)
    show = command("settings", _show_settings, "列出所有设置、当前值和含义")
    show.add_argument("--json", action="store_true", help="输出 JSON")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors become one Chinese message on standard error and exit code 1."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["train"]:  # it needs torch, which nothing else on the command line may import
            from bot.training.command import main as train

            train(words[1:])
            return 0
        if words[:1] == ["wechat"]:
            from bot.channels.wechat.command import main as wechat

            return wechat(words[1:], load_settings())
        if words[:1] == ["eval"]:
            from bot.evaluation.command import main as evaluate

            return evaluate(words[1:])
        if words[:1] == ["journal"]:
            from bot.journal_command import main as journal

            return journal(words[1:])
        args = parser().parse_args(words)
        return int(args.run(args))
    except (QuestionError, YijuError) as error:
        print(f"错误：{error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("已中断。", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
