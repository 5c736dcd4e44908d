"""What may stand in a log: what happened, where in the code, how long it took. Never who, from where, or what was said.

There is no access log. Values that look like an address of a computer, a receipt or a person's data are masked all the
same, because a library could log them.
"""

import logging
import re
import sys
import traceback
from typing import Any

import structlog

from access.redaction import redact

_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7})(?![0-9A-Za-z])"
)
_RECEIPT = re.compile(r"\b[0-9]{4}-[0-9]{4}-[0-9]{4}\b|\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")
_QUERY = re.compile(r"\?[^\s\"']+")
_NEVER = frozenset(
    ["ip", "remote", "query", "body", "text", "cookie", "headers", "exc_info", "exception", "stack_info", "stack"]
)
_LOOPBACK = ("127.0.0.1", "0.0.0.0")  # noqa: S104 our own addresses may be said


def masked(text: str) -> str:
    text = _ADDRESS.sub(lambda m: m.group() if m.group() in _LOOPBACK else "[ip]", text)
    return redact(_QUERY.sub("?[query]", _RECEIPT.sub("[receipt]", text))).text


def where(failure: BaseException) -> str:
    """The innermost lines of code, without values."""
    frames = traceback.extract_tb(failure.__traceback__)[-3:]
    return " < ".join(f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}" for frame in reversed(frames))


def without_personal_data(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """structlog processor."""
    failure = event.get("exc_info")
    if failure is True:
        failure = sys.exc_info()
    if isinstance(failure, tuple):
        failure = failure[1]
    clean = {
        key: masked(value) if isinstance(value, str) and key not in ("timestamp", "level", "logger") else value
        for key, value in event.items()
        if key not in _NEVER
    }
    if isinstance(failure, BaseException):
        clean["error"], clean["where"] = type(failure).__name__, where(failure)
    return clean


def configure_logs(level: str = "info") -> None:
    """One line of text for each event on standard output; records of libraries take the same way."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
        without_personal_data,
    ]
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
