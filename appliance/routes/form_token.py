"""The form token of a request whose body is too long to be read for it first.

The framework looks for the token in the whole form. An upload is let past it, and its handler asks
here, with the token from the header or from the first field.
"""

from hmac import compare_digest
from typing import Any

from litestar import Request
from litestar.exceptions import PermissionDeniedException
from litestar.middleware.csrf import CSRF_SECRET_LENGTH, generate_csrf_hash


def check_form_token(request: Request[Any, Any, Any], token: str) -> None:
    """Raises PermissionDeniedException unless it is this browser's and signed by this box."""
    config = request.app.csrf_config
    assert config is not None, "the application checks form tokens"
    cookie = request.cookies.get(config.cookie_name, "")
    secret, signature = cookie[:CSRF_SECRET_LENGTH], cookie[CSRF_SECRET_LENGTH:]
    is_own = compare_digest(token.encode(), cookie.encode())
    expected = generate_csrf_hash(token=secret, secret=config.secret)
    is_signed = compare_digest(signature.encode(), expected.encode())
    if not (is_own and is_signed):
        raise PermissionDeniedException("form token verification failed")
