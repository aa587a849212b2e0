"""The words that the large demo world is made of. Everything named here is invented."""

from typing import Final, NamedTuple


class Thing(NamedTuple):
    """What a project gives, and what one of it costs in fen."""

    zh: str
    en: str
    unit_zh: str
    unit_en: str
    fen: int


class Field(NamedTuple):
    """A field of work: whom it is for, what is given, what is said of it."""

    theme: str
    whom_zh: str
    whom_en: str
    things: tuple[Thing, ...]
    need_zh: tuple[str, ...]
    need_en: tuple[str, ...]


FIELDS: Final = (
    Field(
        "education", "乡村学校的学生", "pupils of village schools",
        (
            Thing("晚读灯", "reading lamps", "盏灯", "lamp", 6_800),
            Thing("图书角", "a corner of books", "本书", "book", 2_500),
            Thing("科学实验箱", "a box of experiments", "次实验", "experiment", 4_200),
            Thing("音乐教室", "a music room", "节音乐课", "music lesson", 5_000),
            Thing("助学金", "grants to stay in school", "个月的助学金", "month at school", 30_000),
        ),
        ("晚自习只有一盏顶灯", "图书室的书是十年前的", "最近的县中要走两个小时"),
        ("one ceiling lamp serves the evening class", "the books are ten years old",
         "the next school is two hours away on foot"),
    ),
    Field(
        "health", "看病困难的病人", "patients who cannot afford care",
        (
            Thing("大病救助", "help in serious illness", "天的治疗", "day of treatment", 20_000),
            Thing("乡村医生培训", "training for village doctors", "堂课", "lesson", 8_000),
            Thing("先心病手术", "heart operations for children", "份手术费", "share of it", 50_000),
            Thing("流动眼科车", "an eye clinic on wheels", "次检查", "examination", 3_600),
        ),
        ("镇上没有能做检查的设备", "一个疗程要花掉半年的收入", "来回医院要坐三趟车"),
        ("the town has no instruments", "one treatment costs half a year's income",
         "the way to hospital is three buses"),
    ),
    Field(
        "disaster", "受灾的村民", "villagers after a disaster",
        (
            Thing("应急家庭箱", "boxes for families", "个家庭箱", "family box", 36_500),
            Thing("安置帐篷", "tents", "顶帐篷", "tent", 88_000),
            Thing("灾后修缮", "repairs after the flood", "平方米屋顶", "square metre", 12_000),
        ),
        ("洪水退后屋里还有半米淤泥", "断水断电的第三天", "临时安置点夜里只有五度"),
        ("half a metre of mud stayed in the houses", "water and power are gone for three days",
         "nights in the shelter are cold"),
    ),
    Field(
        "elderly", "独居老人", "old people who live alone",
        (
            Thing("热午饭", "hot lunches", "顿午饭", "lunch", 1_200),
            Thing("上门探访", "visits at home", "次探访", "visit", 3_000),
            Thing("防滑改造", "safer bathrooms", "户改造", "home", 120_000),
        ),
        ("食堂不远，远的是五楼的楼梯", "三分之一的老人一周没有人敲门", "去年有九位老人在家里摔倒"),
        ("the canteen is near, the stairs are not", "a third hear no knock for a week",
         "nine of them fell at home last year"),
    ),
    Field(
        "environment", "河流、湿地和森林", "rivers, marshes and forests",
        (
            Thing("芦苇补种", "new reeds", "丛芦苇", "clump of reed", 2_000),
            Thing("护林巡护", "forest patrols", "公里巡护", "kilometre walked", 1_500),
            Thing("清河行动", "a cleaner river", "米河岸", "metre of bank", 2_600),
            Thing("白鹭观察", "watching egrets", "天观察", "day of watching", 5_500),
        ),
        ("湖边的芦苇十年里少了一半", "上游的垃圾每个雨季都冲下来", "红外相机两年没有拍到它们"),
        ("half of the reeds are gone in ten years", "each rainy season brings rubbish down",
         "cameras have not seen them for two years"),
    ),
    Field(
        "children", "留守儿童", "children whose parents work far away",
        (
            Thing("暑期陪伴", "a summer together", "天陪伴", "day together", 4_500),
            Thing("营养午餐", "school lunches", "份午餐", "lunch", 600),
            Thing("冬衣包裹", "winter clothes", "件冬衣", "coat", 9_900),
            Thing("安全课堂", "lessons in safety", "堂课", "lesson", 3_300),
        ),
        ("三分之二的孩子一年见父母一次", "早上带的饭到中午已经凉了", "教室的暖气只开半天"),
        ("two of three see their parents once a year", "the lunch they carry is cold by noon",
         "the classroom is heated half of the day"),
    ),
    Field(
        "poverty", "山区的农户", "farmers in the hills",
        (
            Thing("一口清泉", "clear water", "户一年的清水", "household-year of water", 5_000),
            Thing("老种子库", "a bank of old seeds", "份种子", "share of seed", 6_600),
            Thing("生态厕所", "dry toilets", "个厕所", "toilet", 150_000),
            Thing("小桥", "a small bridge", "块桥板", "plank", 10_000),
        ),
        ("取水来回四十分钟", "雨季过河只能等水退", "会种老品种的人都过了七十岁"),
        ("fetching water takes forty minutes", "in the rains one waits for the river to fall",
         "who knows the old varieties is over seventy"),
    ),
    Field(
        "disability", "残障人士和他们的家人", "people with disabilities and their families",
        (
            Thing("轮椅", "wheelchairs", "天的使用", "day of use", 900),
            Thing("手语课堂", "lessons in sign language", "堂课", "lesson", 6_000),
            Thing("支持性就业", "work with support", "小时辅导", "hour of coaching", 7_500),
        ),
        ("从家门口到公交站有七级台阶", "全县只有一位手语翻译", "毕业以后大多数人又回到家里"),
        ("seven steps lead to the bus", "the county has one interpreter",
         "after school most go back home"),
    ),
)  # fmt: skip

