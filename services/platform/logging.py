"""Log lines: one JSON object each, on standard error, never with personal data (rooms log ids, codes and counts only)."""

import logging
import sys

import orjson
import structlog


def set_up_logging(door: str) -> None:
    """Send this process's log lines, and those of its libraries from WARNING up, as JSON to standard error."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            lambda _logger, _name, line: {"door": door, **line},  # not a context variable: requests have contexts of their own
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _scrub_exception,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _scrub_exception(_logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace an exception by where it happened: its message may quote what a person wrote."""
    if not line.pop("exc_info", None):
        return line
    kind, _error, trace = sys.exc_info()
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 3)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    line["exception"] = kind.__name__ if kind else "?"
    line["trace"] = frames[-8:]
    return line
