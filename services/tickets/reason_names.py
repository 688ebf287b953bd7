"""What coded reasons are called in words, for colleagues and for complainants."""

REASONS = {
    "not_ours": "不属于本单位职责",
    "wrong_place": "地点有误",
    "wrong_category": "类别有误",
    "needs_more_information": "需要补充信息",
    "duplicate": "重复诉求",
    "beyond_authority": "超出本级权限",
    "needs_funds": "需要经费",
    "needs_department": "需要部门支持",
    "needs_higher_level": "需要上级协调",
}
"""Why a ticket is given back or handed up."""

ENDS = {
    "legal_proceedings": "已进入诉讼、仲裁等法定程序",
    "petition_final": "信访事项已经终结",
    "emergency_line": "应拨打110、119、120等紧急电话",
    "secret": "涉及国家秘密",
    "outside_duties": "不属于政府职责范围",
    "unlawful": "违反法律法规或公序良俗",
    "withdrawn": "诉求人撤回",
    "entered_by_mistake": "登记有误",
}
"""Why a ticket is not taken on, or no longer wanted."""

PAUSES = {
    "waiting_for_complainant": "等待诉求人提供情况",
    "waiting_for_season": "需等待适宜的季节",
    "waiting_for_funds": "等待资金到位",
    "legal_proceedings": "等待法定程序的结果",
    "force_majeure": "不可抗力",
}
"""Why work stands still."""
