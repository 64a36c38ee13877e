"""What may be wrong with the machine at engine.url, as sentences that say what to do. Pure."""

import errno
import ssl
from collections.abc import Iterator

from appliance.errors import RemoteAway, RemoteFailed, RemoteLoading
from appliance.model_files.names import plain

MAX_DETAIL_CHARS = 200
_LOADING_WORDS = "loading model"
_FORBIDDEN = (errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT)


def refused(host: str, status: int, detail: str) -> RemoteFailed:
    """It answered with a status that is no success; `detail` are its own words."""
    said = _quoted(detail)
    match status:
        case 401 | 403:
            sentence = (
                f"{host} does not accept the key{said}. Put the right one into engine.url_key."
            )
        case 404:
            sentence = (
                f"{host} does not know what it was asked for{said}. See that engine.url is its "
                "OpenAI-compatible address (most end in /v1) and that engine.url_model is right."
            )
        case 429:
            sentence = f"{host} has too much to do at the moment{said}. Try again in a minute."
        case 503 if _LOADING_WORDS in detail.lower():
            return RemoteLoading(f"{host} is loading its model. Try again in a moment.")
        case _ if 300 <= status < 400:
            sentence = f"{host} points to another address. Put that one into engine.url."
        case _ if status >= 500:
            return RemoteAway(
                f"{host} failed with status {status}{said}. Look at its log, then try again."
            )
        case _:
            sentence = f"{host} did not accept the question (status {status}){said}."
    return RemoteFailed(sentence)


def unreachable(host: str, error: BaseException) -> RemoteFailed:
    """No connection could be made, or it broke off."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RemoteFailed(
                f"The certificate of {host} is not trusted here. Add its authority to this "
                "machine's certificates, or use http:// inside your own network."
            )
    if any(isinstance(cause, OSError) and cause.errno in _FORBIDDEN for cause in causes):
        return RemoteFailed(
            f"This box is not allowed to reach {host}. Allow its address in the service: "
            "`systemctl edit appliance`, IPAddressAllow=ADDRESS."
        )
    return RemoteAway(
        f"{host} does not answer. See that it is switched on, that its server runs, and that "
        "engine.url is right."
    )


def broken_off(host: str) -> RemoteFailed:
    return RemoteFailed(f"{host} broke off in the middle of this reply. Try again.")


def silent(host: str, seconds: float) -> RemoteFailed:
    return RemoteFailed(
        f"{host} said nothing for {seconds:.0f} seconds, so this reply was given up. Try again; "
        "if it happens often, look at its log."
    )


def not_understood(host: str) -> RemoteFailed:
    return RemoteFailed(
        f"{host} answers, but not as an OpenAI-compatible server does. See that engine.url is its "
        "address (most end in /v1)."
    )


def endless(host: str) -> RemoteFailed:
    return RemoteFailed(
        f"{host} went on without end, so this reply was cut off. Try again; if it happens often, "
        "look at its log."
    )


def reported(host: str, detail: str) -> RemoteFailed:
    """It said in the middle of a reply that it failed."""
    return RemoteFailed(f"{host} stopped in the middle of this reply{_quoted(detail)}. Try again.")


def cannot_continue(host: str) -> RemoteFailed:
    return RemoteFailed(
        f"The box was restarted while {host} wrote this reply, and {host} has no known way to go "
        "on with one. What there was is kept; Retry asks it again."
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
