"""`hxrules lsp`: a language server for editors, over stdin and stdout."""

from __future__ import annotations

import click


@click.command("lsp")
def command() -> int:
    """Serve an editor: problems while one types, completion inside filters, what a field is, the way to its default mapping.

    Editors start it themselves; docs/editor.md says how to tell them. It needs pygls, which comes with hxrules[lsp].

    \b
      pip install 'hxrules[lsp]'
      hxrules lsp
    """
    try:
        from hxrules.lsp.server import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise click.UsageError("The language server needs pygls: pip install 'hxrules[lsp]'.") from error
    server().start_io()
    return 0
