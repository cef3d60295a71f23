"""One FastCGI request, as a web server sends it to php-fpm: https://fastcgi-archives.github.io/FastCGI_Specification.html."""

from typing import Final

_BEGIN, _PARAMS, _STDIN, _RESPONDER = 1, 4, 5, 1
_NAMES: Final = {
    b"SCRIPT_FILENAME": b"/app/index.php",
    b"SCRIPT_NAME": b"/index.php",
    b"REQUEST_METHOD": b"GET",
}


def _record(kind: int, body: bytes) -> bytes:
    return bytes((1, kind, 0, 1, len(body) >> 8, len(body) & 255, 0, 0)) + body


_PAIRS: Final = b"".join(bytes((len(name), len(value))) + name + value for name, value in _NAMES.items())
REQUEST: Final = b"".join(
    (
        _record(_BEGIN, bytes((0, _RESPONDER, 0, 0, 0, 0, 0, 0))),
        _record(_PARAMS, _PAIRS),
        _record(_PARAMS, b""),
        _record(_STDIN, b""),
    )
)
