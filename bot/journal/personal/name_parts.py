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
    "薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诸战慕危玉银亢嵇公哈湛宾戎勾茅利呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由萧阎傅凃粘鄞厐禤逄笪仉訾蹇綦亶"
)
COMPOUND_SURNAMES = (
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|"
    "闾丘|子车|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋|夹谷|轩辕|令狐|段干|百里|呼延|东郭|南门|羊舌|微生|公户|公玉|梁丘|左丘|东门|西门|张简|范姜|纳兰|完颜|叶赫那拉|爱新觉罗|富察"
)
# Characters that are common in given names; needed where nothing announces a name for certain.
GIVEN = frozenset(
    "芬杨柳天生钢铁锁栓粮仓娣芹巧贵大为岁娜迎战营柱宏泓闯冉冰凝诺壮霄鑫磊森淼焱垚昂笛杭州京沪豫川渝湘鄂粤桂琼滇黔秦晋冀鲁皖苏浙闽赣赟弢戬骞昱喆奕弈瑄锋锦鉴钧镕镜媚娉俪倪倩偲傲僖勰卉厉咪嘎嘏团圣壹秀美丽玉志淑华文俊建明英珍兰玲宏梅桂婷雄宇凤子雅珠娟云荣柏惠怡素慧琴家廷恩睿杰佳国红霞芳金豪冠宗铭彤强龙成静丹雪欣香翰正贤翔霖进哲宥品月卿宜碧妤晴苡伟军平辉凯博彬敏燕萍颖春承忠良玮世昌义兴宸贞秋蓁莲涵语菲磊洋勇涛超刚鹏飞"
    "鑫波斌浩健帆帅旭宁林欢阳亮峰晨瑞兵雷东坤岩利楠娜艳莉晶倩畅洁柳海冬莹琳芝小瑜花璐彦德信财鸿祥武嘉章轩仁威维钦男宪胜谚永政发中诚聪佑远辰硕君雯娥宝蓉枝心钰诗婉佩珊萱筑郁庭思妍咏禹羽芯雨霏芸安玥尔光元师伯道晓夫特江清庆学立先"
    "士新民福亚振祖汉青树城保方河科松景襄少基南剑奇水康普引全风卫高连书森吉守开仲希顺广绍真乐孝泽泰敬继田延弟泉礼传培本若伦寿虎权法智启诺善湖白万治木尚星邦迪鲁堂誉登灵阿耀川曼爱根友初化银群升冰昭麟喜通齐兆怀源陵仪桥侠震乃路京"
    "伊梦鸣楚年坚亭望宣梁炳钧富图双亦锦修声冲孙鹤茂代原显衡北汝贝恒谦常温毅监儒琪谷润越纯鼎厚济丰勤柱赛业营扬秉裕功岳乔朗园密耶封紫益跃尧旗奉依满亲征湾翠式湘存统宾恭锋逸贯凡乘吴焕卓茶典栋彩纪遂精夏妈佐千颜彪联策增旺洲深慈圆容"
    "坦眉绿舒夷柔弘苏虹迎媛镜环廉训桃菊莎岚晗曦熙煜烨炜灿琛琨琦琰瑶瑾璇璋璟珂珏珉玫玟瑛瑕璨妮姗姝娇娅婕婧婵嫣嫦娴媚婳妙好姿娆梓萌蕾薇莺蔓蓓蕊藜芷芙茜苗荷菁蒙晟昊昕昱晔暖暄朔彰彻徽怿恬悦惟愉懿戈捷擎攀敦斐昂晋晏枫柯栩梧楷榕槿樱"
    "橙歌沁沐沛泓泊洛津浦涓淇淳渝渊渺湛溪滢潇澄澜炎焱爽牧珑皓盈睦祺禾程稷穆竣笛筠箐简绮缘翎耘肖舟航艺苇茹荃莞菡葵蓝蔚薛蘅蝶衍言谨豫贺赫辛逍逢遥邈郎郦钊钗铃铎铠锐锡镇闻隽隆雁霄霆露韬韵韶颂飒馨骁骏骐魁鲲鸥鹃鹰黎黛默墨砚竹笙糖豆"
    "朵果苹欧璧玺尘域堃垚嵘巍峻岭岷崇崑峥屹崎昆仑奎夯奋祯禄祈祝祎禧祚稳穗积竭端笑筱篱粲纬纲纳纶绪缨羿翀翊耿聿芃芊芮茵荆菀葭蒋蓬淼沅汐沂澍瀚灏漪漫滨浚浔涣涟恺悠愿慎慷憬拓挺擢攸敖昀昶晁晖晚暮曙朋杉杏杭杼枢桐梵棠椿樵殊毓沣沧"
)
HAN = r"[\u3400-\u9fff\U00020000-\U000323af]"
# Characters that no given name holds: grammar, and then the body, illness, measures.
GRAMMAR = frozenset(
    "的了吗呢吧啊呀么嘛哦我你您他她它们这那哪谁啥什怎是不没有在就都也还又再很太更最只被把让给从到向往为因所以如果但而且或与及等着过得地之其某个位只些每"
)
NEVER = GRAMMAR | frozenset(
    "病肾血尿痛疼肿癌症炎药疸胞肝肺胃肠脏腰腿脚手头眼耳鼻嘴牙舌喉咽胸腹肚背臀皮肤骨筋脑疮疹痒麻胀酸晕吐泻咳喘烧热冷渴瘤囊疝痔脓毒菌疫苗针剂片粒丸膏汤服吃喝打输透析查检诊"
    "治疗医院科床岁号元块钱斤克升天周月日年时分秒今昨后前左右上下里外内侧双单两几多少百千问说讲看听想要能会可应该必须请叫做住去来回走跑坐站睡怀孕胎产妇"
    "和跟或者并对于关期级型性化率量高低常患糖钾钠钙磷酐氮酶素醇脂蛋压脉搏步术切植移换捐急危重轻慢险"
) - frozenset("天月高安康和素元升年为可想双百千向能会多克因关常应")  # which given names do hold

# Surnames that hardly ever begin another word but those of the list.
PLAIN_SURNAMES = frozenset(
    "王李张刘陈杨赵吴周徐孙朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭肖田董袁潘蒋蔡杜叶苏魏吕沈姚卢姜崔谭陆汪范廖贾邹熊孟秦邱薛阎段侯陶"
    "贺顾郝龚邵覃戴孔汤黄马赖洪丘倪聂翟詹"
    "尹祁佟霍裴靳鲍窦戚岑褚娄邬卞邢缪骆冉蔺樊滕佘庞卓柯阮祝翁喻臧邝谌郜阚邰逄"
)
# What makes another word of a word: 高中+生 is no name, 罗兰+英 is one.
WORD_ENDS = frozenset("原生子家学式法心性城路国业品文本大中科方士师人区量期年地水")


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Return common words that begin with a surname and are no names."""
    text = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def usual(surname: str, given: str) -> bool:
    """Tell whether a given name is made of characters that are common in them; 李想, but not 曾想."""
    return all(character in GIVEN for character in given) or (given == "想" and surname in SINGLE_SURNAMES[:40])


def possible(given: str) -> bool:
    """Tell whether nothing speaks against a given name's characters."""
    return all(re.match(HAN, character) and character not in NEVER and character not in "某开" for character in given)
