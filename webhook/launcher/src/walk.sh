# shellcheck shell=sh disable=SC1007,SC2034,SC2086
# The processes of a container, as /proc shows them. Every function is called in /proc.

# _look PROCESS: set `fields` to what its stat says after the name, which may hold spaces and parentheses; fail where the
# process has ended.
# proc(5): pid (comm) state ppid pgrp session tty_nr tpgid flags ...
_look() {
  read -r fields <$1/stat || return
  fields=${fields##*\)}
}

# _gone PROCESS: it has ended, or is about to (the flag PF_EXITING).
_gone() {
  _look $1 || return 0
  set -- $fields
  [ $1 = Z ] || [ $(($7 & 4)) != 0 ]
}

# _catches PROCESS: it has a handler for SIGTERM, or another thread waits for it, and so it is blocked in the first one.
# (Not from status: bash reads line by line with lseek(2), and the state's name changes its length meanwhile.)
_catches() {
  _look $1 || return
  set -- $fields
  [ $((${30} >> 14 & 1 | ${32} >> 14 & 1)) = 1 ]
}

# _children PROCESS: set `children` to the processes below it that are to be told of SIGTERM. Of a pipeline these are only
# the members that are not fed by a pipe (in yarn 4: a socket) that their parent is not fed by; the others end with them.
_children() {
  children= unfed=
  for process in [0-9]*; do
    _look $process || continue
    set -- $1 $fields
    [ $3 = $1 ] || continue
    ! _gone $process || continue
    children="$children $process"
    if [ -p $process/fd/0 ] || [ -S $process/fd/0 ]; then
      [ $process/fd/0 -ef $1/fd/0 ] || continue
    fi
    unfed="$unfed $process"
  done
  children=${unfed:-$children}
}

# _runs_scripts PROCESS: it is npm or its like, which do not forward SIGTERM, or make no use of it. (What they start may
# lie in a folder `bin` as well: `yarn node bin/www`. Arguments are not told apart: `node x.js /bin/npm` counts as npm.)
_runs_scripts() {
  read -r line <$1/cmdline
  line=${line#/*bin/}
  case ${line#node*[/.]bin/},$line in
    np[mx]* | pnp[mx]* | yarn* | *yarn-[1-9]*js* | *yarn*/lib/cli.js* | corepack* | run-[ps]*,node* | env-cmd*,node*) ;;
    *) return 1 ;;
  esac
}
