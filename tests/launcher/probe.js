// The application under test. It says what reached it, and ends as a good server ends: on SIGTERM it answers what it
// has begun, and exits with 0. Events go to the FIFO $PROBE_EVENTS, what it was given to the file $PROBE_RECORD.
var fs = require("fs"),
  first = process.argv[2],
  say = function (event) {
    fs.appendFileSync(process.env.PROBE_EVENTS, event + "\n");
  };

if (first === "step") {
  say("step " + (process.argv[3] || "") + " " + (process.env.npm_lifecycle_event || ""));
} else if (first === "side") {
  say("side");
  setInterval(say, 1e9);
} else if (first === "exit") {
  process.exitCode = +process.argv[3];
} else {
  var began,
    server = require("http").createServer(function (request, response) {
      began = response;
      say("request");
    });
  fs.writeFileSync(
    process.env.PROBE_RECORD,
    JSON.stringify({ argv: process.argv.slice(1), cwd: process.cwd(), execArgv: process.execArgv, env: process.env, pid: process.pid, ppid: process.ppid, uid: process.getuid() })
  );
  ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"].forEach(function (signal) {
    process.on(signal, function () {
      say("told " + signal);
      server.close();
      setTimeout(function () {
        if (began) began.end("answered\n");
        process.exitCode = +process.env.PROBE_CODE || 0;
      }, 700);
    });
  });
  server.listen(process.env.PROBE_SOCKET, say.bind(null, "ready"));
}
