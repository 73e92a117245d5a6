"""Chinese words of the web pages and of interface errors. A clinic may change them here without reading code."""

from __future__ import annotations

from bot.records import Evidence, NoteKind

# The chat page
PLACEHOLDER = "请输入您的问题"
INPUT_LABEL = "您的问题"
SEND = "发送"
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
