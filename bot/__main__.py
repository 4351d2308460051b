"""The command line: `gpu-bot up|web|worker|sandbox|manifest|doctor`."""

from __future__ import annotations

if __name__ == "__main__":
    from bot.process.early_exit import leave_on_signals

    leave_on_signals()

import asyncio
import json
import os
import platform
import re
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from bot.process import logs, terminal
from bot.process.early_exit import leave_on_signals
from core.adapters import settings
from core.adapters.settings import Settings
from core.adapters.user_agent import VERSION
from core.domain.errors import SettingsError

cli = typer.Typer(
    help="GPUs from Slack: create a Novita GPU instance from a form and follow it in one thread.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"gpu-bot {VERSION} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
        raise typer.Exit


@cli.callback()
def gpu_bot(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show which version this is, and exit."),
    ] = False,
) -> None:
    """What comes before the name of a command."""


@cli.command(short_help="Answer Slack and do the background work, in one process.")
def up() -> None:
    """Answer Slack and do the background work in one process: for a small team."""
    loaded = _loaded(settings.for_web)
    from bot.wiring.process import run
    from bot.wiring.web import as_web
    from bot.wiring.worker import as_worker

    _run(lambda: run(loaded, as_web, as_worker))


@cli.command()
def web() -> None:
    """Answer Slack and carry out creates."""
    loaded = _loaded(settings.for_web)
    from bot.wiring.process import run
    from bot.wiring.web import as_web

    _run(lambda: run(loaded, as_web))


@cli.command(short_help="Watch instances, end leases, tell what is left to tell.")
def worker() -> None:
    """Watch instances, tell what is left to tell, keep prices fresh. Any number of these may run."""
    loaded = _loaded(settings.for_worker)
    from bot.wiring.process import run
    from bot.wiring.worker import as_worker

    _run(lambda: run(loaded, as_worker))


class Story(StrEnum):
    """What `sandbox --rehearse` can play."""

    CREATE = "create"
    LIFECYCLE = "lifecycle"


def _story(text: str) -> Story:
    try:
        return Story(text.lower())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no story; write create or lifecycle") from None


def _port(given: str | int) -> int:
    """What was written, or the number that stands for it."""
    text = str(given)
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise typer.BadParameter(f"{text!r} is no port; write a number from 0 to 65535")
    return int(text)


@cli.command(short_help="Try the bot with a make-believe Slack and Novita: no account.")
def sandbox(
    # An argument, because typer has no options whose value may be left out.
    story: Annotated[Story | None, typer.Argument(parser=_story, metavar="create|lifecycle", hidden=True)] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Play a person through a story, show it, check it, and end: create, or lifecycle for all that comes "
            "after it.",
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the logs of web and worker as they come.")] = False,
    port: Annotated[
        int, typer.Option(parser=_port, metavar="NUMBER", help="The page's port; when it is taken, a free one.")
    ] = 4040,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser, on a desktop.")] = True,
) -> None:
    """Try the bot with a make-believe Slack and Novita on this machine: no account, no key, no cost."""
    if story and not rehearse:
        raise typer.BadParameter(f"{story} can be rehearsed: gpu-bot sandbox --rehearse {story}", param_hint="STORY")
    from bot.sandbox.run import run

    terminal.end_with_the_reader()
    played = (story or Story.CREATE).value if rehearse else None
    raise typer.Exit(run(story=played, verbose=verbose, port=port, opens=opens))


@cli.command(short_help="Print what makes the Slack app, or a link that does.")
def manifest(
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="https address that Slack reaches the bot at; leave out for Socket Mode."),
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Print the address at Slack that has it filled in.")] = False,
) -> None:
    """Print the Slack app's manifest, to paste at api.slack.com/apps → Create New App → From a manifest."""
    from bot.slack.manifest import link_to
    from bot.slack.manifest import manifest as build

    try:
        made = build(url)
    except SettingsError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    typer.echo(link_to(made) if link else json.dumps(made, indent=2))


@cli.command(short_help="Examine an installation, and say what to do.")
def doctor(
    channel: Annotated[
        str,
        typer.Option(
            metavar="ID", help="A channel's id, such as C012AB3CD: try to write there; the line is removed at once."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Examine settings, Redis, Slack, Novita and the workers, and say what to do. Exit code 1 when something failed."""
    from bot.slack.ids import CONVERSATION_ID

    if channel and not CONVERSATION_ID.fullmatch(channel):
        raise typer.BadParameter("is a channel's id, such as C012AB3CD; names do not work here", param_hint="--channel")
    from bot.doctor import table
    from bot.doctor.result import is_well
    from bot.wiring.doctor import run

    try:
        findings = asyncio.run(run(channel))
    except asyncio.CancelledError:
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(table.as_json(findings))
    else:
        table.show(findings)
    raise typer.Exit(0 if is_well(findings) else 1)


def _loaded(load: Callable[[], Settings]) -> Settings:
    """Before all that takes time to load, so that whoever set something wrong hears of it at once."""
    try:
        loaded = load()
    except SettingsError as error:
        raise _wrong(error) from None
    logs.setup(loaded.log_level, loaded.log_format)
    return loaded


def _run(work: Callable[[], object]) -> None:
    try:
        asyncio.run(work())  # type: ignore[arg-type]
    except SettingsError as error:
        raise _wrong(error) from None
    finally:
        # The event loop has put its own back, and what is left to do now is nothing that could be lost.
        leave_on_signals()


def _wrong(error: SettingsError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def main() -> None:
    """The whole command. Exit code 1 also when what it had to say could not be written."""
    terminal.steady()
    try:
        cli()
    finally:
        if lost := terminal.lost_output():
            sys.stderr.write(f"The output could not be written: {lost}.\n")
            sys.stderr.flush()
            os._exit(1)


if __name__ == "__main__":
    main()
