"""A file for local runs: one JSON line a message. It holds no address of a person: the complaint's id stands for it."""

import os
from pathlib import Path

import orjson

from services.notifications.senders.letter import Letter, SendResult


class FileSender:
    """Appends to one file."""

    carrier = "file"

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def send(self, letter: Letter) -> SendResult:
        """Append the letter; a file that cannot be written is tried again later."""
        line = orjson.dumps(
            {
                "reference": letter.reference,
                "to": letter.address,
                "ticket": letter.ticket_number,
                "template": letter.template,
                "words": letter.words,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            self._append(line)  # a local file: a thread would cost ten times what the write does
        except OSError as error:
            return SendResult("later", error=type(error).__name__)
        return SendResult("sent", reference=letter.reference)

    def _append(self, line: bytes) -> None:
        try:
            descriptor = self._open()
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = self._open()
        try:
            os.write(descriptor, line)  # one write: lines of several workers do not mix
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        """Open the file for us alone: the texts hold tracking codes."""
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
