#!/usr/bin/perl
# A stand-in for programs of any name (a link to perl has it), in a few milliseconds: NAME stand_in.pl MODE LABEL
# [COMMAND...]. It starts the command as its child. Modes: "serve" answers what it has begun, and ends; "handler" ends on
# SIGTERM; "busy" says that it is told, and goes on; "ignores" and "deaf" have no handler. Events are those of probe.js.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($mode, $label, @command) = @ARGV;
my ($told, $began, $server);

sub say {
    open my $events, ">>", $ENV{PROBE_EVENTS} or die;
    syswrite $events, "@_\n";
}

if ($mode eq "ignores") {
    $SIG{TERM} = "IGNORE";
} elsif ($mode ne "deaf") {
    for my $signal (qw(TERM QUIT WINCH INT HUP USR1 USR2)) {
        $SIG{$signal} = sub { $told = 1; say("told SIG$signal $label"); };
    }
}
if (@command && !fork) {
    $SIG{$_} = "DEFAULT" for keys %SIG;
    exec @command;
}
$server = IO::Socket::UNIX->new(Local => $ENV{PROBE_SOCKET}, Listen => 5) if $mode eq "serve";
say("ready $label $$");
until ($told && $mode ne "busy") {
    if ($server && !$began) {
        vec(my $ready = "", fileno $server, 1) = 1;
        next unless select($ready, undef, undef, 0.05) > 0;
        $began = $server->accept or next;
        sysread $began, my $request, 4096;
        say("request");
    } else {
        select undef, undef, undef, 0.05;
    }
}
select undef, undef, undef, 0.3 if $mode eq "serve";
syswrite $began, "answered\n" if $began;
exit($ENV{PROBE_CODE} || 0);
