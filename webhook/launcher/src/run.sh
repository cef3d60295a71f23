# shellcheck shell=sh disable=SC2086,SC3013
# Part 2: starting processes.

# The last look, before the shell itself becomes the application: from here on SIGTERM has its default action.
_leave() {
  trap - TERM
  _unless_stopping
}

# _child COMMAND...: run it as a child that keeps our stdin; return its exit code. A child that dies of SIGTERM ends
# everything. (`exec`, as a command or in one, saves a process.)
_child() {
  { (_unless_stopping && "$@" <&9 9<&-) & } 9<&0
  # An interrupted `wait` may have reaped the child, or not: ask once more, and take the first answer where the shell
  # has forgotten the child (127).
  {
    while
      wait $!
      set -- $?
      kill -0 $!
    do :; done
    wait $!
    set -- $? $1
  } 2>/dev/null
  [ $1 = 127 ] && shift
  [ $1 = 143 ] && exit 143
  return $1
}

# _run PROGRAM...: run it as a child.
#
# Where another init is PID 1 it may signal our process group (dumb-init, tini -g), and so the shells in between: the
# program gets a group of its own, so that only we hear of it.
_run() {
  [ $$ = 1 ] || ! setsid true 2>&- || set -- setsid "$@"
  _child exec "$@"
}
