# shellcheck shell=sh disable=SC1007,SC2086,SC2329
# Part 1: what a signal does.
#
# The rule of all parts: no variable is set outside a subshell. An application may be given any name in its
# environment, a shell exports what it imported, and so an assignment here would change what the application sees. State
# lives in positional parameters, in $!, in subshells, and in one function that is defined anew. Words are split on
# purpose. dash, busybox and bash know `-ef` and `-S`.

# Until everything below is known nothing has been started, and SIGTERM ends us.
trap 'exit 143' TERM

# _gone PROCESS, in /proc: it has ended, or is about to (the flag PF_EXITING).
# proc(5): pid (comm) state ppid pgrp session tty_nr tpgid flags ...
_gone() {
  read -r fields <$1/stat || return 0
  set -- ${fields##*\)}
  [ $1 = Z ] || [ $(($7 & 4)) != 0 ]
}

# _catches PROCESS, in /proc: it has a handler for SIGTERM, or waits for it with the signal blocked, as tini does.
# (Not from status: bash reads line by line with lseek(2), and the state's name changes its length meanwhile.)
_catches() {
  read -r fields <$1/stat || return
  set -- ${fields##*\)}
  [ $((${30} >> 14 & 1 | ${32} >> 14 & 1)) = 1 ]
}

# _between PROCESS, in /proc: where it has children it only stands between them and us, because it does not tell them of
# SIGTERM, or what it tells them is no use. That is so of everybody who would die of it, of npm and its like (run-p, run-s
# and env-cmd forward nothing), and of those that tell a shell, which dies and leaves its own children alone.
_between() {
  if [ "$blind" ]; then
    [ $1/exe -ef $$/exe ] || [ $1/exe -ef /bin/sh ] || [ $1/exe -ef /bin/bash ]
  else
    ! _catches $1
  fi && return
  read -r line <$1/comm
  case $line in su | runuser | tini | dumb-init) return ;; esac
  read -r line <$1/cmdline
  case ${line##*bin/} in
    np[mx]* | pnp[mx]* | yarn* | *yarn-[1-9]*js* | *yarn*/lib/cli.js* | corepack* | run-[ps]* | env-cmd*) ;;
    *) return 1 ;;
  esac
}

# _ours PROCESS, in /proc: it is one of our own subshells, or the recorder, or it has just ended, and its command line
# with it. None of these counts as somebody who heard: a subshell that was forked just now still has our trap, which
# swallows the signal, and the recorder can be past its own.
_ours() {
  read -r own <$$/cmdline
  read -r line <$1/cmdline
  case $line in "$own" | *-elastcall:*) ;; *) _gone $1 ;; esac
}

# _tell PROCESS SIGNAL, in a subshell in /proc: signal the process, or where it only stands in between, those below it.
# Of a pipeline only the members that are not fed by a pipe (in yarn 4: a socket) are told; the others end with them.
#
# In and out: `told`, the processes that were told (12) or only seen (seen12).
# In: `again`, "1" where a process is told only if it was seen on the look before; `blind`, "1" where nobody can be seen
# to catch anything.
# Out, "1" where it is so of any process: `heard`, it was told and catches SIGTERM; `missed`, it had ended before it
# could hear, and its parent may have started the next one meanwhile; `idle`, it is a package manager between two
# scripts, which forwards the signal to nobody, and may start the next script all the same.
_tell() {
  children= unfed=
  for process in [0-9]*; do
    read -r fields <$process/stat || continue
    set -- $1 $2 ${fields##*\)}
    [ $4 = $1 ] || continue
    ! _gone $process || continue
    children="$children $process"
    [ -p $process/fd/0 ] || [ -S $process/fd/0 ] || unfed="$unfed $process"
  done
  if _between $1; then
    if [ "$children" ]; then
      for process in ${unfed:-$children}; do _tell $process $2; done
      return
    fi
    ! _catches $1 || idle=1
  fi
  case "$told " in
    *" $1 "*) ;;
    *"${again:+ seen$1 }"*)
      told="$told $1"
      if _gone $1; then
        missed=1
      else
        # before the signal: some handlers serve once
        if [ "$blind" ] || _catches $1; then _ours $1 || heard=1; fi
        kill -$2 $1
      fi
      ;;
    *) told="$told seen$1" ;;
  esac
}

# Whoever is about to start something calls this first; _stop replaces it by the end.
_unless_stopping() { :; }

# _stop SIGNAL, the trap: tell whom we have started.
#
# Where nobody hears, everybody dies of it: so do we, at once, lest a shell below goes on with its next command. (node
# itself always catches SIGTERM. gVisor does not say who does, not even of us: then everybody may.) Otherwise look again
# every five seconds: a server that a shell below starts afterwards is told too, but what runs for less than five seconds,
# to clean up, is left alone. Where the last process has just ended by itself its code is ours, and if more was to be
# started, it is not. (Every exit here says its code: below a trap dash takes the one from before the trap.)
_stop() {
  [ "$!" ] || exit $((128 + $1))
  (
    cd /proc/$$ && cd .. || exit 1
    told= again= heard= blind= idle=
    _catches $$ || blind=1
    while
      missed= && _tell $! $1
      [ "$missed" ]
    do :; done
    ! _gone $! || exit 3
    [ "$heard" ] || exit 1
    {
      while [ "$idle" ] && sleep 1; do idle= && _tell $! $1; done
      again=1
      while
        sleep 5
        ! _gone $!
      do _tell $! $1; done
    } &
    exit 0
  ) 2>/dev/null
  case $?,$1 in
    0,*) ;;
    3,2 | 3,3 | 3,15) _unless_stopping() { exit 143; } ;;
    3,*) ;;
    *) exit $((128 + $1)) ;;
  esac
}

trap '_stop 15' TERM
trap '_stop 1' HUP
trap '_stop 2' INT
trap '_stop 3' QUIT
trap '_stop 10' USR1
trap '_stop 12' USR2
