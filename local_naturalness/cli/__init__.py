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
from local_naturalness.cli.arguments import told_several_inputs
from local_naturalness.cli.error_messages import told
from local_naturalness.cli.unprintable import escape_unprintable
from local_naturalness.version import __version__

_COMMANDS = (demo, estimate, show, score, merge, teachers, select, compare, report, push, benchmark)

_PIPE_CLOSED = 128 + 13  # the exit code of a program that SIGPIPE stops


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words of the command line. `None` takes those of the process.

    Returns:
        Exit code. 0 is success. 2 is bad input, and one sentence on standard error says what to change. 128
        plus the number of the signal is a run that was stopped, and a message says what is kept.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 128 + signal.SIGINT


def _run(arguments: Sequence[str] | None) -> int:
    if arguments is None:  # only a program may change its standard output, not a function that was called
        escape_unprintable()
    parser, commands = _parsers()
    options, further = parser.parse_known_args(arguments)
    if further:
        if message := told_several_inputs(further, options):
            return _refused(options.command, message)
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    # These imports take seconds. They come after parsing, so that `--help` is fast.
    from datasets.exceptions import DatasetsError

    from local_naturalness.cli.stopping import Stopped
    from local_naturalness.cli.terminal import (
        VisibleStream,
        hide_progress_unless_watched,
        tell_what_is_logged,
    )

    hide_progress_unless_watched()
    names = re.findall(r"--[\w-]+", commands[options.command].format_usage())
    if arguments is None:  # only a program may set up logging, not a function that was called
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
        # The reader of the output, such as `head`, has closed it. Python would write the rest when it exits,
        # so the rest goes to nowhere.
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
    """The main parser, and the parser of each command."""
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
