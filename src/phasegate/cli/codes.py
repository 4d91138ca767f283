"""What each code of a refusal or a failed command means; most of plans are in core.explain."""

from __future__ import annotations

EXPLANATIONS: dict[str, str] = {
    # Plans, beside what core.explain says of them.
    "case-file-missing": (
        "The file with labelled cases is not where the plan says, beside or below the plan file on "
        "the server's machine. No run starts without it; where it goes missing later, the step "
        "that needs it cannot do its job, and the phase waits."
    ),
    "case-file-unreadable": (
        "The file with labelled cases is there and cannot be opened: it is a folder, or the "
        "server's user may not read it."
    ),
    "case-file-broken": (
        "A line of the file is no case. Each is one JSON object with `request`, what the endpoint "
        "is sent, and `expect`, what it must answer; `id` names it, and `counts` says for which "
        "metric alone it counts. One broken line, and nothing of the file is used."
    ),
    "case-file-empty": "Without a case nothing is exercised, and that is never a sign of health.",
    "plan-outside": (
        "Steps run commands and open case files in the plan's folder, on behalf of whoever starts "
        "the run. A server lets them do so only in the folder that it was given with --plans, or "
        "else the one that it was started in. On another machine than the server's, the plan has "
        "to lie at the same path there."
    ),
    # Starting and signing.
    "environment-form": (
        "An environment is named by letters, digits, _ and -, a letter first, so that the same "
        "name means the same flags everywhere."
    ),
    "flags-watched-elsewhere": (
        "A run in another environment watches the same flags, and a metric source counts them "
        "for both, since its query does not name the environment. One run could pass on the "
        "other's traffic, so a second one is not started."
    ),
    "endpoint-unknown": (
        "A run may give another address to an endpoint that its plan has, and to no other: a "
        "misspelt name would leave the plan's own address in force, and nobody would see it."
    ),
    "endpoint-form": (
        "An endpoint is given a whole URL with its scheme, like http://127.0.0.1:9000 or "
        "postgresql://db.example/clinic."
    ),
    "endpoint-secret": (
        "The endpoints of a run are kept in its log, which people read. A user or password in a "
        "URL would stay there for good, so it is refused; let the endpoint trust this machine."
    ),
    "nothing-seen": (
        "A sign-off is about evidence. Before the phase is exposed there is none, so nobody can "
        "sign for it yet."
    ),
    "stages-ahead": (
        "A sign-off lets the whole phase pass. Given at a smaller exposure it would pass the "
        "largest one, which nobody had seen by then."
    ),
    "not-signed": (
        "The question whether to sign was not answered with y, or nobody was there to answer it. A "
        "script says which plan it has read with --plan-hash."
    ),
    "meaning-missing": "A sign-off states what it means, since that is what the signer stands for.",
    # Reaching the server.
    "server-unreachable": (
        "Nothing answered at the server's address in time. Nothing is known of what a command "
        "that changes something has done: look at the run's events before you repeat it. "
        "Applications keep what they were served until their lease ends."
    ),
    "no-answer": (
        "A service that a step or a metric asks gave no answer: nothing listens at its address, "
        "it took too long, or it said what cannot be read. The step or metric says nothing then, "
        "which is no sign of health: a gate stays closed, and a guard is blind before long."
    ),
    "server-url": "The server's address must be an HTTP address such as http://127.0.0.1:8080.",
    "extra-missing": (
        "What was asked for needs a package that a plain installation leaves out. The message "
        "names the extra that brings it."
    ),
    "unexpected-answer": (
        "Something answered that is no phasegate server of this version: a proxy, another "
        "program on that port, or an older or newer control plane."
    ),
    "unavailable": (
        "The store, or something the server needs, does not answer. Nothing was changed. The run "
        "goes on by itself once it is back; guards that see nothing for too long take back."
    ),
    "not-ready": (
        "The server lives and nobody decides: the store does not answer, or no round of "
        "decisions was finished lately. Exposure on trial goes back when its lease ends."
    ),
    "start-failed": "The server could not start; the lines above it in the log say why.",
    "address-unavailable": (
        "The host and port cannot be listened on: another program has them, or the address is "
        "not of this machine."
    ),
    "store-unavailable": (
        "The store cannot be opened, read or written to: a folder that may not be written to, or "
        "a database that does not answer. The message says which."
    ),
    "unknown-store": (
        "No installed adapter goes by the store's name or the scheme of its URL; the message lists "
        "those that do."
    ),
    "token-name": (
        "Names of tokens stand in logs and on screens for good, so they can be read: not empty, "
        "at most 80 characters, none of them a control character."
    ),
    "no-store": "There is nothing in that folder yet; a server makes it when it first starts.",
    "malformed": "The request was not of the documented shape; the message says where.",
    "body-too-large": "The request was larger than the server reads. Plans are far smaller.",
    "unknown-command": (
        "There is no such command. What follows names the nearest one, if one is near; every word "
        "lists its commands with --help."
    ),
    "no-such-route": "The server has nothing at that path; the command may be of another version.",
    "no-such-method": "The path exists and does not take this method; the message lists its own.",
    "server-broke": (
        "A bug. The request may or may not have been carried out: look at the run's events before "
        "you repeat it. The server's log has the trace."
    ),
    # Wrong usage.
    "unknown-option": "The command has no such option; its --help lists those it has.",
    "value-missing": "The command cannot do without this; its --help says what it is.",
    "bad-value": "An option or argument was given something that it cannot be; the message says.",
    "option-value": "An option stands without its value, or was given one and takes none.",
    "too-many-words": (
        "More words were given than the command takes. Put quotes around what has spaces in it."
    ),
    # Who may do what.
    "no-token": (
        "Every request but the health probes needs a token that the store knows. Make one on the "
        "server's machine: phasegate token create NAME --role ROLE."
    ),
    "may-not": (
        "Your role does not allow this. Viewers look; operators start, pause and roll back; "
        "approvers and safety officers also sign off and waive; applications only get flags and "
        "send telemetry."
    ),
    "own-work": (
        "Whoever wrote a plan or started its run cannot approve it or waive its gates: a second "
        "person must."
    ),
    # Runs.
    "unknown-run": "No run has this name; `phasegate run list` shows all.",
    "no-run": "A command without a run acts on the one under way, and there is none.",
    "several-runs": "A command without a run acts on the one under way, and there are several.",
    "run-ended": "The run is completed or rolled back; nothing happens in it any more.",
    "environment-busy": (
        "An environment has one run at a time, because two would mix their exposures. End the "
        "other first, or use another environment."
    ),
    "plan-rejected": "The plan has errors, all of which were shown. Nothing was started.",
    "plan-unreadable": "The plan file is no UTF-8 text, or may not be read.",
    "pace-below-one": "A pace divides durations; below one it would lengthen what was agreed.",
    "pace-too-high": "So high a pace leaves no time in which anything could be watched.",
    "pace-in-production": "In production the durations of the plan are kept as they were agreed.",
    "already-so": "The run is already as you ask; nothing was written.",
    "other-phase": "The phase you name is not the one under way.",
    "no-phase": "No phase is under way: the run is before its first, between two, or at its end.",
    "unknown-phase": "The plan has no phase of that name; the message lists those it has.",
    "other-plan": (
        "A sign-off is bound to the plan that was read. The run follows another version; read it, "
        "then sign for its hash."
    ),
    "nothing-to-waive": (
        "A waiver names what is closed exactly as `phasegate run why` does: a gate, a step, or "
        "`component NAME`."
    ),
    "reason-missing": "This is written into the log for whoever reads it later, so it says why.",
    "not-exposed": "A component can be withdrawn only while it is exposed.",
    "nothing-exposed": "Nothing of that phase is exposed, so nothing can be withdrawn.",
    "rolling-back": "A rollback is not confirmed at the target yet; what follows waits for that.",
    "not-withdrawn": "Only a withdrawn component can be tried again.",
    "too-busy": "Others kept writing at the same moment. Nothing was changed; try again.",
    "rollback-unconfirmed": (
        "The rollback is decided and written down, but the target was not read back as safe in "
        "the time the command waited. The control plane goes on trying. Never take it for safe "
        "before rollback_confirmed is in the log."
    ),
    # Watching and validating.
    "unknown-goal": "`--until` takes completed, rolled-back, or a kind of event.",
    "watch-timeout": "The run went on, and did not come to what was waited for in time.",
    "ended-otherwise": "The run ended without coming to what was waited for.",
    "not-valid": "Something that was asked for does not hold; the table says what and why.",
    "nothing-validated": (
        "There was nothing to look at yet. That is no success: a check that exercised nothing "
        "proves nothing."
    ),
    "log-flawed": (
        "The hash chain of a log does not hold: an event was edited, removed or moved. Trust "
        "nothing that rests on this log."
    ),
    # The store.
    "store-not-empty": (
        "A backup is put into an empty store only, since two stores cannot be made one: each has "
        "its own logs, and the same numbers in them."
    ),
    "store-flawed": (
        "A hash chain does not hold, packed evidence does not open, or rows are missing. The "
        "message says which. Trust nothing that rests on it."
    ),
    "backup-flawed": (
        "The backup can be read, and what it holds is not sound: a chain does not hold, or rows "
        "are missing. Nothing was restored."
    ),
    "backup-unreadable": (
        "The file is no backup, was cut off or changed, or is of a later version. Nothing was "
        "restored."
    ),
    "backup-failed": (
        "The backup could not be written, for instance because the disk is full. What was begun "
        "is gone; a file that was there is untouched."
    ),
    "image-unwritten": "The drawing could not be written where you said; the message says why.",
    # Drills.
    "unknown-drill": "There is no drill of that name; `phasegate drill` lists all.",
    "drill-failed": (
        "A fault was brought about, and what is promised of it did not come, or came too late. On "
        "a machine that is very busy times may be missed; the promise itself must hold anywhere."
    ),
    "postgres-missing": (
        "The drill starts a PostgreSQL of its own, and its server programs are not installed. On "
        "Debian: apt-get install postgresql."
    ),
    # Flags and codes.
    "unknown-flag": "The environment has no such flag; the message lists those it has.",
    "flag-under-run": (
        "A run decides on this flag's exposure until it has ended. Kill the flag to have it off at "
        "once, or roll the run back."
    ),
    "unknown-code": "No message of this version has that code.",
    "rehearsal-missing": (
        "Rehearsals are computed with numpy, which the extra `rehearsal` brings along."
    ),
    # Replay.
    "replay-differs": (
        "A decision in the log does not follow from the evidence that is stored beside it: the "
        "evidence or the log was changed, or a judging method was. `phasegate audit verify` tells "
        "whether the log holds; a changed method is named by the replay itself."
    ),
    "plan-read-differently": (
        "The stored text of the run's plan is read differently by this version, so nothing can be "
        "judged or derived by it. Nothing more is exposed, the lease is not renewed, and rolling "
        "back all of it still works. Use the version that started the run."
    ),
}
"""A paragraph for each code."""
