"""What happens to a message from WeChat: a text becomes a complaint or a question about progress, everything else gets a word of help."""

from pydantic import ValidationError

from services.channels import wechat_answers as answers
from services.channels.wechat import progress_asked
from services.channels.wechat_messages import NotAMessage
from services.channels.wechat_messages import Push as Message
from services.complaints.commands import Contact, FileComplaint, Telling
from services.complaints.filing_desk import file_complaint
from services.complaints.tracking import own_progress
from services.platform.actor import COMPLAINANT
from services.platform.secrets import tracking_code
from services.platform.settings import settings


async def take(message: Message) -> str | None:
    """Do what `message` asks and return the words to reply, None where nothing is to be said.

    Raises NotAMessage for a text without an id; what the letterbox raises passes through, so that WeChat delivers the message again.
    """
    if message.kind == "event":
        return answers.WELCOME if message.event == "subscribe" else None
    if message.kind != "text":
        return _with_hotline(answers.PLEASE_WRITE)
    asked = progress_asked(message.text)
    if asked is not None:
        progress = await own_progress(asked, message.sender)
        return answers.progress_words(progress) if progress else _with_hotline(answers.NOT_YOURS)
    return await _file(message)


async def _file(message: Message) -> str:
    if message.message_id is None:
        raise NotAMessage
    if not message.text.strip():
        return answers.NO_WORDS
    try:
        telling = Telling(words=message.text, contact=Contact(openid=message.sender))
    except ValidationError:
        return _with_hotline(answers.TOO_LONG)
    outcome = await file_complaint(FileComplaint("wechat", message.message_id, telling), COMPLAINANT)
    return answers.filed_words(outcome.number, tracking_code(outcome.ticket_id))


def _with_hotline(words: str) -> str:
    return words.format(hotline=settings().hotline_number)
