"""The `advisor` command: a table of commands, each imported only when it runs."""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from advisor.errors import INTERRUPTED_EXIT_CODE, AdvisorError, exit_code, near_names, one_line

# command -> (module:attribute, one line of help). `advisor --help` reads this table and imports nothing else.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("advisor.cli.run:run", "Size, tune and report, end to end, on this machine's device."),
    "size": ("advisor.cli.size:size", "Parameters, FLOPs, memory and time of one model on one GPU."),
    "propose": ("advisor.cli.propose:propose", "The models to train on a GPU in a time, ranked."),
    "explain": ("advisor.cli.explain:explain", "What each knob does to memory and time, and what frees memory."),
    "export": ("advisor.cli.export:export", "A proposal as a config of another tool, or as a training script."),
    "verify": ("advisor.cli.verify:verify", "Three real steps of a proposal here, predicted beside measured."),
    "gpus": ("advisor.cli.gpus:gpus", "The GPU catalogue, one GPU, or the device at hand."),
    "calibrate": ("advisor.cli.calibrate:calibrate", "Measure this machine's device, for the times of estimates."),
    "tune": ("advisor.cli.tune:tune", "A tuning study of short real trials within a time budget."),
    "lr-find": ("advisor.cli.lr_find:lr_find", "One learning-rate range test, read by several rules."),
    "studies": ("advisor.cli.studies:studies", "The studies in a store: list, show, delete."),
    "sample": ("advisor.cli.sample:sample", "Text from the best model of a study."),
    "report": ("advisor.cli.report:report", "One offline HTML page about a study."),
    "serve": ("advisor.cli.serve:serve", "The service: a JSON API and web pages, on this machine."),
    "token": ("advisor.cli.token:token", "The tokens by which the service knows who may use it."),
}
PROGRAM = "advisor"


class CommandTable(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = near_names(args[0], COMMANDS)
            raise click.UsageError(
                f"unknown command {args[0]!r}; " + (f"near: {', '.join(near)}" if near else "see advisor --help")
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="transformer-advisor", prog_name=PROGRAM)
def cli() -> None:
    """What is the best transformer you can train on this GPU in this time, and with which hyperparameters?

    Sizes are bytes (14GiB, 24GB), durations are s, m, h (3m, 1h30m), counts may end in k, M, B (2B tokens).
    Results go to standard output, progress and errors to standard error.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; every mistake of the user is one line on standard error and a non-zero exit code."""
    try:
        code = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except AdvisorError as error:
        _fail(str(error), exit_code(error))
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", INTERRUPTED_EXIT_CODE)
    except BrokenPipeError:  # the reader of our output has seen enough, as in `advisor gpus | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(message: str, code: int) -> None:
    print(f"{PROGRAM}: {one_line(message)}", file=sys.stderr)
    sys.exit(code)
