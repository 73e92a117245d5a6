"""Chinese words of the web pages and of interface errors. A clinic may change them here without reading code."""

from __future__ import annotations

from bot.records import Evidence, NoteKind

# The chat page
PLACEHOLDER = "请输入您的问题"
INPUT_LABEL = "您的问题"
SEND = "发送"
SUGGEST_LABEL = "可以直接问的问题"
SUGGEST_COUNT = "有 {count} 个可以直接问的问题，按上下键选择"
CLEAR = "清除对话"
THEME_TOGGLE = "切换深色或浅色"
CHAT_LABEL = "对话"
WELCOME_TITLE = "您好，请问想了解什么？"
WELCOME = "我只从已发布的医学资料里找出与您的问题有关的原文，逐字给出，并注明出处；不会自己编写内容。"
WELCOME_COVERAGE = "目前的资料："
WELCOME_STARTERS = "可以点下面的问题开始，也可以自己输入："
FOOTER = "内容为资料原文，仅供参考，不能代替医生的诊断和治疗。"
FOOTER_EMERGENCY = "病情紧急请立即拨打"
LITERALLY = "不是，按我的原话查"
BUSY = "提问太频繁了，请稍等一分钟再问。您的问题已为您保留在输入框里。"
CHAT_FAILED = "抱歉，刚才没能完成查找。您的问题已保留在输入框里，请再发送一次；若仍不行，请直接联系我们。"

# A card
SOURCE_LINK = "在全文中查看"
COPY = "复制"
COPY_LABEL = "复制这段原文和出处"
REFERENCE_LABEL = "出处"
NO_REFERENCE = "本段未注明参考文献，出处为文章本身。"
EVIDENCE_LABEL = "证据类型"
EVIDENCE_UNKNOWN = "未注明"
EVIDENCE: dict[Evidence, str] = {
    "review": "综述",
    "human-trial": "人体试验",
    "trial-recruiting": "试验招募中",
    "animal-or-cell": "动物或细胞实验",
    "opinion": "观点",
}
NOTES: dict[NoteKind, str] = {"erratum": "勘误", "caveat": "提示", "update": "更新"}
NOTE_PREFIX = "编者"
CALL = "立即拨打"
CALL_OTHER = "拨打"
CONTACT = "联系我们"
CONTACT_PHONE = "电话"
CONTACT_ADDRESS = "地址"
CONTACT_HOURS = "服务时间"
CONTACT_URL = "网站"
PAIR = "{name}：{value}"
COPIED_NOTE = "【{label}】{text}"
COPIED_FROM = "载于《{title}》"
VOTE = "这条回答对您有帮助吗？"

# The light page: what its HTML says …
LIGHT_SCRIPT_NEEDED = "这个页面需要打开浏览器的 JavaScript 才能提问。您也可以直接联系我们。"
LIGHT_CLEAR = "清除记录"
LIGHT_CLOSE = "关闭"
LIGHT_SUGGESTED = "相近的问题"
CLEAR_CONFIRM = "清除这次对话的记录？清除后不能恢复。"
CLEAR_YES = "清除"
CLEAR_NO = "取消"

# … and what its script says, by name; {…} is filled in there.
LIGHT: dict[str, str] = {
    "asked": "您的提问",
    "searching": "正在资料里查找……",
    "found": "找到 {count} 段原文。",
    "answered": "已回复。",
    "reading": "您是想问：{question}",
    "literal": "不是，按原话查",
    "passage": "原文 {number}",
    "shared": "分享",
    "share_title": "资料原文和出处",
    "link_copied": "链接已复制",
    "copied": "已复制",
    "copy_failed": "请手动选择复制",
    "vote_up": "有帮助",
    "vote_down": "没帮助",
    "voted": "谢谢您的反馈",
    "unvoted": "已撤回",
    "vote_failed": "没能记下，请稍后再试",
    "more": "您还可以问",
    "retry": "再试一次",
    "cleared": "记录已清除",
    "options": "有 {count} 个相近的问题，可用上下键选择",
    "offline": "网络断开了。您可以继续看已有的内容，连上后再提问。",
    "kept": "您的问题已为您保留。",
    "network": "网络不通，没能送出您的问题。请检查网络后再试。",
    "slow": "网络太慢，等了很久没有收到回复。请再试一次。",
    "busy": "提问有些频繁，请约 {seconds} 秒后再试。",
    "failed": "抱歉，刚才没能完成查找，请再试一次；若仍不行，请直接联系我们。",
    "reference_label": REFERENCE_LABEL,
    "no_reference": NO_REFERENCE,
    "evidence_label": EVIDENCE_LABEL,
    "evidence_unknown": EVIDENCE_UNKNOWN,
    "note_prefix": NOTE_PREFIX,
    "source_link": SOURCE_LINK,
    "copy": COPY,
    "copy_label": COPY_LABEL,
    "copied_note": COPIED_NOTE,
    "copied_from": COPIED_FROM,
    "pair": PAIR,
    "call": CALL,
    "call_other": CALL_OTHER,
    "contact": CONTACT,
    "vote": VOTE,
    **{f"evidence_{name}": word for name, word in EVIDENCE.items()},
    **{f"note_{name}": word for name, word in NOTES.items()},
}

