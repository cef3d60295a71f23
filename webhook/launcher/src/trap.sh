# shellcheck shell=sh
# Until everything below is known nothing has been started, and SIGTERM ends us.
trap 'exit 143' TERM
