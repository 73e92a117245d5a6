"""When a person may take over from the bot, in the clinic's service hours (China has one time zone, without summer time)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from bot.channels import wording
from bot.settings import Clinic, WechatAccount

CHINA = timezone(timedelta(hours=8))


def within_hours(settings: WechatAccount, now: float) -> bool:
    """Tell whether a moment (Unix seconds) lies in the service hours; hours past midnight belong to the day before."""
    local = datetime.fromtimestamp(now, CHINA)
    start, end, at = settings.handover_from, settings.handover_to, local.time()
    if start <= end:
        return local.isoweekday() in settings.handover_days and start <= at < end
    if at >= start:
        return local.isoweekday() in settings.handover_days
    return at < end and (local.isoweekday() - 2) % 7 + 1 in settings.handover_days


def handover_of(settings: WechatAccount, now: float, asked: bool, clinic: Clinic) -> tuple[bool, str]:
    """Return whether to hand over and what to say."""
    contact = clinic.phone or clinic.url
    if not settings.handover:
        return False, wording.WECHAT_NO_HUMAN.format(contact=contact)
    if within_hours(settings, now):
        return True, wording.WECHAT_HANDED_OVER if asked else wording.WECHAT_HANDED_OVER_DECLINED
    days = "、".join(wording.WECHAT_DAYS[day - 1] for day in sorted(set(settings.handover_days)) if 1 <= day <= 7)
    start, end = settings.handover_from.strftime("%H:%M"), settings.handover_to.strftime("%H:%M")
    return False, wording.WECHAT_HUMAN_CLOSED.format(days=days, start=start, end=end)
