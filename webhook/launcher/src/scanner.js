// The scanner: which part of a script can become the process itself?
//
// scan(script, kindOf) answers for a script that is a plain list of simple commands (`a && b; c`): the same script with
// `exec` before its last command (or `_launch`, the launcher again) and `_run` (a supervised child) before those that
// come first. For everything else it answers a false value, and the whole script is run by the shell that it was
// written for, supervised. It must be right where it answers, and may refuse as much as it likes.
//
// What is no grammar stays none, since words are only put in front of others, and fails as it did when the shell reads
// it. kindOf(word, next) says what a command word is, given the word after it. A last part such as `fi` is no file, which
// refuses every script that ends with a compound command.

var NO_FILE = 0, // a keyword, or unknown
  WHOLE = 1, // to be supervised as a whole
  PROGRAM = 2,
  TRANSPARENT = 3; // a package manager or `sh -c`, which the launcher can see through

var matches = (pattern, text) => pattern.test(text);

// Quoted parts, line ends within a command, `${..}` and `>&`; but not those that substitute commands.
var LITERAL = /\\[^]|'[^']*'|"(\\[^]|[^"\\`$]|\$(?![({])|\$\{[^{}"'`$\\]*})*"|\$\{[^{}"'`$\\]*}|[<>]&/g;

// One match a command: what leads to it; what can be cut from a last one, since `exec X`, `cross-env A=b X` and
// `env A=b X` mean `A=b X`; assignments; the command word; the rest.
var COMMAND = /([\s;&]*)((?:exec +(?!-)|(?:cross-)?env +(?=(?:\w+=[\w/.:@,-]* +)+))?)((?:\w+=[^\s;&]* +)*)([^\s;&]+)([^;&\n]*)/g;

// What makes the whole script unclear, looked for where literals are masked
var UNCLEAR = RegExp(
  [
    /[`(){}|]/, // substitutions, groups, functions, pipes, `||`
    /['"\\]/, // a quote that does not end, or one that holds a substitution; $'..'
    /\[\[/, // bash
    /(^|[\s;&])[#!]/, // a comment, a negation
    /(^|[\s;&])trap/, // it handles signals itself
    /(^|[\s;&])set (?!-e\b)/, // `set -x` and the like would show or change our own functions
    /<</, // a here-document
    /[^&]&(?!&)/, // a background job
    /IFS/, // we split words, too
    /\$[0!^-]/, // $0, $! and $- would be ours; `^`: a masked literal behind $
    /[;&]$/, // nothing behind the last separator
  ]
    .map((pattern) => pattern.source)
    .join("|")
);

// There are programs of these names, but a shell has its own, which may differ
var SHELLS_OWN = /^(echo|printf|test|\[|kill|pwd|true|false)$/;

var scan = (script, kindOf) => {
  script = script.replace(/\s*;?\s*$/, "");
  var made = "",
    taken = 0, // so much of the script is in `made`
    refused,
    // `^` in place of every character of a literal, so that places in it are places in the script
    masked = script.replace(LITERAL, (literal) => (literal == "\\\n" ? "  " : literal.replace(/[^]/g, "^")));
  masked.replace(COMMAND, (all, lead, cut, assignments, word, rest, at) => {
    var start = at + lead.length,
      end = start + cut.length,
      isLast = !masked[at + all.length],
      kind;
    assignments = script.slice(end, (end += assignments.length));
    word = script.substr(end, word.length).replace(/["']/g, ""); // npx quotes the plainest of words
    kind = isLast && matches(SHELLS_OWN, word) ? NO_FILE : kindOf(word, rest.split(" ")[1]);
    made += script.slice(taken, start);
    if (isLast) {
      // Assignments would be split after `export`, which not every shell does for a function
      if (kind < PROGRAM || (kind == TRANSPARENT && matches(/\$/, assignments))) refused = true;
      made += kind == TRANSPARENT ? (assignments && "export " + assignments + "&&") + "_launch " : "_leave&&" + assignments + "exec ";
      taken = end;
    } else {
      if (matches(/^exec/, cut)) refused = true;
      if (cut || (kind >= PROGRAM && !assignments && !matches(SHELLS_OWN, word))) made += "_run ";
      taken = start;
    }
  });
  return !(refused || matches(UNCLEAR, masked)) && made + script.slice(taken);
};
