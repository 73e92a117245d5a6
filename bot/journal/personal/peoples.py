"""Names of Tibetans, Mongols, Uyghurs and others that have no surname of the Han list, and names in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TIBETAN = (
    "才让|才旦|才旺|才吉|才多|才仁|卓玛|扎西|达娃|次仁|次旦|次旺|次珍|尼玛|平措|旦增|丹增|旦巴|索朗|索南|洛桑|格桑|央金|央宗|拉姆|拉毛|拉珍|德吉|德庆|多吉|多杰|白玛|仁青|仁增|仁钦|顿珠|卓嘎|曲珍|曲扎|"
    "旺堆|旺姆|旺杰|旺久|普布|边巴|巴桑|桑吉|桑珠|桑姆|加措|嘉措|加央|加布|罗布|贡布|贡嘎|贡觉|措姆|群培|强巴|强珍|晋美|土登|阿旺|益西|玉珍|拥措|泽仁|泽郎|泽旺|班玛|完玛|完德|南杰|南加|"
    "华旦|项秀|周加|仓决|仓央|米玛|拉巴|江措|江白|赤列|朗杰|朗嘎|云丹|格列|其美|丁真|俄日|俄色|甲央|更藏|更登|尕藏|尕玛|豆格|夏吾|公保|东主|措吉|拉加|久美|丹巴|丹珠|曲吉|曲英|旦正|当周|当智"
)
_MONGOLIAN = (
    "其其格|琪琪格|乌兰|图雅|托娅|巴特尔|巴图|苏日娜|苏日嘎|苏日|高娃|娜仁|格日勒|格日乐|斯琴|斯庆|塔娜|乌云|阿拉坦|阿勒坦|那木|宝音|朝鲁|朝格|布仁|巴雅尔|巴雅|呼和|哈斯|毕力格|毕勒格|额尔|"
    "敖登|萨仁|萨日娜|萨如拉|乌日娜|乌日|乌恩|孟和|恩和|苏和|特木尔|铁木尔|通拉嘎|通拉|牧仁|阿木尔|阿古拉|阿茹娜|巴根|巴干|白音|宝力|宝日|达来|达赖|代钦|格根|海日|乌力吉|乌尼|"
    "吉日|吉雅|吉木|満都|满都|满达|木其尔|木仁|娜日|娜布|娜木|青格勒|青格|仁钦|赛罕|赛音|斯日|苏雅拉|苏雅|塔拉|陶格|图门|图布|温都|希吉|希林|伊拉|伊德|永生|扎木|朝克|道尔吉|旺吉|"
    "新吉乐|莫日根|必力格|日格|勒图|巴音|那顺|那日|松布尔|阿日|阿如|阿拉|艾丽|都日|额日|胡日|呼日|金花|日格乐|敖日|敖其|敖特"
)
_TURKIC = (
    "买买提|麦麦提|阿依|古丽|古力|吐尔|艾合|阿不都|阿卜杜|阿布都|阿不力|努尔|木合|热合曼|热依|帕提|帕夏|迪丽|迪力|热巴|娜扎|玉素甫|玉素|依明|艾尼|艾力|阿迪力|阿迪|卡德尔|艾山|艾买|吐逊|"
    "吐尔逊|吐地|买提|米热|木拉提|木拉|塔依|塔依尔|赛买|赛提|沙比|沙吾|阿孜|阿曼|阿里木|阿力木|亚森|亚克|伊力|伊敏|伊布|哈力|哈木|哈里|祖丽|孜亚|茹仙|肉孜|如则|茹克|克力木|克里木|库尔|夏提|"
    "扎提|谢尔|别克|巴合|叶尔|叶力|加娜|古丽娜|娜尔|塔尔|提汗|尔汗|克孜|凯丽|比努尔|胡马尔|玛依|玛尔|玛丽|马合|毛拉|汗古|图尔|布维|再娜|再吐|尼加|尼亚|帕尔|热孜|热孜万|热娜|热夏"
)
_YI = (
    "吉克|曲比|沙马|阿牛|阿呷|阿木|木呷|尔古|俄木|日火|伍呷|阿果|阿支|阿加|阿西|伍牛|尔布|惹古|拉且|石一|史古|依火|子呷|"
    "拉火|阿都|五果|作古|子古|嫫|莫色|阿尔|比布|约布|伍且|古者|有作|日古"
)
_PARTS = f"(?:{_TIBETAN}|{_MONGOLIAN}|{_TURKIC}|{_YI})"
_NOT_NAMES = re.compile(
    r"(?:扎西德勒|格桑花|乌兰察布|乌兰浩特|乌兰巴托|乌兰牧骑|呼和浩特|呼和塔拉|额尔古纳|额尔齐斯|巴音郭楞|巴音布鲁克|阿拉善|"
    r"阿木西林|温都尔|塔拉滩|阿尔金山|阿尔山|达赖喇嘛)"
)
_CHAIN = re.compile(rf"{_PARTS}{_PARTS}{{1,3}}[尔提汗克江吉娜图]?")
_SINGLE = re.compile(_PARTS)
_SOUNDS = re.compile(
    r"[阿依古丽尔娜木合塔买提吐逊热孜帕夏迪力哈艾克拜江扎谢努拉汗别叶斯巴根勒格日图雅乌兰布仁其苏宝音萨那达姆卓玛尼央金桑吉才让措加旦增罗莫玉嘎多杰呷牛惹火且沙曲比吾马维赛肉米祖茹仙加伊敏凯德穆萨买卡]{3,7}"
)
_SOUNDS_END = re.compile(
    r"$|[\s,，。;；、!！?？:：)）(（\"”\d]|今年|现年|男|女|电话|手机|想|昨|从|来自|说|在|的(?!人|病|草)"
)
_SINGLE_END = re.compile(r"$|[\s,，。;；、!！?？:：)）(（\"”\d]|今年|现年|男|女|电话|手机")
_NOT_SOUNDS = re.compile(
    r"哈尔|马来|尼泊|哈萨克|乌克|塔吉克|阿拉伯|加拿|巴西|巴基斯|乌兹|马达加|牛奶|火力|牛肉|巴马|马上|宝马|加多|比多|金多|吉林|金马|才艺|多吉美|曲马多|布洛|阿莫|卡马|阿卡|阿米|阿拉善|马桑|姆马|克拉玛|"
    r"多巴|艾多|布那|巴布|阿维|卡提|阿达|努比|火罗|加比|德格|日多|拉曲|罗沙|玛卡|多加|多日|日加"
)
_LATIN = re.compile(r"[A-Z][a-z]{2,}(?:[ ·-][A-Z][a-z'-]+){0,2}(?=$|[\s,，。;；、!！?？(（]|[想来从今请是])")
_EPONYMS = re.compile(
    r"(?:Alport|Graves|Crohn|Fabry|Wilson|Gitelman|Bartter|Liddle|Cushing|Down|Turner|Castleman|Hodgkin|Addison|Covid|Omicron|Sjogren|Behcet|Marfan|Type|Stage|Class|Lupus|Asthma|Diabetes|Cancer|Rhesus|Igan)",
    re.I,
)


def of_a_people(plain: str, at: int) -> int:
    """Return the end of a name of another people than the Han that begins at ``at``; ``at`` where there is none."""
    if _NOT_NAMES.match(plain, at):
        return at
    if chain := _CHAIN.match(plain, at):
        return chain.end()
    single = _SINGLE.match(plain, at)
    if single and _SINGLE_END.match(plain, single.end()):
        return single.end()
    sounds = _SOUNDS.match(plain, at)
    if sounds and _SOUNDS_END.match(plain, sounds.end()) and not _NOT_SOUNDS.search(sounds.group()):
        return sounds.end()
    return at


def chains(plain: str) -> Iterator[tuple[int, int]]:
    """Yield what is put together of two or more parts of such names, wherever it stands: 才让卓玛."""
    for match in _CHAIN.finditer(plain):
        if not _NOT_NAMES.match(plain, match.start()):
            yield match.span()


def in_latin(text: str, at: int) -> int:
    """Return the end of a capitalised name in Latin letters that begins at ``at`` (我是Jessica); ``at`` where none."""
    match = _LATIN.match(text, at)
    return match.end() if match and not _EPONYMS.match(match.group()) else at
