"""Programs that are recognised by name in a container's argv."""

from webhook.core.package_managers import table

SHELLS = table("sh ash bash dash ksh zsh")
SU = table("su runuser")
# They stop, restart or outlive what they start: they handle signals themselves.
MANAGERS = table(
    """
    circusd concurrently deno forever foreman goreman hivemind honcho multirun node nodejs nodemon overmind pm2
    pm2-dev pm2-docker pm2-runtime runsvdir s6-svscan supervisord watchexec
    """
)
# They end soon, and their arguments are not programs.
QUICK = table(
    """
    . : [ [[ alias apk apt apt-get basename case cat cd chmod chown cp curl date declare dirname done echo
    esac exit export false fi find for function git grep hash id kill ln local ls mkdir mv printenv printf pwd read
    readonly return rm sed select set shift source test touch tr true type ulimit umask unset wait wget which }
    """
)
NODE_VALUES = table(
    "-C -r --conditions --env-file --experimental-loader --icu-data-dir --import --loader --require --title"
)
NODE_WITHOUT_FILE = table("-e -h -i -p -pe -v --eval --help --interactive --print --run --test --version")
