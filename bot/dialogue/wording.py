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
