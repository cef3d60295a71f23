// The scanner: which part of a script can become the process itself?
//
// scan(script, kind) answers for a script that is a plain list of simple commands (`a && b; c`): the same script with
// `exec` before its last command (or `_k`, the launcher again) and `_r` (a supervised child) before those that come
// first. For everything else it answers a false value, and the whole script is run by the shell that it was written
// for, supervised. It must be right where it answers, and may refuse as much as it likes.
//
// What is no grammar stays none, since words are only put in front of others, and fails as it did when the shell reads
// it. kind(word, next) says what a command word is, given the word after it: 0 no file (a
// keyword, unknown), 1 to be supervised as a whole, 2 a program, 3 a package manager or `sh -c`, which the launcher can
// see through. A last part such as `fi` is no file, which refuses every script that ends with a compound command.

// Said sixteen times, with a short name for the sake of size
var is = (pattern, text) => pattern.test(text);

var scan = (script, kind) => {
  var out = "",
    done = 0, // so much of the script is in `out`
    refused,
    // Quoted parts and `>&` are masked by `^`, length by length, but for those that substitute commands.
    masked = (script = script.replace(/\s*;?\s*$/, "")).replace(
      /\\[^]|'[^']*'|"(\\[^]|[^"\\`$]|\$(?![({])|\$\{[^{}"'`$\\]*})*"|\$\{[^{}"'`$\\]*}|[<>]&/g,
      (s) => (s == "\\\n" ? "  " : s.replace(/[^]/g, "^"))
    );
  // One match a command: what leads to it; what can be cut from a last one, since `exec X`, `cross-env A=b X` and
  // `env A=b X` mean `A=b X`; assignments; the command word; the rest.
  masked.replace(
    /([\s;&]*)((?:exec +(?!-)|(?:cross-)?env +(?=(?:\w+=[\w/.:@,-]* +)+))?)((?:\w+=[^\s;&]* +)*)([^\s;&]+)([^;&\n]*)/g,
    (all, lead, cut, prefix, word, rest, at) => {
      var start = at + lead.length,
        from = start + cut.length,
        last = !masked[at + all.length],
        what;
      prefix = script.slice(from, (from += prefix.length));
      word = script.substr(from, word.length).replace(/["']/g, ""); // npx quotes the plainest of words
      // There is a program of this name, but a shell has its own, which differs
      what = word == "echo" ? 0 : kind(word, rest.split(" ")[1]);
      // `exec` in the middle; a prefix would be split after `export`, which not every shell does for a function
      refused |= last ? what < 2 || (what > 2 && is(/\$/, prefix)) : cut[1] == "x";
      out +=
        script.slice(done, start) +
        (last
          ? what < 3 ? prefix + "exec " : (prefix && "export " + prefix + "&&") + "_k "
          : cut || (what > 1 && !prefix) ? "_r " : "");
      done = last ? from : start;
    }
  );
  // Pipes, groups, substitutions, comments, here-documents, `||`, a single `&`, $'..'; $0, $! and $- would be ours, IFS is;
  // `set -x` and the like would show or change our own functions.
  return !(refused || is(/[`(){}|'"\\]|\[\[|(^|[\s;&])([#!]|trap|set (?!-e\b))|<<|[^&]&(?!&)|IFS|\$[0!^-]|[;&]$/, masked)) && out + script.slice(done);
};
