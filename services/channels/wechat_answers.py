"""What WeChat users are told, in Chinese."""

from services.complaints.views import Progress
from services.platform.clock import local_text

WELCOME = (
    "您好，这里是“大管家”群众服务平台。请直接用文字告诉我们：什么事、在哪个镇哪个村，我们会登记受理并告诉您工单号。"
    "回复“进度 工单号”可以查询办理进度。"
)
PLEASE_WRITE = "您好，目前只能登记文字消息，刚才发来的内容没有登记。请用文字说明：什么事、在哪个镇哪个村；也可以拨打{hotline}热线。"
NO_WORDS = "您好，没有收到文字内容。请用文字说明：什么事、在哪个镇哪个村。"
TOO_LONG = "您好，内容太长，没有登记。请控制在4000字以内，或分几条发送；也可以拨打{hotline}热线。"
NOT_YOURS = (
    "没有查到由您的微信提交的这个工单。请核对工单号，例如：进度 20261122-000123-7；"
    "其他渠道提交的，请拨打{hotline}热线，凭工单号和查询码查询。"
)


def filed_words(number: str, code: str) -> str:
    """Return what is told of a filed complaint; the same for every delivery of the message."""
    return f"您反映的问题已受理。\n工单号：{number}\n查询码：{code}（请勿告诉他人）\n回复“进度 {number}”可查询办理进度。"


def progress_words(progress: Progress) -> str:
    """Return how far a ticket is, with the newest answer."""
    lines = [f"工单号：{progress.number}", f"受理时间：{local_text(progress.received_at)}", f"当前进度：{progress.status_words}"]
    if progress.responsible_unit:
        lines.append(f"承办单位：{progress.responsible_unit}")
    if progress.answers:
        newest = progress.answers[-1]
        lines.append(f"答复（{local_text(newest.answered_at)}）：{newest.words}")
    return "\n".join(lines)
