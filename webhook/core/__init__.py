"""What lastcall decides, and nothing else: values in, values out.

No clock, network, environment, files or logging here; import-linter enforces this. Read it in
this order, in about twenty minutes:

1. ``decision``: what comes out: one record per (mutation, target).
2. ``patch``: the only way to change a Pod.
3. ``pod`` and ``hooks``: the parts of a Pod that are read.
4. ``mutate`` and ``mutations``: the whole flow, then its steps in order.
5. ``argv``: which program a container starts; the hard part. ``shell_proof``: whether a shell can start in front of it;
   ``signal_hook``: whether one can signal it at the end.
6. ``layers`` and ``settings``; ``rules`` and ``room``: limits of a patch; ``status``: the annotation; ``review``: the
   AdmissionReview.
"""
