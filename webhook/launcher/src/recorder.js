// The recorder: node -e THIS -- "$NODE_OPTIONS" ARGV...   with fd 3 = the plan, and the container's fds 0, 1 and 2.
//
// It loads the package manager into this process, lets it work out what it would run, records every child that would
// get the container's stdout and lets that "succeed" at once, and at the end prints on fd 3 shell text that runs what was
// recorded. So flags, workspaces, environment and messages are the package manager's own. In any doubt the plan is to
// supervise the original argv; where nothing is printed, launcher.sh runs the original as it stands.
//
// `node -e` gives us fs, path and child_process as globals. ES2015: it runs on Node 8 and newer.
/* global is, scan */

var me = process,
  env0 = me.env,
  argv = me.argv.slice(2),
  children = child_process,
  proto = children.ChildProcess.prototype,
  spawn = proto.spawn, // undocumented and the same since Node 0.12: every way to start a child ends here
  leave = me.reallyExit, // without exit handlers: temporary shims must survive us
  env, // environment and
  resolve = path.resolve,
  dir = me.cwd(), // directory, as the last recorded command has them
  before = "", // the plan up to that command,
  command = "", // which is this, supervised,
  plan, // and the function that makes the whole plan with it as the last
  running = 0,
  said = "", // what the package manager printed since
  file,
  text,
  match,
  MANAGER = /(^|\/)(sh|p?np[mx](-cli)?|yarn(pkg|-\d.*|.*lib\/cli)?|corepack)(\.[cm]?js)?$/;

var quote = (s) => (is(/^[\w/.:=-]+$/, s) ? s : "'" + s.replace(/'/g, "'\\''") + "'");

var print = (shell) => fs.writeSync(3, shell);

// Without a plan: the original, supervised
var stop = (shell) => {
  print(shell || 'shift;_r "$@";exit');
  leave();
};

// The beginning of a file, or undefined. Not all of it: `node` itself may stand on the PATH.
var head = (name, buffer) => {
  try {
    fs.readSync(fs.openSync(name, 0), (buffer = Buffer.alloc(4e3)), 0, 4e3, 0);
    return buffer + "";
  } catch (e) {}
};

// The file that execvp(3) would take, or undefined
var find = (word) =>
  (is(/\//, word) ? "" : env.PATH).split(":").map((p) => resolve(dir, p, word)).find(head);

// What a command word is, for the scanner. Of shell scripts only those that end in `exec` can be left alone; run-s and
// run-p forward no signal, and other shells (ash, dash, bash) need not understand what sh does.
var kind = (word, next) => {
  var start = word && head(find(word));
  return !start ? 0
    : is(MANAGER, is(/node$/, word) ? next : word) ? 3
    : is(/^#!.*sh\b(?![^]*\n\s*exec )/, start) || is(/(run-\w+|ash)$/, word) ? 1
    : 2;
};

// Does a child with this stdio get the container's stdout: 1 or "inherit", not "ignore", "ipc", "overlapped" or "pipe"?
var ours = (stdio) => is(/^1$|her/, ((stdio = stdio && stdio.map ? stdio[1] : stdio) && stdio.fd) || stdio);

// Remember a command, with the shell text that brings directory and environment from where the last one left them.
var record = (args, options, wanted) => {
  var key,
    script,
    cwd = resolve(options.cwd || "");
  // Two children at once, or another user (npm 7 and 8 as root take the owner of the folder)
  if (running | options.uid) stop();
  before += (command && command + "||exit;") + (said && "printf %s " + quote(said) + ";");
  if (dir != cwd) before += "cd " + quote((dir = cwd)) + ";unset OLDPWD;";
  for (key in Object.assign({}, env, wanted))
    if (env[key] != wanted[key] && !is(/^\d|\W/, key))
      before += (key in wanted ? "export " + key + "=" + quote(wanted[key]) : "unset " + key) + ";";
  env = wanted;
  script = args.map(quote).join(" ");
  command = "_r " + script;
  plan = () => {
    if (is(/sh$/, args[0])) script = ((key = args.pop()), is(/(^|\/)sh,-c(,--)?$/, args)) ? key : "";
    script = scan(script, kind);
    return before + (script ? "set --\n" + script : command) + "\nexit";
  };
  // What the package manager says from now on belongs after this command's output; after the last one it is lost.
  said = "";
  me.stdout.write = (chunk, encoding, done) => ((said += chunk), (done = done || encoding) && done.call && done(), 1);
  // yarn 2+ has a shell of its own, which would go on depending on the exit code that we invent, and deletes its
  // shims at the end: take single commands only, and take them now.
  key = "BERRY_BIN_FOLDER";
  if (env[key] != env0[key])
    stop(!is(/[|&;({`<>\n]/, (require(dir + "/package.json").scripts || 0)[env.npm_lifecycle_event]) && plan());
};

// NODE_OPTIONS was emptied for this process only
(env0.NODE_OPTIONS = me.argv[1]) || delete env0.NODE_OPTIONS;
env = Object.assign({}, env0);

if (kind(...argv) < 3) stop();
if (is(/sh$/, argv[0])) {
  record(argv, {}, env);
  stop(plan());
}
file = argv.shift();
if (is(/node$/, file)) {
  // node .../yarn.js start, as yarn 1 starts itself again
  file = resolve(argv.shift());
} else {
  file = fs.realpathSync(find(file));
  text = head((file += ".js")) || head((file = file.slice(0, -3))); // yarn 1's archive: bin/yarn is a shell script beside yarn.js
  if ((match = /^exec .*node" .(.+). "/m.exec(text))) text = head((file = match[1])); // shims of yarn 1 and yarn 4
  // Single executables of pnpm, volta, nodenv and the like; Hadoop's yarn
  if (!is(/^#!.*node/, text)) stop();
}

proto.spawn = function (options) {
  var given = {};
  options.envPairs.map((pair) => (given[pair.split("=", 1)] = pair.replace(/[^=]*=/, "")));
  if (ours(options.stdio)) {
    record(options.args, options, given);
    options.file = "/bin/sh";
    options.args = ["sh", "-c", ""]; // busybox looks at argv[0]
    running++;
    this.on("exit", () => running--);
  } else if (given.PATH != env0.PATH) stop(); // a script (they all get a longer PATH) whose output is piped
  return spawn.call(this, options);
};
["spawnSync", "execFileSync"].map((name) => {
  var original = children[name];
  children[name] = (program, args, options = {}) =>
    ours(options.stdio)
      ? (record([program, ...args], options, options.env || env0), { status: 0 })
      : original(program, args, options);
});
me.on("SIGTERM", () => stop("exit 143")); // a download may take its time
// Nothing recorded: our exit code, which launcher.sh appends to what we print, since npm 6 makes it up after this
me.on("exit", (code) => (code && plan ? stop() : print(plan ? plan() : "exit ${1##*#}")));
me.argv = [me.execPath, file, ...argv];
require("module").runMain(); // ESM or CommonJS; sets require.main
