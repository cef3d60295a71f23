"""What can go wrong in a timeline: the table of sentences and advice."""

from __future__ import annotations

from webhook.core.decision import Reason


class Harm(Reason):
    """Why requests are lost when the Pod ends, and what else goes wrong.

    ``warns`` marks harms that lose requests; the others explain or cost time.
    """

    SIGNAL_DROPPED = (
        "{program} does not forward {signal}: it exits in {seconds} s, and the server is killed in mid-request",
        "Start the server itself (`node server.js`), or let lastcall start it through its launcher.",
        True,
    )
    SIGNAL_KEPT = (
        "{program} does not forward {signal}: the server never receives it and is killed {seconds} s later",
        "Put `exec` in front of the command in the shell's string, or name the program without a shell.",
        True,
    )
    SIGNAL_CUT = (
        "{program} ends on {signal} without a drain, and the server with it, in mid-request",
        "Start the server itself, or set lifecycle.stopSignal to the signal on which it drains (nginx: SIGQUIT).",
        True,
    )
    COMMAND_UNKNOWN = (
        "its command stands in the image only: whether {signal} reaches the server is unknown",
        'If the image has /bin/sh, the signal hook makes it irrelevant: annotation lastcall.webhook/image-shell: "yes".'
        " Or declare the command: lastcall.webhook/image-command.{container}, a JSON list of ENTRYPOINT and CMD; or"
        " --signal-delivery {container}=received.",
    )
    PROGRAM_UNKNOWN = (
        "whether {program} lets {signal} reach the server is unknown",
        "Name the server itself in `command`; if it receives the signal: --signal-delivery {container}=received.",
    )
    STOP_SIGNAL_UNKNOWN = (
        "{program} does not drain on SIGTERM: whether its image sets another STOPSIGNAL is unknown",
        "Set lifecycle.stopSignal, or say what the image sets: --stop-signal {container}=SIGQUIT.",
    )
    ENDS_BEFORE_TRAFFIC = (
        "stops accepting at {at} s, but requests arrive until {until} s: {seconds} s of new connections are lost",
        "Delay the stop signal with a preStop sleep that is longer than the endpoint's withdrawal takes.",
        True,
    )
    KILLED_IN_DRAIN = (
        "is killed at {at} s, with {seconds} s of its drain left",
        "Raise terminationGracePeriodSeconds to the hook plus the drain; requests that run longer are cut.",
        True,
    )
    IGNORES_SIGNAL = (
        "ignores {signal} and is killed at {at} s",
        "Handle the signal: stop listening, finish the in-flight requests, exit.",
        True,
    )
    SIDECAR_ENDS_FIRST = (
        "ends at {at} s, while {other} works until {until} s",
        "Give it the same preStop sleep, or make it a native sidecar (an init container with restartPolicy Always).",
        True,
    )
    HOOK_CUT = (
        "its preStop hook needs {seconds} s and is cut at {at} s; {minimum} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_EATS_GRACE = (
        "its preStop hook takes all of the {seconds} s; {minimum} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_FAILED = (
        "its preStop hook fails, so the stop signal comes at once",
        "Use a native sleep (lifecycle.preStop.sleep): it needs no program in the image.",
    )
    SIGNAL_HOOK_FAILED = (
        "lastcall's signal hook fails, so the stop signal comes at once: the image has no shell, or not that one",
        'Set the annotation lastcall.webhook/image-shell.{container}: "no": the native sleep needs no program.',
    )
    HOOK_NOT_RUN = (
        "its preStop sleep is not run before Kubernetes 1.30, so the stop signal comes at once",
        "Use an exec hook with the image's own sleep, or a newer Kubernetes.",
    )
    CAUSE_TOO_SHORT = (
        "{source} leaves {seconds} s of the {own} s that the Pod asks for",
        "Raise the limit where it is set, or keep hook plus drain within it.",
    )
    HOOK_LENGTH_ASSUMED = (
        "the length of its {kind} hook is unknown: {seconds} s are assumed",
        "Set it with --hook {container}=SECONDS.",
    )
    HELD_BY_SLEEP = (
        "exited at {at} s, but its sleep continues: the Pod stays until {until} s",
        "Nothing to do: the kubelet does not cut a native sleep short (kubernetes#134338).",
    )
