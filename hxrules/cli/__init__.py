"""The front door: `hxrules COMMAND`. Thin: options and exit codes (design §0.2); what is printed comes from `reports`.

Commands are imported when they are called, so that `--version` and `--help` answer at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from keyword import iskeyword
from typing import Any

import click

from hxrules import __version__

COMMANDS = {
    "init": "Begin: a first ruleset with its tests, and what CI needs.",
    "validate": "Check rulesets: every problem with its place, cause and remedy.",
    "fmt": "Bring rulesets into their one layout, or into the current version of the language.",
    "test": "Run a ruleset's own cases, without any network.",
    "diff": "What changes in rules between two rulesets or git revisions, and for how many records.",
    "dry-run": "Show exactly what apply would do. Writes nothing.",
    "apply": "Carry out what the ruleset says.",
    "show": "Print a saved plan.",
    "status": "In sync, failing, excluded: by sync, with the records behind each number.",
    "undo": "Put back what a run wrote, in both apps.",
    "link": "Say that two records are one, where matching can't tell.",
    "unlink": "Part two records that are linked, and keep them apart.",
    "log": "What was done: every run, every write, before and after.",
    "remove": "Forget a sync that is off; deletes nothing in either app.",
    "connect": "Open HubSpot and Xero to hxrules: consent in the browser, token, custom connection.",
    "import": "Propose rules for what only your accounts have: properties, accounts, tax rates.",
    "disconnect": "Take a consent back, and forget the connection.",
    "doctor": "Check sign-in, scopes, accounts, currencies, clocks, lock dates, properties and limits.",
    "explain": "Why a record stands where it stands, field by field; or what a problem code means.",
    "lsp": "Serve an editor: problems, completion, hover. It is the editor that starts it.",
    "sandbox": "Serve a local HubSpot and a local Xero.",
    "demo": "Watch the whole story on the sandbox, in two minutes.",
}


class _Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        module = importlib.import_module(f"hxrules.cli.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from hxrules.problems import near

            close = near(name, COMMANDS, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="hxrules %(version)s")
def cli() -> None:
    """Keep a HubSpot portal and a Xero organisation in step, by rules that are reviewed like code.

    \b
      hxrules init                     begin, in an empty folder
      hxrules validate                 check the ruleset of this folder
      hxrules dry-run                  see what would change, and why
      hxrules apply                    look at it once more, then do it
      hxrules demo                     watch it all on a local sandbox

    The ruleset is hxrules.yaml in this folder or the nearest one above, or $HXRULES_RULESET. To complete commands, options and names
    with the Tab key, add to ~/.bashrc (or ~/.zshrc, with zsh_source):

    \b
      eval "$(_HXRULES_COMPLETE=bash_source hxrules)"
    """


def main() -> None:
    """Runs the command line and exits with a code of design §0.2."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code. Prints every failure as a problem, never as a traceback."""
    from hxrules.problems import Halt

    try:
        result: Any = cli.main(arguments, prog_name="hxrules", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 0
    except click.ClickException as error:
        from hxrules.cli.output import show_wrong_usage

        return show_wrong_usage(error, arguments)
    except click.Abort:
        click.echo("Stopped. Nothing further was done.", err=True)
        return 1
    except Halt as halt:
        from hxrules.cli.output import show_halt

        return show_halt(halt, arguments)
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        from hxrules.cli.output import show_unexpected

        return show_unexpected(error, arguments)
