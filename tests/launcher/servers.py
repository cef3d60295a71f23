"""Real servers with a request in flight: their configuration, what a client sends, and Go programs."""

import os
import shlex
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.launcher import hook, lab, tools

HTTP: Final = b"GET /slow.txt HTTP/1.0\r\nHost: x\r\n\r\n"
_SLOW: Final = '<?php echo "begun\n", str_repeat(" ", 4096); @ob_flush(); flush(); sleep(1); echo "answered\n";'
_NGINX: Final = """daemon off; user root; pid {folder}/pid; error_log stderr; events {{}}
http {{ access_log off; client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
server {{ listen 127.0.0.1:{port}; root {folder}; limit_rate 100k; }} }}
"""
_APACHE: Final = """ServerRoot {folder}
ServerName x
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
ErrorLog /dev/stderr
User nobody
DocumentRoot {folder}
LoadModule mpm_event_module {libraries}/../apache2/modules/mod_mpm_event.so
LoadModule authz_core_module {libraries}/../apache2/modules/mod_authz_core.so
LoadModule env_module {libraries}/../apache2/modules/mod_env.so
LoadModule ratelimit_module {libraries}/../apache2/modules/mod_ratelimit.so
SetOutputFilter RATE_LIMIT
SetEnv rate-limit 100
"""
# Without process_control_timeout its workers are killed at once, whatever the signal.
_FPM: Final = """[global]
daemonize = no
error_log = /dev/stderr
process_control_timeout = 10
[www]
user = root
listen = 127.0.0.1:{port}
pm = static
pm.max_children = 2
"""


def _fastcgi(script: Path) -> bytes:
    """Return a request for php-fpm (https://fastcgi-archives.github.io/FastCGI_Specification.html)."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBHHBx", 1, kind, 1, len(body), 0) + body

    given = {"SCRIPT_FILENAME": str(script), "REQUEST_METHOD": "GET"}
    params = b"".join(bytes((len(name), len(value))) + f"{name}{value}".encode() for name, value in given.items())
    return record(1, struct.pack(">HB5x", 1, 0)) + record(4, params) + record(4, b"") + record(5, b"")


@dataclass
class Server:
    """A server's argv, without a shell, its port, and a request that takes a second."""

    argv: list[str]
    port: int
    request: bytes = HTTP


def server(name: str, folder: Path) -> Server:
    """Configure one of nginx, apache2, php-fpm and php; the folder has to be readable for everybody."""
    (folder / "slow.txt").write_text("x" * 150_000 + "answered\n")
    (folder / "slow.php").write_text(_SLOW)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, libraries = tools.server(name)
    configuration = {"nginx": _NGINX, "apache2": _APACHE, "php-fpm": _FPM, "php": ""}[name]
    file = folder / "configuration"
    file.write_text(configuration.format(folder=folder, port=port, libraries=libraries))
    options = {
        "nginx": ["-c", str(file)],
        "apache2": ["-f", str(file), "-DFOREGROUND"],
        "php-fpm": ["-R", "-n", "-y", str(file)],
        "php": ["-n", "-S", f"127.0.0.1:{port}", "-t", str(folder)],
    }[name]
    request = {"php-fpm": _fastcgi(folder / "slow.php"), "php": HTTP.replace(b".txt", b".php")}.get(name, HTTP)
    return Server([shutil.which("env") or "env", f"LD_LIBRARY_PATH={libraries}", str(program), *options], port, request)


def connect(port: int) -> socket.socket:
    """Return a connection to a server that is about to listen."""
    deadline = time.monotonic() + lab.PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=lab.PATIENCE)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def stop(started: Server, end: Callable[[lab.Container], hook.Ended], grace: float) -> hook.Ended:
    """Run the server below a shell that drops SIGTERM, and end it with a request in flight."""
    argv = ["/bin/sh", "-c", f"{shlex.join(started.argv)}; exit $?"]
    with lab.container(argv, cwd=Path("/"), path=tools.SYSTEM_PATH) as box:
        with connect(started.port) as client:
            client.sendall(started.request)
            answer = client.recv(1)
            ended = end(box)
            box.outcome = box.end(grace)
            try:
                while chunk := client.recv(65536):
                    answer += chunk
            except OSError:
                pass
        box.outcome.answered = b"answered\n" in answer
        return ended


_GO: Final = """package main
import ("fmt"; "os"; "os/exec"; "os/signal"; "syscall"; "time")
func main() {
	c := make(chan os.Signal, 1)
	switch os.Args[1] {
	case "term": signal.Notify(c, syscall.SIGTERM, os.Interrupt)
	case "all": signal.Notify(c)
	case "int": signal.Notify(c, os.Interrupt)
	}
	events, _ := os.OpenFile(os.Getenv("PROBE_EVENTS"), os.O_WRONLY|os.O_APPEND, 0)
	if len(os.Args) > 2 { exec.Command(os.Args[2], os.Args[3:]...).Start() }
	fmt.Fprintln(events, "ready app", os.Getpid())
	for { select { case s := <-c: if s == syscall.SIGTERM { os.Exit(0) }; case <-time.After(time.Second): } }
}
"""


def go_program(folder: Path) -> str:
    """Build a Go program that asks for no signal, or for some."""
    (folder / "main.go").write_text(_GO)
    environ = {**os.environ, "GO111MODULE": "off", "GOFLAGS": ""}
    subprocess.run(["go", "build", "-o", "app", "main.go"], cwd=folder, env=environ, check=True, timeout=200)
    return str(folder / "app")
