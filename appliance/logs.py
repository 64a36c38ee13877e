"""What the appliance writes to its log.

Lines go to stderr, which systemd's journal keeps: JSON when nobody watches, coloured text on a
terminal. Everything comes through here, also what uvicorn and litestar say by way of `logging`.

What a person wrote, what the model answered, titles and secrets are never logged, at no level: log
ids and counts. There is no switch for it, because a log outlives the conversation that was deleted.
"""

import logging
import logging.config
import sys

import structlog
from structlog.types import Processor

# These would repeat each request, or log what they carry (SQL with its parameters) at debug.
_QUIET = {"uvicorn.access": "WARNING", "aiosqlite": "WARNING", "httpx": "WARNING"}


def configure(level: str) -> None:
    """Send every log line of this process to stderr; may be called again with another level."""
    on_terminal = sys.stderr.isatty()
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # No local variables: a traceback with them would print people's messages.
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if on_terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": steps,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        *last,
                    ],
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "formatter": "lines",
                }
            },
            "root": {"handlers": ["stderr"], "level": level.upper()},
            # uvicorn and litestar bring handlers of their own: none of them, only ours.
            "loggers": {
                name: {"handlers": [], "propagate": True, "level": _QUIET.get(name, "NOTSET")}
                for name in ("uvicorn", "uvicorn.error", "litestar", *_QUIET)
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *steps,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
