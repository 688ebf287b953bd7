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
        "",
    ],
)
def test_talk_about_something_else_is_no_danger(words):
    assert danger_in(words) is None
