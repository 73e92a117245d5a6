"""``python -m bot journal export | purge | forget | unanswered``: what a clinic does with the journal."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bot.errors import JournalError
from bot.journal.grouping import LIKENESS
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from bot.journal.topics import Encode, Topic

_BACKGROUND = 200  # passages that tell what the clinic's matters sound like
_BACKGROUND_CHARACTERS = 60


def _moment(text: str) -> datetime:
    """Return a day, or a moment, of the machine's own time zone."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期，请写成 2026-11-01 或 2026-11-01T08:30") from error


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}”应是正整数")
    return int(text)


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    """Open the journal that is there.

    Raises:
        JournalError: there is none, or it cannot be opened or changed.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from bot.journal.database import cause_of, open_database
    from bot.journal.journal import address_of

    address = address_of(settings)
    if isinstance(address, Path) and not address.is_file():
        raise JournalError(
            f"没有对话日志：{address} 不存在。请检查 YIJU_JOURNAL_FILE，并在启动服务的同一文件夹里运行。"
        )
    engine = None
    try:
        engine = open_database(address)
        yield engine
    except (SQLAlchemyError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise JournalError(
            f"对话日志打不开或写不进去({cause_of(error)})。请检查文件权限、磁盘空间或数据库地址。"
        ) from error
    finally:
        if engine is not None:
            engine.dispose()


@contextmanager
def _output(path: Path | None, for_spreadsheet: bool) -> Iterator[TextIO]:
    """Yield standard output, or a file that only its owner may read and that is there whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # its mode is 0600
    except OSError as error:
        raise JournalError(f"不能写 {path}：{error.strerror}。请换一个位置。") from error
    temporary = Path(name)
    try:
        # A spreadsheet takes UTF-8 for something else where no mark stands in front.
        with os.fdopen(descriptor, "w", encoding="utf-8-sig" if for_spreadsheet else "utf-8", newline="") as file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _export(args: argparse.Namespace, settings: Settings) -> int:
    from bot.journal.export import write_csv, write_jsonl
    from bot.journal.store import read_turns

    with _database(settings) as engine, _output(args.output, args.format == "csv") as file:
        write = write_csv if args.format == "csv" else write_jsonl
        count = write(read_turns(engine, args.since), file)
    if args.output:
        _say(f"已导出 {count} 轮对话到 {args.output}。")
    return 0


def _purge(args: argparse.Namespace, settings: Settings) -> int:
    from bot.journal.store import count_turns, purge_before, wipe_deleted

    days = args.days or settings.journal_days
    before = None if args.all else datetime.now(timezone.utc) - timedelta(days=days)
    which = "全部对话" if before is None else f"{before.astimezone():%Y-%m-%d %H:%M} 以前的对话"
    with _database(settings) as engine:
        count = count_turns(engine, before)
        if (
            count
            and not args.yes
            and not _confirmed(f"将删除{which}，共 {count} 轮，连同评价，不能恢复。继续吗?[y/N] ")
        ):
            _say("没有删除。")
            return 1
        with engine.begin() as connection:
            count = purge_before(connection, before)
        wipe_deleted(engine)
    _say(f"已删除{which}，共 {count} 轮。")
    return 0


