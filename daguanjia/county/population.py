"""What the made-up county is like: every number that decides what the simulation looks like stands here.

Size: 6,955 natural villages, each a grid, below 424 administrative villages (16.4 each), as 马鞍山 printed them; forty townships; 100,000
households. The divisions of Heping county are kept, the rest is invented. Shares and delays are ours, set so that the figures look
like those that counties publish: nine in ten on time, one in seven passed on, nine in ten of those reached say solved.
Delays are medians in hours; a drawn delay spreads around its median by a logarithmic normal of the sigma beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TOWNSHIPS = 40
VILLAGES = 424
GRIDS = 6955
HOUSEHOLDS = 100_000
PEOPLE_PER_HOUSEHOLD = 15
"""3,537 people for each administrative village: fifteen for each household that is registered here."""

BLANK_GRIDS = 123
"""Grids where nobody holds a post: 1.77 %, as printed."""
BLANK_VILLAGES = 6
GUIDED_GRIDS = 900
"""Grids with a guide or assistant beside the grid worker."""
DISPATCHERS, OFFICERS, OPERATORS, SUPERVISORS = 2, 3, 12, 4
"""People in each township, each department, at the hotline, and at the county's desk."""

VOCAL_HOUSEHOLDS = 0.05
"""This share of the households tells ``VOCAL_SHARE`` of the matters."""
VOCAL_SHARE = 0.25

MONTHS = (0.90, 0.72, 0.92, 1.05, 1.16, 1.24, 1.22, 1.16, 1.02, 0.92, 0.94, 1.02)
"""January to December: quiet around the Spring Festival, loud in the rains of summer."""
WEEKDAYS = (1.18, 1.12, 1.06, 1.04, 1.02, 0.80, 0.72)
"""Monday to Sunday."""
HOLIDAY = 0.55
"""Days that the calendar gives off besides weekends."""
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 12, 14, 13, 10, 6, 7, 11, 12, 11, 9, 8, 8, 7, 5, 4, 3)
"""0 to 23 o'clock."""
GROWTH_A_YEAR = 0.12

RAIN = (0.5, 0.6, 0.9, 1.4, 1.9, 2.3, 2.1, 1.8, 1.2, 0.7, 0.5, 0.4)
WINTER = (1.8, 1.5, 1.1, 0.8, 0.7, 0.6, 0.6, 0.6, 0.8, 1.0, 1.3, 1.7)
HARVEST = (0.5, 0.6, 1.2, 1.4, 1.2, 1.0, 1.4, 1.2, 1.1, 1.3, 1.0, 0.5)
SUMMER = (0.6, 0.6, 0.7, 0.9, 1.2, 1.6, 1.9, 1.8, 1.2, 0.8, 0.6, 0.6)
YEAR_END = (2.4, 1.2, 0.7, 0.6, 0.6, 0.6, 0.7, 0.7, 0.8, 0.9, 1.3, 2.2)

CATEGORIES: Mapping[str, tuple[float, tuple[float, ...] | None]] = {
    "water.pipe_burst": (7.0, WINTER),
    "water.outage": (5.5, SUMMER),
    "water.canal": (2.2, HARVEST),
    "water.pond": (0.9, None),
    "water.flood_dyke": (0.5, RAIN),
    "water.river": (1.6, RAIN),
    "roads.village_road": (4.5, None),
    "roads.damage": (5.0, RAIN),
    "roads.blocked": (0.9, RAIN),
    "electricity.outage": (4.2, SUMMER),
    "electricity.street_light": (5.5, WINTER),
    "housing.dangerous": (1.3, RAIN),
    "housing.illegal_building": (2.4, None),
    "environment.rubbish": (8.5, SUMMER),
    "environment.sewage": (4.8, RAIN),
    "environment.livestock": (2.8, SUMMER),
    "environment.noise": (4.6, SUMMER),
    "environment.burning": (2.0, HARVEST),
    "agriculture.pest": (1.5, HARVEST),
    "agriculture.subsidy": (2.5, HARVEST),
    "disputes.neighbour": (5.2, None),
    "disputes.boundary": (2.6, None),
    "disputes.wages": (2.2, YEAR_END),
    "assistance.minimum_living": (3.2, WINTER),
    "consultation.policy": (6.0, None),
    "consultation.certificate": (3.8, None),
    "consultation.pension": (3.0, None),
    "consultation.medical_insurance": (3.4, YEAR_END),
}
"""How often a category is, and its year; what is not named here has `OTHER`."""
OTHER = 1.0

