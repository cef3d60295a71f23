"""Servers in several languages that do what probe.js does: answer on SIGTERM what they have begun, end with 7."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.launcher import tools

CODE: Final = 7
_SOURCES: Final = {
    "serve.py": """import os, signal, socket, sys
say = lambda event: open(os.environ["PROBE_EVENTS"], "a").write(event + "\\n")
server = socket.socket(socket.AF_UNIX)
server.bind(os.environ["PROBE_SOCKET"])
server.listen()
def stop(*_):
    say("told SIGTERM")
    client.sendall(b"answered\\n")
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
say("ready")
client = server.accept()[0]
client.recv(4096)
say("request")
while True:
    signal.pause()
""",
    "serve.rb": """require "socket"
say = ->(event) { File.write(ENV["PROBE_EVENTS"], event + "\\n", mode: "a") }
server = UNIXServer.new(ENV["PROBE_SOCKET"])
told, teller = IO.pipe
trap("TERM") { teller.write("x") }
say.("ready")
client = server.accept
client.readpartial(4096)
say.("request")
told.read(1)
say.("told SIGTERM")
client.write("answered\\n")
client.close
exit!(7)
""",
    "serve.php": """<?php
function say($event) { file_put_contents(getenv("PROBE_EVENTS"), "$event\\n", FILE_APPEND); }
pcntl_async_signals(true);
$server = stream_socket_server("unix://" . getenv("PROBE_SOCKET"));
pcntl_signal(SIGTERM, function () { global $client; say("told SIGTERM"); fwrite($client, "answered\\n"); exit(7); });
say("ready");
$client = stream_socket_accept($server, 60);
fread($client, 4096);
say("request");
while (true) sleep(1);
""",
    "Serve.java": """import java.net.*; import java.nio.*; import java.nio.channels.*; import java.nio.file.*;
class Serve {
    static void say(String event) throws Exception {
        Files.writeString(Path.of(System.getenv("PROBE_EVENTS")), event + "\\n", StandardOpenOption.APPEND);
    }
    public static void main(String[] argv) throws Exception {
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(System.getenv("PROBE_SOCKET")));
        SocketChannel[] client = new SocketChannel[1];
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                say("told SIGTERM");
                client[0].write(ByteBuffer.wrap("answered\\n".getBytes()));
                client[0].close();
            } catch (Exception error) { error.printStackTrace(); }
            Runtime.getRuntime().halt(7);
        }));
        say("ready");
        client[0] = server.accept();
        client[0].read(ByteBuffer.allocate(4096));
        say("request");
        Thread.sleep(1000000);
    }
}
""",
    "serve.go": """package main
import ("fmt"; "net"; "os"; "os/signal"; "syscall")
func say(event string) {
	file, _ := os.OpenFile(os.Getenv("PROBE_EVENTS"), os.O_WRONLY|os.O_APPEND, 0)
	fmt.Fprintln(file, event)
	file.Close()
}
func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	server, _ := net.Listen("unix", os.Getenv("PROBE_SOCKET"))
	say("ready")
	client, _ := server.Accept()
	client.Read(make([]byte, 4096))
	say("request")
	<-told
	say("told SIGTERM")
	client.Write([]byte("answered\\n"))
	os.Exit(7)
}
""",
}
LANGUAGES: Final = tuple(_SOURCES)


def command(name: str, folder: Path) -> list[str]:
    """Write a server of this file's name into the folder, build it where it needs that, and return its argv."""
    file = folder / name
    file.write_text(_SOURCES[name])
    if name == "serve.py":
        return [os.path.realpath(sys.executable), str(file)]
    if name == "Serve.java":
        return ["java", str(file)]
    if name == "serve.go":
        environ = {**os.environ, "GO111MODULE": "off", "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", "serve", name], cwd=folder, env=environ, check=True, timeout=200)
        return [str(folder / "serve")]
    program, libraries = tools.server({"serve.rb": "ruby", "serve.php": "php"}[name])
    ruby = f"{program.parents[1]}/lib/ruby/3.1.0:{libraries}/ruby/3.1.0"
    options = ["-n"] if name == "serve.php" else ["--disable-gems"]
    return ["/usr/bin/env", f"LD_LIBRARY_PATH={libraries}", f"RUBYLIB={ruby}", str(program), *options, str(file)]
