"""Words that report (举报) a person or office of those that matters are given to: heard on every way in, where nobody said so. Pure.

Without this they would be given to the very people they are about. The county's desk reads them, and says that it is about nobody by giving
the matter a place.
"""

import re
import unicodedata

_OF_OFFICE = (
    "书记|支书|主任|村长|镇长|乡长|县长|局长|所长|站长|院长|校长|干部|领导|党员|工作人员|公务员|网格员|村委|村两委|镇政府|乡政府|县政府|派出所|"
    "(?:水利|交通|民政|教育|卫健|林业|农业|住建|城管|国土|环保|执法|财政|人社|公安|税务)(?:局|所|站|办|队)"
)
_WRONGS = (
    "贪污|受贿|行贿|索贿|收钱|收了钱|好处费|红包|回扣|挪用|侵吞|克扣|截留|冒领|套取|私分|"
    "吃拿卡要|以权谋私|滥用职权|包庇|保护伞|打击报复|优亲厚友"
)
_REPORTS = re.compile(rf"举报[^。;!?]{{0,20}}(?:{_OF_OFFICE})|(?:{_OF_OFFICE})[^。;!?]{{0,30}}(?:{_WRONGS})")


def reports_somebody(words: str) -> bool:
    """Tell whether somebody reports (举报) a person or office that matters go to. Rather once too often: then the county reads it."""
    return bool(_REPORTS.search("".join(unicodedata.normalize("NFKC", words).split())))
