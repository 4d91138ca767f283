"""The clinic's command line: serve, drive traffic, validate, test, benchmark."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from clinic.records import Question
    from clinic.selftest import Score
    from clinic.traffic.driver import Profile

URL = "http://127.0.0.1:8090"
CASES = Path("cases") if Path("cases").is_dir() else Path("plans/cases")
"""Case files lie beside the plans; steps of a plan are run in its folder."""

url_option = click.option("--url", default=URL, envvar="CLINIC_URL", show_default=True)


@click.group()
def main() -> None:
    """Run and examine the reference clinic."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True)
@click.option("--database", default="clinic.sqlite3", show_default=True)
@click.option("--phasegate", default="", help="Control plane; without it every version is old.")
@click.option("--token", default="", envvar="PHASEGATE_TOKEN", help="Token of the control plane.")
@click.option("--environment", default="production", show_default=True)
@click.option("--allow-defects", is_flag=True, help="Let POST /defects plant defects, for drills.")
def serve(
    *,
    host: str,
    port: int,
    database: str,
    phasegate: str,
    token: str,
    environment: str,
    allow_defects: bool,
) -> None:
    """Serve the clinic until it is told to stop."""
    import uvicorn

    from clinic import instruments
    from clinic.app import Clinic, create_app
    from clinic.database import Database

    wires = None
    if phasegate:
        wires = instruments.connect(phasegate, environment=environment, token=token)
    store = Database(database)
    told = wires.instruments if wires else instruments.unwatched()
    app = create_app(Clinic(store, told, allow_defects=allow_defects))
    source = f"flags of {environment} from {phasegate}" if phasegate else "old versions alone"
    click.echo(f"the clinic serves http://{host}:{port}, {source}; Ctrl-C ends it", err=True)
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    finally:
        store.close()
        if wires:
            wires.close()


