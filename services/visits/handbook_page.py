"""A household's pages for printing: one document in Chinese, everything in it escaped, names and numbers of people masked. Pure."""

from jinja2 import Environment, StrictUndefined

from services.platform.clock import local_text
from services.platform.text import hidden
from services.visits.opinions_views import Handbook

_REWORDED = {"clearer": "表述更清楚", "misheard": "更正听错", "villager_corrects": "群众更正", "dialect": "方言转写", "other": "其他"}
_ANSWERED = {
    "explained": "已解释清楚", "policy_does_not_allow": "政策不允许", "done_before": "此前已办", "not_of_government": "不属政府职责",
    "no_demand": "无具体诉求", "told_elsewhere": "已另行反映", "withdrawn_by_villager": "群众撤回", "other": "其他",
}  # fmt: skip
_TEMPLATE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>服务群众工作手册</title>
<style>
body { font: 12pt/1.6 serif; margin: 2em auto; max-width: 42em; color: #000; background: #fff }
h1 { font-size: 18pt; text-align: center }
article { border-top: 1px solid #000; padding: .6em 0; break-inside: avoid }
blockquote { margin: .4em 0; font-size: 13pt; white-space: pre-wrap }
p { margin: .2em 0 }
.void { text-decoration: line-through }
code { font-size: 8pt; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>服务群众工作手册</h1>
<p>{{ book.unit_name }}　户号 {{ book.number or "—" }}　户主 {{ book.head or "—" }}</p>
<p>意见未办结 {{ book.open }} 条，未确认 {{ book.unconfirmed }} 条。</p>
{% for one in book.visits %}
<article>
<p>{{ at(one.happened_at) }}　走访：{{ one.outcome_name }}　{{ one.member or "—" }}{{ "　无意见" if one.nothing_said }}</p>
</article>
{% endfor %}
{% for one in book.opinions %}
<article>
<p>{{ at(one.heard_at) }}　听取人 {{ one.member or "—" }}{{ "　反映人 " ~ one.told_by if one.told_by }}{{ "　（已撤回）" if one.withdrawn_at }}</p>
{% for wording in one.wordings %}
<p>{{ "群众原话" if wording.sequence == 1 else "后来表述（" ~ reworded[wording.because] ~ "，" ~ (wording.author or "—") ~ "）" }}</p>
<blockquote>{{ clear(wording.words) }}</blockquote>
<p><code>SHA-256 {{ wording.words_hash }}</code></p>
{% endfor %}
<p>{{ one.confirmed_name }}</p>
{% for said in one.confirmations %}
<p{{ ' class="void"' | safe if said.void }}>{{ at(said.happened_at) }}　{{ said.kind_name }}{{ "　见证人 " ~ said.witness if said.witness }}（强度{{ said.strength }}，第{{ said.sequence }}次表述）{{ "　已失效" if said.void }}</p>
{% endfor %}
<p>{{ one.ended_in_name }}</p>
{% for became in one.outcomes %}
<p>{{ at(became.happened_at) }}　{{ became.kind_name }}{{ "　" ~ answered[became.because] if became.because }}{{ "　工单 " ~ became.ticket if became.ticket }}{{ "　（未落实）" if not became.holds }}</p>
{% if became.words %}<blockquote>{{ clear(became.words) }}</blockquote>{% endif %}
{% endfor %}
</article>
{% endfor %}
</body>
</html>
"""  # noqa: E501  as it is printed
_PAGE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(_TEMPLATE)


def handbook_page(book: Handbook) -> str:
    """Return the pages of a household as one HTML document, to be printed. Numbers of people in words are hidden."""
    return _PAGE.render(book=book, at=local_text, clear=_clear, reworded=_REWORDED, answered=_ANSWERED)


def _clear(words: str | None) -> str:
    return hidden(words) if words is not None else "（已删除）"
