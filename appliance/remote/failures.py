"""What may be wrong with the machine at engine.url, as sentences that say what to do. Pure."""

import errno
import ssl
from collections.abc import Iterator

from appliance.errors import RemoteAway, RemoteFailed, RemoteLoading
from appliance.model_files.names import plain
from appliance.sentences import say

MAX_DETAIL_CHARS = 200
_LOADING_WORDS = "loading model"
_FORBIDDEN = (errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT)


def refused(host: str, status: int, detail: str) -> RemoteFailed:
    """It answered with a status that is no success; `detail` are its own words."""
    told = {"host": host, "said": _quoted(detail)}
    match status:
        case 401 | 403:
            sentence = say(
                "%(host)s does not accept the key%(said)s. Put the right one into engine.url_key.",
                **told,
            )
        case 404:
            sentence = say(
                "%(host)s does not know what it was asked for%(said)s. See that engine.url is its "
                "OpenAI-compatible address (most end in /v1) and that engine.url_model is right.",
                **told,
            )
        case 429:
            sentence = say(
                "%(host)s has too much to do at the moment%(said)s. Try again in a minute.", **told
            )
        case 503 if _LOADING_WORDS in detail.lower():
            return RemoteLoading(
                say("%(host)s is loading its model. Try again in a moment.", host=host)
            )
        case _ if 300 <= status < 400:
            sentence = say(
                "%(host)s points to another address. Put that one into engine.url.", host=host
            )
        case _ if status >= 500:
            return RemoteAway(
                say(
                    "%(host)s failed with status %(status)s%(said)s. Look at its log, then try "
                    "again.",
                    status=status,
                    **told,
                )
            )
        case _:
            sentence = say(
                "%(host)s did not accept the question (status %(status)s)%(said)s.",
                status=status,
                **told,
            )
    return RemoteFailed(sentence)


def unreachable(host: str, error: BaseException) -> RemoteFailed:
    """No connection could be made, or it broke off."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RemoteFailed(
                say(
                    "The certificate of %(host)s is not trusted here. Add its authority to this "
                    "machine's certificates, or use http:// inside your own network.",
                    host=host,
                )
            )
    if any(isinstance(cause, OSError) and cause.errno in _FORBIDDEN for cause in causes):
        return RemoteFailed(
            say(
                "This box is not allowed to reach %(host)s. Open the way for its service: "
                "systemd/appliance-engine-url.conf says how.",
                host=host,
            )
        )
    return RemoteAway(
        say(
            "%(host)s does not answer. See that it is switched on, that its server runs, and that "
            "engine.url is right.",
            host=host,
        )
    )


def broken_off(host: str) -> RemoteFailed:
    return RemoteFailed(
        say("%(host)s broke off in the middle of this reply. Try again.", host=host)
    )


def silent(host: str, seconds: float) -> RemoteFailed:
    return RemoteFailed(
        say(
            "%(host)s said nothing for %(seconds)s seconds, so this reply was given up. Try again; "
            "if it happens often, look at its log.",
            host=host,
            seconds=round(seconds),
        )
    )


def not_understood(host: str) -> RemoteFailed:
    return RemoteFailed(
        say(
            "%(host)s answers, but not as an OpenAI-compatible server does. See that engine.url is "
            "its address (most end in /v1).",
            host=host,
        )
    )


def endless(host: str) -> RemoteFailed:
    return RemoteFailed(
        say(
            "%(host)s went on without end, so this reply was cut off. Try again; if it happens "
            "often, look at its log.",
            host=host,
        )
    )


def reported(host: str, detail: str) -> RemoteFailed:
    """It said in the middle of a reply that it failed."""
    return RemoteFailed(
        say(
            "%(host)s stopped in the middle of this reply%(said)s. Try again.",
            host=host,
            said=_quoted(detail),
        )
    )


def cannot_continue(host: str) -> RemoteFailed:
    return RemoteFailed(
        say(
            "The box was restarted while %(host)s wrote this reply, and %(host)s has no known way "
            "to go on with one. What there was is kept; Retry asks it again.",
            host=host,
        )
    )


def _quoted(detail: str) -> str:
    words = plain(detail, MAX_DETAIL_CHARS).rstrip(".")
    return f" ({words})" if words else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            pending += cause.exceptions
