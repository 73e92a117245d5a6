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

# Small talk: short, and leading back to what the bot is for.
SMALLTALK = {
    "greeting": "您好！请直接写下您想了解的问题，我会从已发布的资料里找出原文给您看。",
    "thanks": "不客气。还有想了解的，请接着问。身体不舒服，请及时去看医生。",
    "bye": "再见，请多保重。有问题随时可以再来问。",
    "who": (
        "我是{name}的资料问答程序，不是医生，也不是真人。您写下问题，我就从已发布的资料里找出有关的原文，一字不改地给您看，并写明出处。我不会自己编写内容，也不能看病、开药。"
    ),
    "ack": "好的。还想了解什么，请接着问。",
    "forget": "好的，刚才的对话我已经忘掉了。您可以重新提问。",
}

# Follow-ups
READING = "您是想问：{question}"
MORE = "还有下面 {count} 段原文与您刚才的问题有关："
NO_MORE = "与刚才那个问题有关的原文，都已经给您看过了。您可以换个角度再问。"
SOURCE = "下面就是刚才的原文，出处写在每段的下方，点“在全文中查看”可以看到它在文章里的位置："
SIMPLER = "我只能给出资料的原文，不能改写。请先看标出的词所在的那几句；还不明白的话，最好请医生当面讲给您听。原文如下："
WHERE = "资料里写到的是下面这些，更多情况请看每段下方的出处："
DETAIL = "资料里关于这一点是这样写的："
POSITION = "您问的是这一点，已在原文里标出："

# A decision about one person: general passages only, under this line. It is often a relative who asks.
DECISION = "这要看病人自己的病情和检查结果，要请医生来决定。请不要自己改动治疗。"
ANSWER_GENERAL = "下面的原文只是一般的资料，不是给哪一个人的建议，可以拿去和医生商量："
DECISION_DECLINE = "这要看病人自己的病情和检查结果，我没有办法判断。请带上检查结果和正在吃的药，当面问医生。问过医生之前，请不要自己停药、换药，也不要自己加量或减量。"
# Matters of the clinic's own counter.
COUNTER = {
    "price": "费用要以医院或诊所的答复为准。",
    "address": "地址和路线要以医院或诊所的答复为准。",
    "appointment": "预约、电话和门诊时间，要以医院或诊所的答复为准。",
    "insurance": "能不能报销、能报多少，要以医院或诊所和当地医保部门的答复为准。",
}
COUNTER_DECLINE = "现有的资料里没有写到这件事。{line}"
CONTACT_US = "请联系我们：{contact}。"
ASK_THERE = "请打电话或到现场，问您看病的地方。"
