"""What the bot itself says to patients, all in one place, for a clinic to change. Never about medicine."""

ANSWER_ONE = "下面这段原文与您的问题最相关："
ANSWER_MANY = "下面 {count} 段原文与您的问题最相关："
CORRECTED = "按“{question}”为您查找。"
CLARIFY = "没有找到十分确切的内容。您想问的是不是下面这些？"
DECLINE = "抱歉，在已发布的资料里，没有找到能回答这个问题的内容。"
DECLINE_COVERS = "目前的资料包括：{titles}。"
DECLINE_CONTACT = "您可以换个说法再问，或直接咨询医生。"
CONTACT = "也可以联系我们：{contact}。"
DISCLAIMER = "以上为科普资料原文，仅供参考，不能代替医生的诊断和治疗建议。身体不适请及时就医；情况紧急请拨打 120。"

EMPTY_QUESTION = "请输入您想问的问题。"
TOO_LONG = "问题太长了(最多 {limit} 个字)。请用一两句话写下最想知道的一点。"

# Said at once, before anything is searched for, when a rule of corpus/safety recognises danger. It only ever urges: it
# must not calm anyone down, and it gives no medical advice. The page makes buttons of the numbers, in this order.
EMERGENCY = (
    "请立即拨打 120。\n"
    "您说的情况可能危及生命，请不要等网上的回答。拨通后说清地点和症状，按接线员的指导做。\n"
    "身边有人时，请马上叫他来帮忙。"
)
SELF_HARM = (
    "您愿意说出来，这很重要。听起来您（或您身边的人）正承受着很大的痛苦，请不要独自扛着。\n"
    "现在就可以拨打 12356（全国统一心理援助热线），会有人认真听您说。\n"
    "如果已经受伤、服了药，或者快要控制不住，请立即拨打 120 或 110，并请一位信得过的人马上来陪着。"
)
SELF_HARM_NOW = (
    "请立即拨打 120。\n"
    "这可能危及生命，请不要独自扛着：马上叫身边的人过来，不要让伤者一个人待着。需要警察帮助时拨打 110。\n"
    "我们很担心您（或您身边的人）。想找人说说话，可以拨打 12356（全国统一心理援助热线）。"
)
SAFETY = {"emergency": EMERGENCY, "self-harm": SELF_HARM, "self-harm-now": SELF_HARM_NOW}
