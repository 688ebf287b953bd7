"""What each thing that lacks before a matter is struck off is called, and what is to be done: for whoever has to do it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

SENTENCES: Mapping[str, tuple[str, str]] = {
    "completion.none": ("牵头单位尚未报告全部完工。", "由牵头单位报告完工。"),
    "tasks.none": ("本轮没有分解任务。", "由牵头单位分解任务,完成后由他人验收。"),
    "task.open": ("有任务尚未完成或尚未验收。", "由承担单位报告完成,再由他人验收。"),
    "sites.none": ("没有点位。", "登记施工点位,上传前后照片并现场检查。"),
    "site.before": ("点位缺施工前照片。", "上传施工前照片。"),
    "site.after": ("点位缺本轮施工后照片。", "上传施工后照片。"),
    "site.not_inspected": ("点位本轮未经现场检查,或最近一次检查不合格。", "由调度席或督办责任人现场检查。"),
    "segment.not_inspected": ("责任段有渠段(路段)未经检查合格。", "检查所列米数之间的一段,或补登点位后检查。"),
    "supervisor.none": ("该级没有督办责任人。", "由县级指定该级督办责任人。"),
    "supervisor.no_note": ("该级督办责任人在报告完工后没有督办记录。", "由该级督办责任人到场查看并留下督办记录。"),
    "blocker.open": ("梗阻尚未解除。", "解决后解除梗阻并注明日期。"),
    "milestone.open": ("有节点尚未完成。", "完成节点并上传照片。"),
    "money.pledged": ("有承诺的资金未到位。", "催收到位;确实不能到位的,注明来源予以核销。"),
    "money.held": ("有已到位的资金未使用。", "登记支出,或退回来源。"),
    "labour.pledged": ("有承诺的投工未完成。", "登记投工;确实不能完成的,予以核销。"),
    "teller.unasked": ("原反映人尚未确认问题已解决。", "上门听取意见并确认,或按编码注明原因。"),
    "households.too_few": ("确认已解决的户数不足。", "继续上门确认;受益户不足的,按编码注明原因。"),
    "word.not_solved": ("有住户表示没有解决。", "整改后重新报告完工,或按编码答复理由。"),
    "notice.none": ("报告完工后没有公示。", "由调度席发布公示。"),
    "notice.running": ("公示期未满。", "公示期满后再销号。"),
    "objection.open": ("有异议尚未处理。", "由非牵头单位的调度席或督办责任人处理异议。"),
    "objection.upheld": ("异议成立。", "整改后重新报告完工,再次公示。"),
}
"""Code → what lacks, and what to do."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that lacks. `about`: the id, level, code, amount or metres it is about."""

    code: str
    sentence: str
    todo: str
    about: str | None

    @classmethod
    def of(cls, code: str, about: str | None = None) -> "Missing":
        """Return what lacks, in its words."""
        return cls(code, *SENTENCES[code], about)
