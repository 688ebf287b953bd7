"""Danger to life is heard in plain words, and not in talk about something else."""

import pytest

from services.complaints.danger import danger_in


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("水口村小学旁边着火了，快来人！", "着火"),
        ("有小孩掉进河里了", "掉进河"),
        ("我家对面房子塌了，压住人了", "塌了"),
        ("煤气泄漏，味道很大", "煤气泄漏"),
        ("电线断在路上，有人触电", "电线断"),
        ("后山泥石流下来了", "泥石流"),
        ("邻居老人昏迷，叫不醒", "昏迷"),
        ("有 人 被 困 在 洪 水 里", "被困"),
        ("没有水，还着火了", "着火"),
        ("没有着火，是隔壁爆炸了", "爆炸"),
        ("山体开裂，怕滑坡", "滑坡"),
        ("孩子摸到电线杆差点触电", "触电"),
        ("家里味道很大，是不是煤气泄漏了", "煤气泄漏"),
        ("后山一直掉石头，会不会滑坡", "滑坡"),
        ("老人吐得厉害，不会是农药中毒吧", "农药中毒"),
        ("塌下来一堵墙，有没有人被埋不知道", "被埋"),
        ("水库下面发生滑坡险情，请速派人", "滑坡"),
        ("隔壁老屋倒塌，里面有人", "倒塌"),
        ("房子随时有坍塌的危险，人还在里面", "坍塌"),
        ("有个小孩掉井里了", "掉井里"),
        ("小孩掉河里了，快来", "掉河里"),
    ],
)
def test_danger_to_life_is_heard(words, word):
    assert danger_in(words) == word


@pytest.mark.parametrize(
    "words",
    [
        "水管爆了，水漫到路上",
        "没有着火，只是冒烟",
        "希望加强防溺水宣传",
        "水库边没有防溺水警示牌",
        "仓库有火灾隐患，请检查",
        "去年塌方的路段还没修",
        "塌方治理什么时候开始",
        "农业保险的中毒赔偿没到账",
        "路灯坏了",
        "幸好没有人受伤",
        "不会发生火灾",
        "去年倒塌的围墙还没清理",
        "房屋有倒塌的风险，请来鉴定",
        "",
    ],
)
def test_talk_about_something_else_is_no_danger(words):
    assert danger_in(words) is None
