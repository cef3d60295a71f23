r"""Split a shell's ``-c`` string into its simple commands, or say that it cannot be told.

Only word boundaries and command boundaries matter here: which word is the program of a command. What a word
expands to is never worked out; a word with an expansion in it keeps its ``$`` or backtick.
Grammar: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
"""

import re

# Whatever is nested in itself or in further quotes ("$(dirname "$0")", ${x:-"$y"}, $'..') matches none of these: cannot be told.
_EXPANSION = r"""
    \$\{ [^{}"'`\\]*+ \}
  | \$\( [^()"'`\\]*+ \)
  | \$\(\( [^()"'`\\]*+ \)\)
  | ` [^`"'\\]*+ `
  | \$ (?![({'])
"""
_TOKEN = re.compile(
    rf"""
    (?P<blank>    (?: [ \t] | \\\n )++ | \#[^\n]*+ )
  | (?P<document> <<(?!<) )
  | (?P<redirect> \d*+ (?: &>>? | <<< | >> | >\| | >& | <& | <> | < | > ) )
  | (?P<end>      [;&|()\n]++ )
  | (?P<word>     (?: [^ \t\n;&|()<>'"`\\$]
                    | \\.
                    | '[^']*+'
                    | "(?: [^"\\`$] | \\. | {_EXPANSION} )*+"
                    | {_EXPANSION} )++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"""\\\n | \\(.) | '([^']*+)' | "((?: [^"\\] | \\. )*+)" """, re.VERBOSE | re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
# A command starts again behind these words. `for` and `case` are not among them: names and patterns follow.
_RESERVED = frozenset(("if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"))


def commands(text: str) -> list[list[str]] | None:
    """Return the words of each simple command in ``text``, in order, or None where that cannot be told.

    Quotes are removed; redirections, comments, reserved words and leading assignments are left out.
    """
    found: list[list[str]] = [[]]
    target = False  # the next word is a redirection's
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or token.lastgroup == "document":
            return None
        position = token.end()
        if token.lastgroup == "word" and not target:
            _add(found[-1], token[0])
        elif token.lastgroup == "end":
            found.append([])
        target = token.lastgroup == "redirect" or (target and token.lastgroup == "blank")
    return [words for words in found if words]


def _add(words: list[str], raw: str) -> None:
    """Append a word, unless it stands in front of a command and is none of it."""
    if words or not (raw in _RESERVED or _ASSIGNMENT.match(raw)):
        words.append(_QUOTED.sub(lambda m: m[1] or m[2] or (m[3] or "").replace('\\"', '"'), raw))