# The launcher on a clinic's own pages, in the languages that data-lang may name. The answers themselves stay Chinese.
WIDGET: dict[str, dict[str, str]] = {
    "zh-CN": {
        "label": "问一问",
        "open": "问一问：打开问答窗口",
        "shut": "关闭问答窗口",
        "panel": "问答窗口",
        "dismiss": "不再显示这句话",
        "loading": "正在打开……",
        "failed": "暂时打不开。可能是网络不通，请稍后再试，或在新窗口里打开。",
        "retry": "再试一次",
        "window": "在新窗口打开",
    },
    "zh-TW": {
        "label": "問一問",
        "open": "問一問：開啟問答視窗",
        "shut": "關閉問答視窗",
        "panel": "問答視窗",
        "dismiss": "不再顯示這句話",
        "loading": "正在開啟……",
        "failed": "暫時打不開。可能是網路不通，請稍後再試，或在新視窗裡開啟。",
        "retry": "再試一次",
        "window": "在新視窗開啟",
    },
    "en": {
        "label": "Ask us",
        "open": "Ask us: open the questions window",
        "shut": "Close the questions window",
        "panel": "Questions and answers (in Chinese)",
        "dismiss": "Do not show this again",
        "loading": "Opening…",
        "failed": "It cannot be opened just now. Please try again later, or open it in a new window.",
        "retry": "Try again",
        "window": "Open in a new window",
    },
}

# The share page
SHARED_HEADING = "资料原文"
SHARED_INTRO = "以下是从“{name}”分享的资料原文，一字未改。"
SHARED_MISSING = "另有 {count} 段已随资料更新而改变，这里不再显示。"
SHARED_ASK = "我也要问"

# The source page
BACK_TO_CHAT = "返回提问"
PRINT_HINT = "打印"
REFERENCES_HEADING = "参考资料"
DISCLAIMER_HEADING = "免责说明"
PUBLISHER = "发布"
PUBLISHED = "发布日期"
REVIEWED = "审阅日期"
ORIGINAL = "原文网址"
MARKED_HINT = "回答所引用的段落已标出。"

# Errors, as the interface and the small error pages say them
ERRORS: dict[str, str] = {
    "bad_json": "请求正文不是有效的 JSON，请检查格式和编码（UTF-8）。",
    "bad_media_type": "请把请求头 Content-Type 设为 application/json。",
    "bad_request": "请求无法理解，请检查后再试。",
    "bad_fields": "请求内容有误。",
    "body_too_large": "请求正文太大，最多 {limit} 字节。",
    "forbidden": "不允许这样访问。",
    "not_found": "没有这个地址。",
    "unknown_passage": "没有这个段落，它可能已随资料更新而改变。",
    "unknown_document": "没有这篇资料，它可能已被更新或撤下。",
    "unknown_share": "这个分享链接里的内容已随资料更新而改变，或链接不完整。您可以直接提问。",
    "unknown_reply": "没有这条回答，可能已经过期。",
    "method_not_allowed": "这个地址不支持这种请求方法。",
    "rate_limited": "请求太频繁，请在 {seconds} 秒后再试。",
    "site_limited": "今天的提问次数已经用完，请明天再来，或直接联系我们。情况紧急请立即拨打 120。",
    "origin_forbidden": "这个网页没有获准使用问答服务。请从机构自己的网站进入，或直接联系机构。",
    "unknown_site": "没有这个网站的设置，或者这个网页不属于它。请联系网站的管理员。",
    "token_missing": "请刷新页面后再问。",
    "token_expired": "页面打开得太久了，请刷新后再问。",
    "token_invalid": "页面的访问凭证无效，请刷新后再问。",
    "token_foreign": "页面的访问凭证属于别的网站，请刷新后再问。",
    "token_in_url": "访问凭证和密钥不能写在网址里，请放在请求头里。",
    "key_missing": "程序调用本接口需要密钥：请放在请求头 X-API-Key 或 Authorization: Bearer 里。",
    "key_invalid": "密钥不对，请检查，或请管理员重新生成。",
    "bad_path": "网址的写法不对，请检查后再试。",
    "url_too_long": "网址太长了。",
    "headers_too_large": "请求头太大了。",
    "body_too_slow": "等了太久还没有收完请求，请检查网络后再试。",
    "wechat_forged": "签名无效、已过期或已用过。",
    "wechat_bad": "消息读不懂。",
    "wechat_too_large": "消息太大。",
    "wechat_unknown": "没有这个微信帐号。",
    "not_ready": "服务正在准备，请稍后再试。",
    "internal": "服务出了点问题，请稍后再试。",
}
FIELD_ERROR = "字段 {field}：{problem}"
FIELD_PROBLEMS: dict[str, str] = {
    "missing": "缺少这一项",
    "string_type": "应为文字",
    "string_too_long": "太长",
    "string_too_short": "不能为空",
    "literal_error": "取值不在允许的范围内",
    "extra_forbidden": "没有这一项",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
}
FIELD_PROBLEM_OTHER = "取值或类型不对"