PROVINCES: Final = (
    ("云窝", "Yunwo"), ("石坂", "Shiban"), ("澄野", "Chengye"), ("拾粟", "Shisu"),
    ("柳巷", "Liuxiang"), ("沙洲", "Shazhou"), ("青岭", "Qingling"), ("灯萤", "Dengying"),
    ("谷雨", "Guyu"), ("白露", "Bailu"), ("南麓", "Nanlu"), ("北塬", "Beiyuan"),
    ("东篱", "Dongli"), ("西渡", "Xidu"), ("松间", "Songjian"), ("竹溪里", "Zhuxili"),
    ("望川", "Wangchuan"), ("听泉", "Tingquan"), ("雁回", "Yanhui"), ("鹿鸣", "Luming"),
    ("稻香", "Daoxiang"), ("麦垄", "Mailong"), ("芦荻", "Ludi"), ("星桥", "Xingqiao"),
    ("月湾", "Yuewan"), ("雪坞", "Xuewu"), ("杏坪", "Xingping"), ("枫渚", "Fengzhu"),
    ("荷塘", "Hetang"), ("梨坳", "Liao"), ("桑陌", "Sangmo"),
)  # fmt: skip
FIRST: Final = (
    ("上", "Shang"), ("下", "Xia"), ("大", "Da"), ("小", "Xiao"), ("新", "Xin"), ("老", "Lao"),
    ("前", "Qian"), ("后", "Hou"), ("金", "Jin"), ("银", "Yin"), ("清", "Qing"), ("长", "Chang"),
    ("高", "Gao"), ("深", "Shen"), ("远", "Yuan"), ("和", "He"), ("安", "An"), ("永", "Yong"),
)  # fmt: skip
SECOND: Final = (
    ("坪", "ping"), ("塘", "tang"), ("岭", "ling"), ("湾", "wan"), ("坡", "po"), ("桥", "qiao"),
    ("林", "lin"), ("泉", "quan"), ("沟", "gou"), ("渡", "du"), ("田", "tian"), ("石", "shi"),
    ("溪", "xi"), ("浦", "pu"), ("塬", "yuan"), ("洼", "wa"), ("寨", "zhai"), ("屯", "tun"),
)  # fmt: skip
VIRTUES: Final = (
    ("暖手", "Warm Hands"), ("微光", "Small Light"), ("拾穗", "Gleaners"), ("同舟", "One Boat"),
    ("春泥", "Spring Earth"), ("远灯", "Far Lamp"), ("石阶", "Stone Steps"), ("晨露", "Dew"),
    ("归雁", "Wild Geese"), ("百草", "Hundred Herbs"), ("素心", "Plain Heart"),
    ("木桥", "Footbridge"),
    ("小舟", "Little Boat"), ("萤火", "Firefly"), ("良田", "Good Fields"), ("青禾", "Green Shoots"),
)  # fmt: skip
KINDS: Final = (
    ("慈善基金会", "Foundation"), ("公益促进会", "Association"), ("慈善会", "Charity Federation"),
    ("社会工作服务中心", "Social Work Centre"), ("志愿者协会", "Volunteers"),
)  # fmt: skip
WAYS: Final = (
    ("每个月把花了多少、还剩多少贴在村口，也写在这里。",
     "Each month what was spent and what is left hangs at the village gate, and stands here."),
    ("当地的人自己选地方、自己看护，我们只出材料和培训。",
     "People of the place choose and keep it; we bring materials and training."),
    ("每一笔采购由两个人签字，票据按编号公开。",
     "Two persons sign each purchase, and the papers are public by number."),
    ("项目结束半年以后，我们会回去数一数还有多少在用。",
     "Half a year after the end we go back and count what is still in use."),
    ("不拍流泪的脸，只记做成的事。",
     "No photographs of tears; we note what was done."),
)  # fmt: skip
