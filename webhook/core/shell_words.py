r"""Split a shell's ``-c`` string into its simple commands, or say that they are unknown.

What matters is where commands and words begin: which word is a command's program. What a word expands to is
never computed; an expansion keeps its ``$`` or backtick.
https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
"""

import re

# Expansions with quotes or further expansions of their kind in them match nothing here. Nor does $'..', which dash
# reads otherwise than bash, as it does &>.
_EXPANSION = r"""
    \$\{ [^{}"'`\\]*+ \}  |  \$\( [^()"'`\\]*+ \)  |  \$\(\( [^()"'`\\]*+ \)\)  |  ` [^`"'\\]*+ `  |  \$(?![({'])
"""
_TOKEN = re.compile(
    rf"""
    (?P<blank>    (?: [ \t] | \\\n )++ | \#[^\n]*+ )
  | (?P<unclear>  [0-9]*+ <<(?!<) | &> )
  | (?P<redirect> [0-9]*+ (?: >[>|&]? | <<< | <[&>]? ) )
  | (?P<end>      [;&|()\n]++ )
  | (?P<word>     (?: [^ \t\n;&|()<>'"`\\$]  |  \\.  |  '[^']*+'  |  {_EXPANSION}
                    | "(?: [^"\\`$] | \\. | {_EXPANSION} )*+" )++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTES = re.compile(r"""\\\n | \\(.) | '([^']*+)' | "((?: [^"\\] | \\. )*+)" """, re.VERBOSE | re.DOTALL)
_ESCAPE = re.compile(r'\\(?:\n|(["$`\\]))')
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_SEPARATOR = re.compile(r"&&|\|\||[;&|()\n]")
# Behind these a command begins. `for` and `case` are not among them: names and patterns follow.
_RESERVED = frozenset(("if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"))


def commands(text: str) -> list[list[str]] | None:
    """Return the words of each simple command in ``text``, in order; None if they are unknown.

    The words are without their quotes. Redirections, comments, and the reserved words and assignments in front of
    a command are left out, and so are commands of nothing else.
    """
    found: list[list[str]] = [[]]
    redirected = False  # the next word is a file
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup == "unclear":
            return None
        at = token.end()
        if token.lastgroup == "end":
            found.append([])
        elif token.lastgroup == "word" and not redirected:
            _add(found[-1], token[0])
        redirected = token.lastgroup == "redirect" or (redirected and token.lastgroup == "blank")
    return [words for words in found if words]


def separators(text: str) -> frozenset[str]:
    """Return what stands between and behind the simple commands of a text that ``commands`` can read."""
    found = (token[0] for token in _TOKEN.finditer(text) if token.lastgroup == "end")
    return frozenset(sign for part in found for sign in _SEPARATOR.findall(part))


def _add(words: list[str], raw: str) -> None:
    if words or not (raw in _RESERVED or _ASSIGNMENT.match(raw)):
        words.append(_QUOTES.sub(_unquoted, raw))


def _unquoted(quoted: re.Match[str]) -> str:
    return quoted[1] or quoted[2] or _ESCAPE.sub(r"\1", quoted[3] or "")
