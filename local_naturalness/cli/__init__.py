"""The command line: `local-naturalness COMMAND --help`."""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from local_naturalness.cli import (
    benchmark,
    compare,
    demo,
    estimate,
    merge,
    push,
    report,
    score,
    select,
    show,
    teachers,
)
from local_naturalness.cli.error_messages import told
from local_naturalness.version import __version__

_COMMANDS = (demo, estimate, show, score, merge, teachers, select, compare, report, push, benchmark)

_PIPE_CLOSED = 128 + 13  # as of a program that is stopped by SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words of the command line, `None` for those of the process.

    Returns:
        Exit code: 0; 2 on bad input, with one sentence on standard error that says what to change; 128 and
        the signal's number for a run that was stopped, with what is kept.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 128 + signal.SIGINT


def _run(arguments: Sequence[str] | None) -> int:
    parser, commands = _parsers()
    options = parser.parse_args(arguments)
    # Importing these takes seconds, `--help` should not.
    from datasets.exceptions import DatasetsError

    from local_naturalness.cli.stopping import Stopped
    from local_naturalness.cli.terminal import (
        VisibleStream,
        hide_progress_unless_watched,
        tell_what_is_logged,
    )

    hide_progress_unless_watched()
    names = re.findall(r"--[\w-]+", commands[options.command].format_usage())
    if arguments is None:  # a program may set up logging, a function that was called may not
        tell_what_is_logged(names)
    shown = VisibleStream(sys.stdout) if sys.stdout.isatty() else sys.stdout
    try:
        with redirect_stdout(shown):
            options.run(options)
        shown.flush()
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.exit_code
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has enough of it. Python writes what is left when it ends.
        if sys.__stdout__ is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
        return _PIPE_CLOSED
    except RecursionError:
        return _refused(options.command, "a value of the input is nested too deeply to be read.")
    except (DatasetsError, ImportError, MemoryError, OSError, TypeError, ValueError) as error:
        return _refused(options.command, told(error, names))
    return 0


def _refused(command: str, sentence: str) -> int:
    print(f"local-naturalness {command}: error: {sentence}", file=sys.stderr)
    return 2


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of all words, and that of each command."""
    parser = argparse.ArgumentParser(
        prog="local-naturalness",
        description="Choose the teacher, and the teacher's answer to each prompt, to train a student on.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        name = command.__name__.rpartition(".")[2]
        summary, _, _ = (command.__doc__ or "").partition("\n")
        subparser = commands.add_parser(
            name,
            help=summary,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser, commands.choices