CHANNELS: Mapping[str, float] = {
    "hotline": 50, "wechat": 24, "field": 15, "petition": 3, "letter": 1.5, "platform": 4, "on_behalf": 2.5,
}  # fmt: skip
DISCOVERED = 0.6
"""Of what the grid reports, this share was found by it; the rest a villager told."""
AT_GRID = 0.88
"""Places known down to the grid; the others to the village."""
CONFIDENTIAL = 0.03
ANONYMOUS = 0.06
WANTS_ANSWER = 0.93

BLOCK = 400
"""Tickets that follow each other in time and share their luck: a block in `BRIGADED_BLOCKS` is one where a household brigades."""
BRIGADED_BLOCKS = 9
BRIGADE = 14
DUPLICATES = 0.05
DUPLICATE_WITHIN = 8
"""A duplicate is of one of so many tickets before it."""
MERGED_AFTER = 4.0
REPEATED = 0.07
REPEATS_AT_MOST = 3

DELAY_OF_WORKER = (0.001, 0.7)
REJECTED = 0.02
CANCELLED = 0.015
RETURNED = 0.05
RETURNED_AGAIN = 0.18
HANDED_UP = {"grid": 0.16, "village": 0.09, "township": 0.03}
EXTENSION, EXTENSION_GRANTED = 0.09, 0.82
SUSPENSION, SUSPENSION_GRANTED = 0.025, 0.85
URGED = 0.03
TASK_FINISHED = 0.85
CALLED_BACK = 0.80
REACHED = 0.86
CONTACTED = 0.97
SOLVED = 0.91
SATISFIED_IF_SOLVED = 0.94
SATISFIED_IF_NOT = 0.08
REOPENED = 0.012
PROPOSED_UNREASONABLE = 0.05
GRANTED_UNREASONABLE = 0.7
APPEALED = 0.2
UPHELD = 0.6
ROUNDS_AT_MOST = 4

ACCEPTING: Mapping[str, tuple[float, float]] = {"grid": (0.6, 1.0), "village": (1.1, 1.0), "township": (2.5, 0.9), "county": (4.0, 0.9)}
CONTACTING = (1.6, 0.9)
DECIDING = (3.0, 0.8)
ANSWERING = (2.5, 0.8)
CALLING = (7.0, 0.7)
CLOSING = (3.0, 0.8)
WORKING = (0.2, 0.6)
"""The work itself, as a share of the limit; times what the township and the matter add to it."""
NEVER = 0.004
"""Work that nobody ends."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a township is at it: delays are multiplied by `slowness`, the chance that it was solved by `solving`."""

    slowness: float
    solving: float


BEST, WORST = Quality(0.72, 1.05), Quality(1.55, 0.86)
"""Townships lie between these two."""

MATTERS = (
    "一直没有人处理",
    "影响大家出行",
    "已经三天了",
    "希望尽快解决",
    "老人小孩都受影响",
    "下雨就更严重",
    "请派人来看看",
    "上次修过又坏了",
)
TOWNSHIP_NAMES = (
    "青山", "柳溪", "松岗", "石桥", "龙塘", "梅岭", "双江", "白沙", "云峰", "竹园", "河口", "大湾",
    "新田", "金坑", "枫树", "清泉", "长岭", "古井", "南坪", "东溪", "黄沙", "高塘", "仙湖",
)  # fmt: skip
VILLAGE_NAMES = (
    "上坝",
    "下坝",
    "塘背",
    "岭下",
    "坪头",
    "水尾",
    "大屋",
    "新楼",
    "禾坑",
    "坳背",
    "桥头",
    "围里",
    "井塘",
    "松山",
    "横岗",
    "石坑",
)
SURNAMES = "黄陈叶刘李曾朱徐罗张王林吴邓何周钟谢梁袁"
GIVEN_NAMES = "明强华芳丽军英伟秀平桂兰志辉建国春梅玉珍海燕文斌"
