# shellcheck shell=sh disable=SC1001,SC1007,SC2006,SC2030,SC2064,SC2086,SC2166,SC3013
# The supervisor: run a command as a child, and hand signals to the real processes below it.
#
# No variable is set outside a subshell. An application may be given any name in its environment, a shell exports
# what it imported, and so an assignment here would change what the application sees. State lives in positional
# parameters, in $! and in subshells. Words are split on purpose; dash, busybox and bash know -ef, -o and -S.

# _w PID SIGNAL, in a subshell in /proc: signal the process, or where it only stands in between, those below it.
# A shell that does not catch SIGTERM stands in between (SIGINT every dash catches), and so does a package manager; run-p, run-s and env-cmd
# forward nothing. Of a pipeline only the members that are not fed by a pipe (in yarn 4: a socket) are told; the others
# end with them.
# In: t, the processes that were told (12) or seen (s12); p, "1" after the first pass, when a process is told that was
# seen on the pass before. Out: t; s, with a 1 in it where anyone catches SIGTERM.
_w(){
  a= k=
  # proc(5): pid (comm) state ppid ...
  for f in [0-9]*;do
    read -r l<$f/stat&&set -- $1 $2 ${l##*\)}&&[ $4 = $1 ]&&a="$a $f"&&! [ -p $f/fd/0 -o -S $f/fd/0 ]&&k="$k $f"
  done
  # ... and the 34th field is the mask of caught signals. (Not from status: bash reads line by line with lseek(2), and
  # the state's name changes its length meanwhile.) Who is gone cannot be told.
  read -r l<$1/stat||return
  set -- $1 $2 ${l##*\)}
  c=$((${34}>>14&1))
  read -r l<$1/cmdline
  [ $c = 0 ]&&[ $1/exe -ef /bin/sh -o $1/exe -ef /bin/bash ]&&l=npm
  case ${a:+${l##*bin/}} in
    np[mx]*|pnp[mx]*|yarn*|*yarn-[1-9]*js*|*yarn*/lib/cli.js*|corepack*|run-[ps]*|env-cmd*)
      for f in ${k:-$a};do _w $f $2;done;;
    *)
      s=$s$c
      case "$t " in
        *" $1 "*);;
        *"${p:+ s$1 }"*)t="$t $1";kill -$2 $1;;
        *)t="$t s$1"
      esac
  esac
}

# _t SIGNAL, the trap. Where nobody catches SIGTERM everybody dies of it: so do we, at once, lest a shell below
# goes on with its next command. Otherwise look again: a server that such a shell starts later is told too, but what
# runs for less than five seconds, to clean up, is left alone. (node itself always catches SIGTERM.)
_t(){
  (cd /proc
    s=0 t= p=
    _w $! $1
    [ $s -gt 0 ]||exit 1
    p=1
    while sleep 5;[ -e $!/exe ];do _w $! $1;done&)2>/dev/null||exit $((128+$1))
}

# _r COMMAND...: run it as a child that keeps our stdin; return its exit code. An interrupted `wait` may have reaped
# the child, or not: ask once more, and take the first answer where the shell has forgotten the child (127). A child
# that dies of SIGTERM ends everything.
# Where another init is PID 1 it may signal our process group (dumb-init, tini -g), and so the shells in between: the
# command gets a group of its own, so that only we hear of it.
_r(){
  [ $$ != 1 ]&&setsid true 2>&-&&set -- setsid "$@"
  { "$@"<&9 9<&-& } 9<&0
  {
    while wait $!;set -- $?;kill -0 $!;do :;done
    wait $!;set -- $? $1
  } 2>/dev/null
  [ $1 = 127 ]&&shift
  [ $1 = 143 ]&&exit 143
  return $1
}

# HUP INT QUIT USR1 USR2 TERM; the loop variable stays in a subshell
eval "`for s in 1 2 3 10 12 15;do echo trap \'_t $s\' $s;done`"