def _confirmed(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _forget(args: argparse.Namespace, settings: Settings) -> int:
    from bot.journal.store import forget_session, wipe_deleted
    from bot.journal.turn import is_session_key, session_key

    key = args.session if is_session_key(args.session) else session_key(args.session)
    with _database(settings) as engine:
        with engine.begin() as connection:
            count = forget_session(connection, key)
        wipe_deleted(engine)
    _say(f"已删除这个会话的 {count} 轮对话。" if count else "日志里没有这个会话。")
    return 0 if count else 1


def _unanswered(args: argparse.Namespace, settings: Settings) -> int:
    from bot.journal.store import read_unanswered
    from bot.journal.topics import topics

    with _database(settings) as engine:
        questions = read_unanswered(engine, args.since)
    found = topics(questions, *open_encoder(settings), args.likeness)[: args.count] if questions else []
    if args.json:
        rows = [{**asdict(t), "first": t.first.isoformat(), "last": t.last.isoformat()} for t in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif found:
        _show_topics(found, len(questions))
    else:
        _say("没有答不上的提问。")
    return 0


def open_encoder(settings: Settings) -> tuple[Encode, NDArray[np.float32]]:
    """Return what encodes questions in the index in use, and the mean vector of what its texts are about.

    Raises:
        IndexFormatError: there is no usable index.
    """
    from bot.retrieval.loading import load_encoder
    from bot.retrieval.rows import read_passages
    from bot.retrieval.store import current_build, read_manifest

    folder = current_build(settings.index)
    encoder = load_encoder(folder, read_manifest(folder), settings.threads)
    passages = read_passages(folder / "passages.jsonl")
    step = max(1, len(passages) // _BACKGROUND)
    matters = [passage.text[:_BACKGROUND_CHARACTERS] for passage in passages[::step]]
    return encoder.encode_queries, encoder.encode_queries(matters).mean(axis=0)


def _show_topics(found: Sequence[Topic], total: int) -> None:
    print(f"没有答上的提问共 {total} 次，按意思归类，最常问的在前：\n")

    def line(text: str) -> str:
        return " ".join(text.split())

    for number, topic in enumerate(found, 1):
        print(
            f"{number:>3}. {line(topic.question)}  （{topic.count} 次，{topic.people} 人，最近 {topic.last.astimezone():%Y-%m-%d}）"
        )
        for example in topic.examples:
            print(f"       {line(example)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's words."""
    root = argparse.ArgumentParser(
        prog="python -m bot journal",
        description="对话日志：导出、清理、删除一个会话、查看没有答上的提问。日志里的个人信息在写入前已抹去；危急情况不记原话。",
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="命令")

    def command(name: str, run: Callable[[argparse.Namespace, Settings], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    since: dict[str, Any] = {"type": _moment, "metavar": "日期", "help": "从这一天起(如 2026-11-01，按本机时区)"}
    export = command("export", _export, "导出对话，旧的在前")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help="格式(默认 jsonl；csv 可用表格软件打开)"
    )
    export.add_argument("--since", **since)
    export.add_argument("--output", type=Path, metavar="文件", help="写到文件(只有自己可读)；默认写到屏幕")
    purge = command("purge", _purge, "删除旧的对话(服务启动时和每天也会自动删除)")
    which = purge.add_mutually_exclusive_group()
    which.add_argument("--days", type=_positive, metavar="天数", help="保留最近多少天(默认 YIJU_JOURNAL_DAYS)")
    which.add_argument("--all", action="store_true", help="全部删除")
    purge.add_argument("--yes", action="store_true", help="不再询问")
    forget = command("forget", _forget, "删除一个会话的全部对话")
    forget.add_argument("session", metavar="会话", help="会话编号(s_…)，或导出文件里的 session 一栏")
    unanswered = command("unanswered", _unanswered, "没有答上的提问(婉拒的和反问的)，按意思归类，最常问的在前")
    unanswered.add_argument("--since", **since)
    unanswered.add_argument("--count", type=_positive, default=20, metavar="个数", help="显示几类(默认 20)")
    unanswered.add_argument(
        "--likeness", type=float, default=LIKENESS, metavar="相似度", help=f"多像才归为一类，-1 到 1(默认 {LIKENESS})"
    )
    unanswered.add_argument("--json", action="store_true", help="输出 JSON")
    unanswered.add_argument("--index", type=Path, help="索引文件夹(默认 YIJU_INDEX 或 index)")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m bot journal`` with the words after ``journal``.

    Raises:
        JournalError: there is no journal, or it cannot be opened or changed.
    """
    args = parser().parse_args(arguments)
    return int(args.run(args, load_settings(index=getattr(args, "index", None))))
