"""What each problem code means and how it is mended: one paragraph for each."""

from __future__ import annotations

explanations: dict[str, str] = {
    "yaml-broken": (
        "The text is not YAML, so nothing of it could be read. The line is where the reader "
        "gave up; the cause is often the line before it. Quote text with special signs: unit: "
        '"%".'
    ),
    "yaml-alias": (
        "A plan says everything where it applies, because whoever signs a phase must see all "
        "of it there. YAML's *aliases are refused: write the part out again."
    ),
    "yaml-tag": (
        "YAML tags such as !!int or !custom mean nothing in a plan. Remove the tag; the "
        "reader knows what each value is."
    ),
    "yaml-depth": (
        "The text nests deeper than any plan does, mostly by a stray bracket. A plan needs "
        "six levels: close the bracket or mend the indentation."
    ),
    "yaml-documents": (
        "One file holds one plan. Remove the line `---`, or move the second plan to a file of "
        "its own."
    ),
    "duplicate-key": (
        "A name is there twice in one table. YAML readers disagree on which one counts, so "
        "neither does: keep one of the two."
    ),
    "plan-empty": (
        "The file is empty or has only comments. Start with `plan: checkout` and see the "
        "reference of plan files."
    ),
    "plan-without-phases": (
        "A plan without a phase has nothing to run. Add one with components, pass_when and "
        "roll_back_when."
    ),
    "value-shape": (
        "A single value, a list or a table stands where another of the three belongs. "
        "Conditions, for example, are a list: each on a line of its own that begins with `- "
        "`."
    ),
    "value-missing": (
        "A key is there and its value is not. Write the value, or remove the key where it has "
        "a default."
    ),
    "key-missing": (
        "A part is missing that has no safe default. Add it; the message names the key, like "
        "`lasts: 2h to 24h`."
    ),
    "key-unfit": (
        "The key exists, but not in this company: `at: 95%` says nothing about a share. "
        "Remove the key, or change the kind or source that it contradicts."
    ),
    "unknown-key": (
        "No such key belongs here, and a key that is ignored could be a guard that is not "
        "watched. Mend the spelling: `roll_back_when`, not `rollback_when`."
    ),
    "unknown-word": (
        "The value is none of the words that are possible here. Choose one of those listed, "
        "like `risk: low`."
    ),
    "unknown-metric": (
        "The plan defines no metric of that name. Mend the spelling, or define it below `metrics`."
    ),
    "unknown-check": (
        "A step names a check that the plan does not define. Mend the spelling, or define it "
        "below `checks`."
    ),
    "case-file-outside": (
        "The server opens case files on behalf of whoever starts a run, and so only those in the "
        "folder of the plan. Links that lead out of it are not followed either."
    ),
    "unknown-cases": (
        "A metric or step names labelled cases that the plan does not define. Mend the "
        "spelling, or define them below `cases`."
    ),
    "unknown-endpoint": (
        "A URL or query begins with `{name}`, and no endpoint has that name. Mend the "
        'spelling, or add `endpoints: {clinic: "http://127.0.0.1:8090"}`.'
    ),
    "metric-unused": (
        "A metric is defined, and no gate or guard asks for it. Often a guard was forgotten: "
        "add `- error_rate > 2%` to roll_back_when, or remove the metric."
    ),
    "name-form": (
        "Names go into flags, addresses and reports, so they have letters, digits, _ and -, "
        "begin with a letter, and have at most 80 signs: `new_cart`. A flag's key may have "
        "dots; it cannot end in `.shadow`."
    ),
    "name-twice": (
        "Two phases, metrics, components or flags of one phase share a name, so evidence "
        "could not be told apart. Give each its own, or merge the two."
    ),
    "number-form": (
        "The value is not the kind of number that belongs here. A week is a whole number from "
        "1; a weight is a number above 0, like 0.4."
    ),
    "unit-missing": (
        "Percentages, durations and rates carry their unit, because 0.25 could be a quarter "
        "or a quarter of a per cent. Write `25 %` or `15m`."
    ),
    "unit-unknown": (
        "The duration has a unit that nobody here knows. Durations know ms, s, m (or min), h "
        "and d. Write `90s` or `2h30m`."
    ),
    "share-form": (
        "The value is to be a share, and a share is written as a percentage with its sign. "
        "Write `95%` or `0.5 %`."
    ),
    "share-range": (
        "A share lies between nothing and everything. A bound, a confidence, an error budget "
        "or a quantile lies strictly between, since a guard like `error_rate > 100%` never "
        "trips: write `95%`."
    ),
    "exposure-range": (
        "An exposure is a share of the phase's audience: more than 100 % is more than "
        "everyone, and a last stage of 0 % is nobody. Write like `15 %`."
    ),
    "exposure-precision": (
        "Subjects are bucketed in steps of 0.01 %, so a finer exposure cannot be kept. Round "
        "it: `0.13 %`."
    ),
    "flag-shared": (
        "A component is one thing that can be taken back by itself. Two components over one flag "
        "cannot: withdrawing one would leave the flag on for the other. Give each a flag of its "
        "own, or call them by one name in every phase."
    ),
    "guard-sentinel-only": (
        "A sentinel speaks only when harm has happened, so a phase guarded by sentinels alone "
        "cannot tell health from silence. Add a guard over a share or a quantile, like "
        "`error_rate > 2%`."
    ),
    "scale-form": (
        "A mean is judged by where it lies between the least and the greatest value there is, so "
        "it needs both: `scale: 1 to 5`. A value outside makes the series invalid, because it may "
        "have another unit."
    ),
    "scale-range": (
        "A mean lies within its scale, so a bound at its end or beyond is passed always or never. "
        "Choose one inside, like `rating < 4` on a scale of 1 to 5, and a margin smaller than the "
        "scale is long."
    ),
    "cuts-missing": (
        "To compare a quantile with control, both arms' whole distributions are compared: the "
        "share beyond each of a few values. Name them: `cuts: 300ms, 1s, 3s`."
    ),
    "cuts-many": (
        "All cuts share one budget, so each further one makes the others slower. Keep at most "
        "six: some where most values lie, and one or two where it hurts."
    ),
    "window-form": (
        "A window says when a run may go forward: days (`mon-fri`, `mon,wed`, `sat-sun`), two "
        "times of one day, and the offset from UTC, because a plan must mean the same moment on "
        'every server. Write it like "mon-fri 08:00-16:00 +08:00". Rollbacks know no window.'
    ),
    "duration-form": (
        "A duration is a number with a unit, or several in a row. Write `90s`, `2h`, `2.5h` "
        "or `2h30m`."
    ),
    "duration-range": (
        "A duration is above nothing and at most ten years; one that tallies must resolve is "
        "at least a second. Write like `30s`."
    ),
    "rate-form": (
        "Traffic is subjects per time, and more than none. Write `200/min`, `3/s` or `1000/h`."
    ),
    "lasts-form": (
        "A phase says how long it is watched at least, and when it stops as inconclusive at "
        "the latest. Write both: `lasts: 2h to 24h`."
    ),
    "lasts-inverted": (
        "The shortest watch of the phase is longer than the longest, so it could never end. "
        "Swap the two: `lasts: 2h to 24h`."
    ),
    "unattended-form": (
        "The plan says what happens to trial exposure when nobody watches any more. Write "
        "`withdraw after 15m`, or `keep` if losing the feature would hurt more."
    ),
    "url-form": (
        "Checks and cases are asked over HTTP. Write a whole address, or one that begins with "
        "an endpoint: `{clinic}/health`. Endpoints of metric sources may speak something else, "
        "like postgresql://."
    ),
    "address-secret": (
        "A plan is read by many and kept for ever, so no address in it carries a user or a "
        "password. Leave them out, and set PHASEGATE_NAME_USER and PHASEGATE_NAME_PASSWORD for "
        "the server, with the endpoint's name."
    ),
    "predicate-form": (
        "A predicate asks one thing of one observation. Write `error`, `not opened`, `rating "
        '>= 4` or `outcome == "timeout"`; only numbers have an order, and text is quoted.'
    ),
    "predicate-choice": (
        "A share must say which observation is bad or which is good, and not both, since the "
        "two could contradict each other. Keep one: `bad: error`."
    ),
    "source-unfit": (
        "Observations of this kind cannot come from that source. Shares, quantiles and levels "
        "come from otlp, prometheus, sql or http_json, sentinels from otlp alone, and labelled "
        "cases give shares."
    ),
    "counts-requests": (
        "A gate, and a comparison with control, need independent units, and requests of one "
        "subject fail together. Counts of requests serve guards with a bound. Take the metric "
        "from otlp, have the query count each subject once, or ask for a level."
    ),
    "condition-form": (
        "A condition is one line in one of five forms: `error_rate < 2%`, `response_time > "
        "3s`, `error_rate worse than control by 1%`, `safety_critical` for a guard, `no "
        "safety_critical` for a gate. The sides are < and >."
    ),
    "condition-unit": (
        "The bound is not in the unit that the metric is measured in. Write it as the metric "
        "says: `queue < 10 messages` where unit is messages."
    ),
    "condition-inverted": (
        "A gate lets pass what is good and a guard takes back what is bad; this line does the "
        "opposite, so that harm would pass or health be taken back. Turn it: the gate "
        "`error_rate < 2%`, the guard `error_rate > 2%`."
    ),
    "comparison-unsupported": (
        "The metric cannot be asked that. Only shares compare with control; a sentinel has no "
        'bound, and everything else needs one. Write `response_time > 3s` instead of "worse '
        'than control".'
    ),
    "component-form": (
        'A component says once what is exposed. Write `new_cart: 25%`, `{exposure: "5% then '
        '15%", flag: cart_v2}` or `{shadow: "100%", then: "20%"}`.'
    ),
    "step-form": (
        "A step does exactly one thing. Write `- run: clinic test events`, `- check: "
        "database` or `- evaluate: {cases: routing, metric: model_selection}`."
    ),
    "step-twice": (
        "Findings go by the step's name, so a phase cannot have one twice in its before or "
        "after. Leave one of the two out."
    ),
    "sign-off-form": (
        "A sign-off names a role, and a number where more than one signs. Write `approver` or "
        "`2 safety_officer`."
    ),
    "sign-off-missing": (
        "Nobody signs a phase whose risk is not low. Add `sign_off: [approver]`, or lower the "
        "risk if it is."
    ),
    "phase-without-components": (
        "A phase that exposes nothing has nothing to judge. Add a component: `new_cart: 5%`."
    ),
    "phase-without-guards": (
        "Nothing would take the phase back, whatever happens to patients. Add guards: `- "
        "error_rate > 2%`."
    ),
    "phase-without-gates": (
        "The phase passes when its shortest watch is over, without anything being shown. Add "
        "gates: `- error_rate < 2%`."
    ),
    "hazard-unguarded": (
        "A hazard has no guard: no phase is taken back when the harm happens. A gate alone "
        "asks once, at the end. Name in guarded_by a metric that stands in some phase's "
        "roll_back_when."
    ),
    "hazard-metric-unused": (
        "A hazard names a metric that no phase asks for, so it guards nothing. Add it to a "
        "phase, or name another."
    ),
    "week-order": (
        "Phases run in the order of the file, and this one is due before the one above it. "
        "Reorder them, or mend the week."
    ),
    "guard-over-cases": (
        "A guard is watched in live traffic; a share of labelled cases is run only at a step. "
        "Ask for the metric in pass_when, and guard with one that live traffic feeds, or with "
        "`kind: level, source: cases`, which has the cases run again and again."
    ),
    "cases-unevaluated": (
        "A gate asks for a metric of labelled cases, and no step of the phase runs them, so "
        "it could never open. Add `- evaluate: {cases: routing, metric: model_selection}` to "
        "before."
    ),
    "cases-mismatch": (
        "The step feeds a metric from cases that the metric does not take. Define the metric "
        "with `source: cases` and the same cases."
    ),
    "exposure-falls": (
        "A flag reaches fewer subjects later than before, so some lose what they had without "
        "a rollback. Keep the exposure or raise it; `exposure: 20%` after 25 % is probably a "
        "slip."
    ),
    "query-unbounded": (
        "Counts are asked for step by step, and the query does not say which step. Name `:since` "
        "and `:until` in SQL, or `{since}` and `{until}` in an address. What comes from outside "
        "them then is an error, and the guard goes blind instead of losing counts."
    ),
    "bucket-coarse": (
        "A step is asked for once, when it is over. A longer bucket is still filling then, and "
        "what comes into it later would be lost. Make buckets of `:step` seconds, or the plan's "
        "`block` as long as a bucket."
    ),
    "control-missing": (
        "A guard against control needs subjects without the component, and here all get it. "
        "Guard with a bound: `- error_rate > 2%`. As a warning: only the last stage has no "
        "control, and there the guard is silent."
    ),
    "rate-beyond-block": (
        "A rate counts a subject once in a block, so that half an event in a block is the most "
        "that a bound can be below. At that bound and beyond, nobody would see the rate pass it."
    ),
    "gate-equals-guard": (
        "Gate and guard share one bound. That is honest, but near the bound neither can be "
        "shown, and the phase stops as inconclusive when it has lasted longest. Leave it, or "
        "leave room: gate `error_rate < 1%`, guard `error_rate > 2%`."
    ),
    "gate-looser-than-guard": (
        "The gate lets pass what the guard takes back, so the gate adds nothing. Make it "
        "stricter: gate `error_rate < 1%` beside guard `error_rate > 2%`."
    ),
    "gate-undecidable": (
        "Even without a single failure, the planned traffic brings too few subjects to show "
        "what the gate asks before the phase ends; it could only end as inconclusive. The "
        "message says how many are needed and when. Let the phase last longer, expose more, "
        "or ask for less."
    ),
    "gate-late": (
        "The gate can be decided, but not within the shortest watch. Nothing is wrong: the "
        "phase will take at least the time that the message names."
    ),
    "gate-doubtful": (
        "The gate could be shown in time if nothing at all failed. At the share that is assumed "
        "of a healthy metric, a quarter of its bound, it will most likely end as inconclusive. "
        "See `phasegate plan power FILE`; let the phase last longer, expose more, or ask for less."
    ),
    "guard-late": (
        "With the planned traffic and exposure the guard finds even a total failure only after "
        "the shortest watch, so the phase may have passed by then. See `phasegate plan power "
        "FILE`; watch longer, expose more, or raise the metric's `weight`."
    ),
    "lag-too-long": (
        "Outcomes of the metric arrive later than the phase can end, so none would ever "
        "count. Let the phase last longer, as in `lasts: 2h to 72h`, or measure something "
        "earlier."
    ),
    "hold-too-long": (
        "The level must stay beyond its bound for longer than the phase lasts, so the "
        "condition could never be met. Shorten `hold: 2m`, or let the phase last longer."
    ),
}
"""Paragraphs by code, as `phasegate explain CODE` shows them."""
