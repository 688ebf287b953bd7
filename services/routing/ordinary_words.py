"""Bare place names that are ordinary words, or are better known for another place.

下车 is a township of Heping and what one does at a bus stop; 热水 is one and what comes from a tap; 河南 is a community of
Ma'anshan and a province. Standing alone in a sentence they are never taken for the place; 下车镇, or 和平县下车, still is.
The list was made from the bare names in the two divisions files that come with the project; a new county adds its own.
"""

_EVERYDAY_SPEECH = """
街道 街镇 下车 热水 和平 优胜 高发 大楼 中心 中心村 新农村 新农 新建 新城 新街 新村 建设
胜利 幸福 前进 先锋 劳动 联合 团结 振兴 人民 五月 一村 一心 花园 大桥 小桥 宝塔 虚拟 明星
红星 五星 三星 红旗 红光 电光 星火 光明 公元 长江 高关 新生 百姓 共荣 慎行 三多 和一 和二
二六 优二 雪一 曙一 三里 五里 三合 三官 新民 富民 裕民 安民 先进 光华 黎明 永丰 山下 山前
中前 塘尾 塘角 水背 河东 河西 城东 城西 城北 东城 西城 南堤 江口 河排 河刘 半坑 大田 田心
田吉 中村 中村村 同兴 中兴 中和 公和 政和 永合 兴旺 兴盛 梅花 花山 黄沙 暖水 泉水 东水 水西
新桥 双桥 双井 双沟 石井 石谷 仙鹤 凤凰 桃花 白马 金马 青山 东山 西山 北山 横山 金山 小花
春天里 幸福里 雨田 文苑 学苑 学校 村委 居委 社区 网格 小组 自然村 大桥村 西湖花园
"""

_BETTER_KNOWN_ELSEWHERE = """
河南 济南 长沙 青州 中山 黄山 太湖 西湖 东湖 南湖 朝阳 新丰 新市 雨山 龙华 龙山 江东 江淮
平山 石山 西城区 东城区 三联 上海 太平
"""

ORDINARY_WORDS = frozenset((_EVERYDAY_SPEECH + _BETTER_KNOWN_ELSEWHERE).split())
