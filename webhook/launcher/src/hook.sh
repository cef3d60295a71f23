# shellcheck shell=sh disable=SC1007,SC2086,SC2154,SC2231
# The signal hook: `sh -c TEXT lastcall SECONDS` as a container's preStop hook.
#
# It sleeps, so that the endpoint is withdrawn first. Then it signals the real process below the container's first process,
# once, and stays until that has ended: meanwhile the kubelet sends no SIGTERM, and npm or a shell in between cannot end
# before the application. What it cannot see, does not know or may not signal ends as it would without a hook. The kubelet
# expands nothing in hooks: no $ is doubled here.

# _inside PROCESS: it is in this container: its control groups are those of the hook (`own`). Not by its mount namespace:
# without CAP_SYS_PTRACE not even root can see that of another user's process.
_inside() {
  groups=
  while read -r line; do groups="$groups $line"; done <$1/cgroup
  [ "$groups" = "$own" ]
}

# _find_first: set `first` to the container's first process. Where the Pod shares its process namespace that is not PID 1,
# but the oldest of those whose parent is outside of the namespace; the younger ones are probes and hooks.
# (Of `fields` 2 is the parent, 20 the time of the start.)
_find_first() {
  first=1 oldest= own=
  # In the /proc of another namespace the numbers are those of other processes.
  [ self -ef $$ ] || exit 0
  _inside $$
  own=$groups
  [ "$own" ] || exit 0
  ! _inside 1 || return 0
  first=
  for process in [0-9]*; do
    _look $process || continue
    set -- $fields
    [ $2 = 0 ] || continue
    [ "$oldest" ] && [ ${20} -ge $oldest ] && continue
    ! _inside $process || first=$process oldest=${20}
  done
  [ "$first" ]
}

# _left_behind PROCESS: PID 1 inherited it from a probe or a `kubectl exec`, which has ended: its session (4 of `fields`) is
# neither that of PID 1 nor its own.
_left_behind() {
  _look 1
  set -- $1 $fields
  _look $1
  set -- $1 $5 $fields
  [ $6 != $1 ] && [ $6 != $2 ]
}

# _forwards: `name` is an init, which forwards SIGTERM to its child. (No mask shows that of tini, which waits for the signal
# in sigtimedwait(2).)
_forwards() {
  case $name in tini* | dumb-init | docker-init | catatonit) ;; *) return 1 ;; esac
}

# _between PROCESS, with its name in `name` and its command line in `line`: its children are the application, or start it.
# These are small inits, npm and its like, and shells that have no handler (a script has a name of its own, and the shell
# in its command line). An unknown program is taken for the application.
_between() {
  ! _forwards || return 0
  case $name,${line#/usr} in
    su,* | runuser,*) ;;
    *sh,* | busybox,* | *,/bin/sh[-/.]* | *,/bin/ash[-/.]* | *,/bin/[bd]ash[-/.]*) ! _catches $1 ;;
    *) _runs_scripts $1 ;;
  esac
}

# _choose_signal PROCESS: set `signal` to the one that lets it finish its requests; fail where it has to be left alone.
# SIGTERM cuts requests in nginx, php-fpm and unicorn (SIGQUIT does not), in Apache (SIGWINCH does not), haproxy (SIGUSR1
# does not) and lighttpd (SIGINT does not), and in uwsgi, `php -S`, envoy, make and runsvdir, which are left alone.
# A process without a handler would die of it. Node, Java, Ruby, PHP and Go always show one: a parent may be nothing but
# what started the server (child_process.spawn, ProcessBuilder, system, passthru, os/exec), and where the first process
# drops SIGTERM (`dropped`), that server finishes its requests today.
_choose_signal() {
  signal=TERM parent=${dropped:+${children:+1}}
  case $name,$parent,${line#/*bin/} in
    nginx,* | php-fpm* | *,unicorn*) signal=QUIT ;;
    apache2,* | httpd,*) signal=WINCH ;;
    haproxy*) signal=USR1 ;;
    lighttpd*) signal=INT ;;
    uwsgi* | *,php*-S* | envoy* | make,* | runsvdir* | *,1,node* | *,1,java* | *,1,ruby* | *,1,php*) return 1 ;;
  esac
  _catches $1 || return
  # Go's runtime catches this set of signals (SIGHUP and SIGINT only where they were not ignored). A program that calls
  # signal.Notify has a thread that blocks some of them (ensureSigM in runtime/signal_unix.go); other threads block none.
  set -- $1 $fields
  [ $((${33} | 3)) = 2143420159 ] || return 0
  [ ! "$parent" ] || return
  for process in $1/task/*; do
    _look $process
    set -- $fields
    [ ${30} = 0 ] || return 0
  done
  return 1
}

# _deliver PROCESS [1]: signal the real processes at or below it, and add them to `told`. 1: something above keeps
# the kubelet's SIGTERM from it; without that it is told by the kubelet, or by an init that forwards.
_deliver() {
  _children $1
  read -r name <$1/comm
  read -r line <$1/cmdline
  if [ "$children" ] && _between $1; then
    _forwards || set -- $1 1
    for process in $children; do
      [ $1 = 1 ] && _left_behind $process && continue
      _deliver $process $2
    done
  elif [ "$2" ] && _choose_signal $1; then
    kill -$signal $1 && told="$told $1"
  fi
}

sleep $1 || exit
exec 2>/dev/null
cd /proc && _find_first || exit 0
told= dropped=
# signal(7): PID 1 receives no signal that it has no handler for. Nobody is told by the kubelet then, and nothing ends too
# soon: there is nothing to wait for.
read -r name <$first/comm
[ $first != 1 ] || _forwards || _catches 1 || dropped=1
_deliver $first
[ ! "$dropped" ] || exit 0
# Not _gone: a JVM that is about to end needs some more time, and SIGTERM would end a shell above it, with another code,
# until the shell has taken note of the end. Nobody takes note of an orphan below npm: 20 looks (`polls`) are enough.
for process in $told; do
  polls=
  while _look $process && [ ${#polls} -lt 20 ]; do
    ! _gone $process || polls=$polls.
    sleep .1 || sleep 1 || exit 0
  done
done
