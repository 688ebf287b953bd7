"""What people say in the made-up year, and what is written about it: invented, of nobody."""

TROUBLES: tuple[tuple[str, str, str, str], ...] = (
    ("water.canal", "田头的水渠漏水，放不到我们这几丘田。", "渠段已清淤补漏。", "已列入冬修计划，年前动工。"),
    ("roads.village_road", "进组的路还是泥路，下雨车子进不来。", "进组路已铺碎石硬底。", "已报交通部门，按计划轮到明年。"),
    ("electricity.street_light", "村口一段没有路灯，老人晚上出门看不见。", "已装太阳能路灯。", "已登记，待下批路灯指标。"),
    ("water.outage", "自来水早晚没水，要等半夜才有。", "已换加压泵，恢复供水。", "水厂检修期间错峰供水，已说明。"),
    ("environment.rubbish", "垃圾池满了好几天没有人清。", "已清运并增设垃圾桶。", "已安排三天一清。"),
    ("housing.dangerous", "老屋墙裂了，下大雨不敢住。", "危房已加固。", "已鉴定，按政策可申请改造补助。"),
    ("assistance.minimum_living", "家里老人长年吃药，想问低保怎么申请。", "已帮助备齐材料并上报。", "已说明条件和所需材料。"),
    ("consultation.medical_insurance", "外面打工看病，报销不知道去哪里办。", "已代办异地报销。", "已告知异地备案办法。"),
)
"""(category, what a villager says, what was done about it, what they were answered)."""

HELP = ("production", "skills", "employment", "housing", "medical", "schooling", "care", "policy")
QUARRELS = ("land", "water", "neighbours", "family", "money", "labour")
ABOUT = "甲方与乙方为相邻之事起争执，各执一词。"
SESSION = "双方到场，各自讲了经过，愿意商量。"
AGREEMENT = "甲方与乙方各让一步，按议定办法执行。"
GOAL = "挂钩帮扶：解决眼前困难，跟进落实。"
GIVEN = "已入户落实。"
SOURCES = ("finance", "finance", "donation", "members", "collective", "villagers")
PARTIES = ("张", "李", "王", "黄", "陈", "叶", "朱", "徐", "何", "曾")
MATTERS = ("水渠修复", "进村路硬底化", "饮水工程", "危桥改造", "河堤加固", "学校围墙修建")
BECAUSE = "多户在走访中反映，群众反映最多且亟需解决。"
