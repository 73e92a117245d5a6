"""What Chinese names are made of: surnames, characters of given names, and the words that only look like names."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

SINGLE_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶"
    "赖洪丘黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳"
    "管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻"
    "苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿"
    "薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诸战慕危玉银亢嵇公哈湛宾戎勾茅利呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由萧阎傅凃粘鄞厐禤逄笪仉訾蹇綦亶庾佴毋缑妫郏撖隗呙麴虢哓妘贝庹习占郗暴钮糜邴郄郦鄂酆钭乜厍宓蒯苍滑东水"
)
COMPOUND_SURNAMES = (
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|"
    "闾丘|子车|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋|夹谷|轩辕|令狐|段干|百里|呼延|东郭|南门|羊舌|微生|公户|公玉|梁丘|左丘|东门|西门|张简|范姜|纳兰|完颜|相里|叶赫那拉|钮祜禄|爱新觉罗|富察"
)
# Characters that are common in given names; needed where nothing announces a name for certain.
GIVEN = frozenset(
    "实野采勰跃然知念柠农拥盼招牛马舞净朴理芬杨柳天生钢铁锁栓粮仓娣芹巧贵大为娜迎战营柱宏泓闯冉冰凝诺壮霄鑫磊森淼焱垚昂笛杭州京沪豫川渝湘鄂粤桂琼滇黔秦晋冀鲁皖苏浙闽赣赟弢戬骞昱喆奕弈瑄锋锦鉴钧镕镜媚娉俪倪倩偲傲僖勰卉厉咪嘎嘏团圣壹秀美丽玉志淑华文俊建明英珍兰玲宏梅桂婷雄宇凤子雅珠娟云荣柏惠怡素慧琴家廷恩睿杰佳国红霞芳金豪冠宗铭彤强龙成静丹雪欣香翰正贤翔霖进哲宥品月卿宜碧妤晴苡伟军平辉凯博彬敏燕萍颖春承忠良玮世昌义兴宸贞秋蓁莲涵语菲磊洋勇涛超刚鹏飞"
    "鑫波斌浩健帆帅旭宁林欢阳亮峰晨瑞兵雷东坤岩利楠娜艳莉晶倩畅洁柳海冬莹琳芝小瑜花璐彦德信财鸿祥武嘉章轩仁威维钦男宪胜谚永政发中诚聪佑远辰硕君雯娥宝蓉枝心钰诗婉佩珊萱筑郁庭思妍咏禹羽芯雨霏芸安玥尔光元师伯道晓夫特江清庆学立先"
    "士新民福亚振祖汉青树城保方河科松景襄少基南剑奇水康普引全风卫高连书森吉守开仲希顺广绍真乐孝泽泰敬继田延弟泉礼传培本若伦寿虎权法智启诺善湖白万治木尚星邦迪鲁堂誉登灵阿耀川曼爱根友初化银群升冰昭麟喜通齐兆怀源陵仪桥侠震乃路京"
    "伊梦鸣楚年坚亭望宣梁炳钧富图双亦锦修声冲孙鹤茂代原显衡北汝贝恒谦常温毅监儒琪谷润越纯鼎厚济丰勤柱赛业营扬秉裕功岳乔朗园密耶封紫益跃尧旗奉依满亲征湾翠式湘存统宾恭锋逸贯凡乘吴焕卓茶典栋彩纪遂精夏佐千颜彪联策增旺洲深慈圆容"
    "坦眉绿舒夷柔弘苏虹迎媛镜环廉训桃菊莎岚晗曦熙煜烨炜灿琛琨琦琰瑶瑾璇璋璟珂珏珉玫玟瑛瑕璨妮姗姝娇娅婕婧婵嫣嫦娴媚婳妙好姿娆梓萌蕾薇莺蔓蓓蕊藜芷芙茜苗荷菁蒙晟昊昕昱晔暖暄朔彰彻徽怿恬悦惟愉懿戈捷擎攀敦斐昂晋晏枫柯栩梧楷榕槿樱"
    "橙歌沁沐沛泓泊洛津浦涓淇淳渝渊渺湛溪滢潇澄澜炎焱爽牧珑皓盈睦祺禾程稷穆竣笛筠箐简绮缘翎耘肖舟航艺苇茹荃莞菡葵蓝蔚薛蘅蝶衍言谨豫贺赫辛逍逢遥邈郎郦钊钗铃铎铠锐锡镇闻隽隆雁霄霆露韬韵韶颂飒馨骁骏骐魁鲲鸥鹃鹰黎黛默墨砚竹笙糖豆"
    "山社莘钏铄珩琬瑀苒茉蕴轶铮骥麒霂霈靓颢颐屿嵩帛弦彧忻懋曈曜栀桉桢樾歆沄沫泠添溯漾澈煊煦熹燊玖珈珺琅甜皎稚绎绯臻茗荔蕙迦霁韫馥驰鹭麦囡妞妹娘旦甫石岗洪胡童仙庚寅卯申炯烽炼荫绣纱孟季叔岱岫峦濛潞潮涧淙渤渭滔漳澧霜霓槐桑樟檀榴"
    "鹂鸾凰骢骊仞侃倚允劲劭勋勖叶唯唱囿堇夕妆姣娓媱嫚孜宓宛屏峣巽弋彭徵忱怜恂惜憧扶抒揽旖旎旻昙晞暕暨朝朦术杜来枚桔棉棋棣榛橘橹汪泛泾涌淞淮渠游湉溢滋滕漠潭澎澔激瀛灼炅烈焙焰照煌熔牡狄猛献玑珀球琏琥琮瑗瑚璀璁璎璞甄磐祁竞竺筝米粹絮綦绚绢缇缦羡羲翁翯翼聆肃舜艾芍芩苑茁范萃萤萨葆蔷藻虞蛟融蟠裳许词诣谊谐谣贡赏赐轲迅达遵邢郝采鞠韦音顾飘飙馗驭驹骄鲸龄"
    "朵果苹欧璧玺尘域堃垚嵘巍峻岭岷崇崑峥屹崎昆仑奎夯奋祯禄祈祝祎禧祚稳穗积竭端笑筱篱粲纬纲纳纶绪缨羿翀翊耿聿芃芊芮茵荆菀葭蒋蓬淼沅汐沂澍瀚灏漪漫滨浚浔涣涟恺悠愿慎慷憬拓挺擢攸敖昀昶晁晖晚暮曙朋杉杏杭杼枢桐梵棠椿樵殊毓沣沧"
)
HAN = r"[\u3400-\u9fff\U00020000-\U000323af]"
# Characters of given names that hardly stand in any other word.
NOMINAL = frozenset(
    "丹乔亦亭仁仑仞仲伦伯佑佩侃侠俊俪倚倩倪偲傲僖儒兆冀冉凤凯凰劭勋勖勰卉卯卿吴咏咪喆嘎嘏囿垚堃堇夕夷奎奕妍妞妤妮姗姝姣娅娆娇娉娓娜娟娣娥娴婉婕婧婳婵婷媛媱嫚嫣嫦孙孟宁宓宛宥宸寅寿尧屹屿岚岫岭岱岳岷峣峥峦峻崇崎崑嵘嵩巍川巽帆庚廉弈弋弘弢弦彤彦彧彪彬彭彰徵徽忱忻怡怿恂恬恺悦惟愉慧慷憧憬懋懿戈戬抒挺揽擎擢攀攸"
    "敖敦斌斐旎旖旭旺旻昀昂昆昊昌昕昙昭昱昶晁晏晔晖晗晞晟晴暕暨暮曈曙曜曦曼朗朦杉杜杨杭杰杼枫柏柯柳栀栋栓栩桂桉桐桢梅梓梧梵棠棣椿楠楷榕榛槐槿樟樱樵樾橹檀歆毅毓汐汝沁沂沄沅沐沛沣沪泉泊泓泠泰泾洛洪浔浙浚浦涓涛涟涣涧涵淇淑淙淞淮淳淼渊渝渤渭渺湉湘湛湾溪溯滇滔滕滢漪漳潇潞潭澄澈澍澎澔澜澧濛瀚瀛灏灿炅炜炯烨烽焕"
    "焰焱煊煌煜煦熙熹燊燕狄玑玖玟玥玫玮玲玺珀珂珈珉珊珏珑珩珺琅琏琛琥琦琨琪琬琮琰琳琼瑀瑄瑕瑗瑚瑛瑜瑞瑶瑾璀璁璇璋璎璐璞璟璧璨甄甫皎皓皖睦睿砚硕磊磐祁祈祎祚祥祯祺禄禧禹禾秉秦稚穆竣竺笙笛筝筠筱箐篱粤粲紫綦纶绎绚绢绮绯缦缨羡羲羿翀翁翊翎翔翠翯翰耀耘耶耿聆聿肖臻舜艳芃芊芍芙芝芩芬芮芯芳芷芸芹苇苑苒苡苹茁茂茉茗"
    "茜茵茹荃荆荫莉莎莘莞莹莺菀菁菊菡菲萃萌萍萤萨萱葆葭蒋蓁蓉蓓蓝蓬蔓蔚蕊蕙蕴蕾薇薛藜蘅虞虹蛟蟠衍裕裳襄诣谊谐谚谣谦贞赟赣赫轩轲轶迦迪逍逸遂邈邢郝郦鄂鑫钊钏钗钦钧钰铃铄铎铠铭铮闯闽阿雯霁霂霄霆霈霏霓霖霜霞靓韦韫韬韵韶颂颐颖颢飒馗馥馨驹骁骄骊骏骐骞骢骥魁鲲鸥鸾鸿鹂鹃鹏鹤鹭鹰麒麟黎黔黛浩晓志宇"
)
# Characters that no given name holds: grammar, and then the body, illness, measures.
GRAMMAR = frozenset(
    "的了吗呢吧啊呀么嘛哦我你您他她它们这那哪谁啥什怎是不没有在就都也还又再很太更最只被把让给从到向往为因所以如果但而且或与及等着过得地之其某个位只些每"
)
NEVER = GRAMMAR | frozenset(
    "病肾血尿痛疼肿癌症炎药疸胞肝肺胃肠脏腰腿脚手头眼耳鼻嘴牙舌喉咽胸腹肚背臀皮肤骨筋脑疮疹痒麻胀酸晕吐泻咳喘烧热冷渴瘤囊疝痔脓毒菌疫苗针剂片粒丸膏汤服吃喝打输透析查检诊"
    "治疗医院科床岁号元块钱斤克升天周月日年时分秒今昨后前左右上下里外内侧双单两几多少百千问说讲看听想要能会可应该必须请叫做住去来回走跑坐站睡怀孕胎产妇"
    "和跟或者并对于关期级型性化率量高低常患糖钾钠钙磷酐氮酶素醇脂蛋压脉搏步术切植移换捐急危重轻慢险"
) - frozenset("天月高安康和素元升年为可想双百千向能会多克因关常应")  # which given names do hold

KIN = (
    r"(?:爸爸|妈妈|老爸|老妈|阿爸|阿妈|爸|妈|父亲|母亲|父母|爹爹|老爹|爹|老娘|娘亲|老公|老婆|爱人|丈夫|妻子|先生|太太|儿媳妇?|弟媳妇?|媳妇|儿子|女儿|孩子|宝宝|宝贝|小孩|娃儿?|闺女|姑娘|女婿|"
    r"哥哥|大哥|二哥|哥|弟弟|弟|姐姐|大姐|二姐|姐夫|姐|妹妹|妹夫|妹|嫂子|嫂|爷爷|奶奶|外公|外婆|姥姥|姥爷|公公|婆婆|岳父|岳母|丈人|丈母娘|舅舅|舅妈|叔叔|伯伯|伯父|伯母|姑姑|姑父|姑妈|姨妈|姨父|姨|婶婶|"
    r"侄子|侄女|外甥女?|孙子|孙女|外孙女?|对象|男友|女友|男朋友|女朋友|朋友|同事|邻居|同学|室友|工友|战友|网友|病友|亲戚|老伴|老爷子|老太太|老头子?|家人|家属|家长|家父|家母|老乡|表[哥弟姐妹]|堂[哥弟姐妹]|老人|前[夫妻]|孩子?他[爸妈]|"
    r"[大二三四五小幺](?:伯|叔|舅|姑|姨|婶|嫂)(?![伯叔舅姑姨婶嫂子妈父])|(?<=[我俺])(?:儿|娘|婶|叔|舅|姑)(?![儿娘婶叔舅姑子妈父科们]))"
)

# Surnames that hardly ever begin another word but those of the list.
PLAIN_SURNAMES = frozenset(
    "王李张刘陈杨赵吴周徐孙朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭肖田董袁潘蒋蔡杜叶苏魏吕沈姚卢姜崔谭陆汪范廖贾邹熊孟秦邱薛阎段侯陶"
    "贺顾郝龚邵覃戴孔汤黄马赖洪丘倪聂翟詹"
    "丁钟韦闫黎康葛乔伍鲁岳殷耿俞柳梅凌饶牟晏柏瞿闵苟姬栾刁寇桑郎甄仲虞敖匡冀胥栗鄢奚粟冼仝廉禹卿狄扈晁芮阙浦邸雍裘亓赫逯茹嵇湛戎昝尧萧傅凃鄞厐禤笪仉"
    "訾蹇綦庾佴毋缑郏隗芦"
    "尹祁佟霍裴靳鲍窦戚岑褚娄邬卞邢缪骆冉蔺樊滕佘庞卓柯阮祝翁喻臧邝谌郜阚邰逄郗钮邴郄郦酆钭厍宓蒯鞠荆"
)
# What makes another word of a word: 高中+生 is no name, 罗兰+英 is one.
WORD_ENDS = frozenset("原生子家学式法心性城路国业品文本大中科方士师人区量期年地水")


# Given names that hold a character of grammar or a number.
_GIVEN_NAMES = re.compile(
    r"可[欣馨心儿昕歆芯嘉佳妍盈莹晴晨凡涵]|[婉雅美静玉慧晓秋心梦香淑相]如|如[意玉霞萍雪月松海冰梅兰花]|有[福财才德志根明亮利生林为权成金贵田]|[牧逸涵沐乐予安景行]之|之[涵恒桃昂航远遥洲]|"
    r"其[昌祥美龙林]|自[强立忠明力]|以[恒诚沫宁轩]|长[河林福江顺春生贵海明发胜青山庆安荣根寿征远华清]|占[军山海国兵小彪魁元]|[跃前先国]进|与同|从[文军容]|在[天田]|[福喜春运招]来|来[福娣喜弟宝顺]|老[大二三四五六七八九]|[大二三四五六七八九小][柱狗毛牛虎妞丫宝蛋娃妹嫂改花女]|一[诺鸣凡帆然航诚涵冰民平]"
)
# Characters that are grammar in a sentence and still stand in given names: 尚可欣, 婉如, 牛有财.
SOFT = frozenset("如有之可才让以与在自其来而因从")
# Plain surnames that begin many words of medicine; both characters of a given name must be usual after them.
WARY_SURNAMES = frozenset("黄马洪赖范周汤叶苏柏梅柳桑")
# Words of everyday life that are names as well, when nothing but the name is said: 我是高峰,
ALSO_NAMES = re.compile(
    "方圆|方正|黄河|黄山|长江|高山|高峰|高原|高远|高洁|白云|白雪|石林|金星|云飞|江山|江河|江海|万里|文静|文明|安宁|安康|安然|常青|常乐|常胜|成功|平安|田野|温馨|温暖|夏天|夏雨|春天|晴天|晨曦|雷雨|马达|马力|秦岭|谷雨|"
    "时光|向阳|向荣|向前|关山|关怀|华山|华夏|牧野|梅花|明亮|明媚|明月|江南|荣耀|景色|盛夏|盛世|凌云|凌霄|路遥|水仙|冬雪|海洋|海燕|唐诗|丁香|罗兰|杜鹃|杜康|童心|童话|康乐|龙井|李子|苗条|杨柳|杨梅|宋词|谢意|包容|安静"
)


@lru_cache(maxsize=1)
def _bundles() -> tuple[tuple[str, str, str], ...]:
    text = (Path(__file__).parent / "word_pairs.txt").read_text(encoding="utf-8")
    bundles = [bundle[1:].partition("-") for line in text.splitlines() for bundle in line.split() if line[0] != "#"]
    firsts = [bundle[0] for line in text.splitlines() for bundle in line.split() if line[0] != "#"]
    return tuple((first, often, more) for first, (often, _, more) in zip(firsts, bundles, strict=True))


@lru_cache(maxsize=1)
def word_pairs() -> frozenset[str]:
    """Return the words of two characters that are common in Chinese text."""
    return frozenset(first + second for first, often, more in _bundles() for second in often + more)


@lru_cache(maxsize=1)
def frequent_pairs() -> frozenset[str]:
    """Return those of them that are so frequent that they are hardly meant as a given name: 朋友, 今天."""
    return frozenset(first + second for first, often, _ in _bundles() for second in often)


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Return common words that begin with a surname and are no names."""
    text = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def usual(surname: str, given: str) -> bool:
    """Tell whether a given name is made of characters that are common in them, or is one by itself; 李想, but not 曾想."""
    if all(character in GIVEN for character in given) or _GIVEN_NAMES.fullmatch(given):
        return True
    return given == "想" and surname in SINGLE_SURNAMES[:40]


def possible(given: str) -> bool:
    """Tell whether nothing speaks against a given name's characters."""
    return all(re.match(HAN, character) and character not in NEVER and character not in "某开" for character in given)
