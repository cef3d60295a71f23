# shellcheck shell=sh disable=SC1007,SC2016,SC2097,SC2098
# _k ARGV...: let node work out what the package manager would run (recorder.js prints it as shell text on fd 3; behind
# that comes node's exit code in a comment), and run that. No node, or nothing printed: the original, unchanged.
# NODE_OPTIONS is the package manager's and the application's business: a preload that prints would spoil the recording.
_k(){
  { command -v node>/dev/null&&set -- "$(NODE_OPTIONS= node -e '@RECORDER@' -- "$NODE_OPTIONS" "$@" 3>&1 >&4;echo "
#$?")" "$@";} 4>&1&&eval "$1
shift"
  exec "$@"
}