# WeChat
WECHAT_WELCOME = "您好，欢迎关注{name}。直接写下您想了解的问题，我会从已发布的医学资料里找出原文给您看，并注明出处；不会自己编写内容，也不能代替医生。"
WECHAT_STARTERS = "可以点下面的问题，或回复数字："
WECHAT_NEXT = "还可以问（点一下，或回复数字）："
WECHAT_NEXT_NUMBERS = "还可以问（回复数字）："
WECHAT_MENU = "还可以问："
WECHAT_CHOICE = "{number}. {text}"
WECHAT_PLACE = "《{title}》{section}"
WECHAT_LITERALLY = "（不是这个意思？请回复 1，按您的原话查。）"
WECHAT_OF = "（第 {number} 段，共 {count} 段）"
WECHAT_REST = "……（这一段还没有完，回复“更多”看余下的部分）"
WECHAT_CONTINUED = "（接上一条）"
WECHAT_OTHERS = "回复“更多”，看下一段原文。"
WECHAT_APPARATUS_REST = "（还有出处和编者注，回复“更多”查看）"
WECHAT_APPARATUS = "上一段原文的其余说明："
WECHAT_SOURCE = "全文：{url}"
WECHAT_PAGE = "网页版：{url}"
WECHAT_DISCLAIMER = "以上为资料原文，仅供参考，不能代替医生的诊断和治疗；情况紧急请拨打 120。"
WECHAT_TYPE_PLEASE = "这个我看不了，抱歉。请用文字写下您想了解的问题。"
WECHAT_VOICE = "我听不了语音，抱歉。请用文字写下您的问题（也可以用输入法的“语音转文字”）。情况紧急请直接拨打 120。"
WECHAT_PICTURE = "我看不了图片，也不能判读化验单和检查报告，抱歉。请用文字写下您想了解的问题；报告请带去给医生看。情况紧急请直接拨打 120。"
WECHAT_FAILED = "抱歉，刚才没能完成查找。请再发送一次您的问题；若仍不行，请直接联系我们。"
WECHAT_WAIT = "正在查找，还要几秒钟。请稍后回复“更多”查看回答。"
WECHAT_NO_CHOICE = "没有第 {number} 项。请回复 1–{count}，或直接写下您的问题。"
WECHAT_NEXT_STEP = "请直接写下您想了解的问题。"
WECHAT_MORE = frozenset(
    ("更多", "看更多", "查看更多", "更多内容", "继续", "还有吗", "还有呢", "还有没有", "下一段", "下一页", "下一条")
)
WECHAT_MORE_WORD = "更多"
WECHAT_DIALOGUE_MORE = "还有吗"
WECHAT_HUMAN = frozenset(
    ("转人工", "人工", "人工客服", "转人工客服", "人工服务", "转人工服务", "找人工", "我要人工", "转客服")
)
WECHAT_HANDED_OVER = "正在为您转接人工，请稍候。情况紧急请直接拨打 120。"
WECHAT_HANDED_OVER_DECLINED = "连续两次没有找到合适的资料，正在为您转接人工，请稍候。情况紧急请直接拨打 120。"
WECHAT_HUMAN_CLOSED = (
    "现在不在人工服务时间（{days} {start}–{end}）。您可以先写下问题，我从资料里查；情况紧急请直接拨打 120。"
)
WECHAT_NO_HUMAN = "这里暂时没有人工服务。您可以直接写下问题，我从资料里查。{contact}"
WECHAT_HUMAN_FAILED = "转接人工没有成功，请稍后再试，或直接联系我们。"
WECHAT_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