@main.command()
@url_option
@click.option("--rate", default=60.0, show_default=True, help="Visits per second.")
@click.option("--duration", default=120.0, show_default=True, help="Seconds.")
@click.option("--patients", default=2000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--rating-share", default=0.6, show_default=True)
@click.option("--rating-delay", default=2.0, show_default=True, help="Seconds.")
@click.option("--unhappy-share", default=0.0, help="Share who rate badly whatever the answer.")
@click.option("--unhappy-with", default="", help="Only those with the new version of this flag.")
@click.option("--silent-share", default=0.0, help="Dangerous vitals behind harmless words.")
@click.option("--most-at-once", default=0, help="Turn patients away beyond so many; 0: never.")
def traffic(
    *,
    url: str,
    rate: float,
    duration: float,
    patients: int,
    seed: int,
    rating_share: float,
    rating_delay: float,
    unhappy_share: float,
    unhappy_with: str,
    silent_share: float,
    most_at_once: int,
) -> None:
    """Send patients to a clinic; ends by itself, or cleanly on SIGTERM."""
    from clinic.traffic.driver import Profile

    if rate <= 0 or duration <= 0 or patients < 1:
        raise click.UsageError("--rate, --duration and --patients must be above zero")
    profile = Profile(
        url=url,
        rate=rate,
        duration_s=duration,
        patients=patients,
        seed=seed,
        rating_share=rating_share,
        rating_delay_s=rating_delay,
        unhappy_share=unhappy_share,
        unhappy_with=unhappy_with,
        silent_share=silent_share,
        most_at_once=most_at_once,
    )
    click.echo(json.dumps(_drive(profile), indent=2))


@main.group()
def validate() -> None:
    """Validate a running clinic."""


@validate.command()
@url_option
def staging(url: str) -> None:
    """Exercise every component of a running clinic, and one consultation."""
    from clinic import staging as checks

    results = checks.validate(url)
    for result in results:
        click.echo(f"{'pass' if result.passed else 'FAIL':5} {result.what:28} {result.seen}")
    failed = sum(not result.passed for result in results)
    click.echo(f"phasegate: {len(results)} exercised, {failed} failed at {url}")
    sys.exit(1 if failed else 0)


@validate.command()
@url_option
@click.option("--consultations", default=100, show_default=True, type=click.IntRange(min=20))
@click.option("--within-ms", default=1500.0, show_default=True, help="What 95 % must keep.")
def performance(url: str, consultations: int, within_ms: float) -> None:
    """Time consultations of a running clinic, one after the other."""
    from clinic import staging as checks

    try:
        timing = checks.timed(url, consultations)
    except checks.NotServed as error:
        click.echo(str(error))
        sys.exit(1)
    good = timing.p95_ms <= within_ms
    click.echo(
        f"phasegate: {'pass' if good else 'FAIL'} {consultations} consultations: "
        f"p50 {timing.p50_ms:.1f} ms, p95 {timing.p95_ms:.1f} ms, {within_ms:.0f} ms allowed"
    )
    sys.exit(0 if good else 1)


@main.group()
def test() -> None:
    """Put labelled cases to the new components, in process."""


@test.command("medical-safety")
@click.option("--cases", type=Path, default=CASES / "medical-safety.jsonl", show_default=True)
def medical_safety(cases: Path) -> None:
    """Emergencies must be found: more than 95 % of them, shown at 95 % confidence."""
    sys.exit(0 if _is_safe(cases) else 1)


@test.command("ai-system")
@click.option("--cases", type=Path, default=CASES / "model-routing.jsonl", show_default=True)
def ai_system(cases: Path) -> None:
    """The right tier must be chosen: more than 90 % of cases, shown at 95 % confidence."""
    sys.exit(0 if _routes_well(cases) else 1)


@test.command()
def comprehensive() -> None:
    """Everything that can be tested in process."""
    passed = [_is_safe(CASES / "medical-safety.jsonl"), _routes_well(CASES / "model-routing.jsonl")]
    sys.exit(0 if all(passed) else 1)


@main.group()
def benchmark() -> None:
    """Time parts of the clinic."""


@benchmark.command("ai-performance")
@click.option("--answers", default=2000, show_default=True, type=click.IntRange(min=1))
@click.option("--out", type=Path, help="Write the baseline to this file as well.")
def ai_performance(answers: int, out: Path | None) -> None:
    """Time the AI part in process and print the baseline."""
    from clinic.benchmark import measure

    baseline = json.dumps(asdict(measure(answers)), indent=2)
    click.echo(baseline)
    if out is not None:
        out.write_text(baseline + "\n", "utf-8")


@main.group()
def configure() -> None:
    """Check settings."""


@configure.command()
@click.option("--models", required=True, help="Names, separated by commas.")
def ai(models: str) -> None:
    """Check that the models are known, and show what each costs."""
    from clinic.components.model_router import MODELS, PLAYED_BY

    known = {model.name: model for model in MODELS} | PLAYED_BY
    wanted = [name.strip() for name in models.split(",") if name.strip()]
    strange = sorted(set(wanted) - set(known))
    if strange or not wanted:
        raise click.UsageError(
            f"unknown models: {', '.join(strange) or 'none given'}; known: {', '.join(known)}"
        )
    for name in wanted:
        model = known[name]
        part = "" if name == model.name else f"  (played by {model.name}: there is no network)"
        cost = f"cost {model.cost_micro} millionths"
        click.echo(f"{name:18} strength {model.strength}  {cost}{part}")


@main.command()
@url_option
def health(url: str) -> None:
    """Show the health of a running clinic."""
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=5)
        components = answer.json()["components"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        click.echo(f"{url} gave no health ({type(error).__name__}): is the clinic running there?")
        sys.exit(1)
    for state in components:
        click.echo(f"{'well' if state['well'] else 'BROKEN':7} {state['name']:28} {state['why']}")
    sys.exit(0 if answer.status_code == 200 else 1)


def _is_safe(cases: Path) -> bool:
    from clinic import evaluate

    scores = _scores(cases, evaluate.medical_safety)
    sensitivity = next((it for it in scores if it.name == "emergency_sensitivity"), None)
    return sensitivity is not None and sensitivity.shown > 0.95


def _routes_well(cases: Path) -> bool:
    from clinic import evaluate, health
    from clinic.database import Database

    database = Database(":memory:")
    states = [health.examine(name, database) for name in health.EXERCISES]
    for state in states:
        click.echo(f"{'pass' if state.well else 'FAIL':5} {state.name:28} {state.why}")
    scores = _scores(cases, evaluate.model_routing)
    return all(state.well for state in states) and all(score.shown > 0.9 for score in scores)


def _scores(cases: Path, answer: Callable[[Question], str]) -> list[Score]:
    from clinic.selftest import read, score

    if not cases.exists():
        raise click.UsageError(f"there is no case file {cases}: name one with --cases")
    scores = score(read(cases), answer)
    for it in scores:
        click.echo(
            f"phasegate: {it.name:24} {it.right} right, {it.all - it.right} wrong of {it.all};"
            f" at least {it.shown:.1%} shown at 95 % confidence"
        )
        if it.wrong:
            click.echo(f"  wrong: {', '.join(it.wrong)}")
    return scores


def _drive(profile: Profile) -> dict[str, object]:
    import asyncio
    import signal

    import uvloop

    from clinic.traffic.driver import Driver

    async def run() -> dict[str, object]:
        driver = Driver(profile, lambda line: click.echo(line, err=True))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, driver.stop)
        return await driver.run()

    return uvloop.run(run())


if __name__ == "__main__":
    main()
