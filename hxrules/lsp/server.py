"""The language server protocol around `document`: pygls does the talking, files on disk and open ones are read here."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument

from hxrules import __version__, shipped
from hxrules.catalogue import load_catalogue
from hxrules.lsp.document import Document
from hxrules.problems import Problem, Severity, Span

_SEVERITIES = {Severity.ERROR: lsp.DiagnosticSeverity.Error, Severity.WARNING: lsp.DiagnosticSeverity.Warning}
_KINDS = {
    "field": lsp.CompletionItemKind.Field,
    "value": lsp.CompletionItemKind.EnumMember,
    "association": lsp.CompletionItemKind.Reference,
    "word": lsp.CompletionItemKind.Keyword,
}


def server() -> LanguageServer:
    """A server, ready to be started."""
    made = LanguageServer("hxrules", __version__)

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        _publish(made, params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        _publish(made, params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        # Others may extend it.
        for uri in made.workspace.text_documents:
            _publish(made, uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @made.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "(", "[", ","]))
    def complete(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        there = _There(made, params.text_document.uri)
        line, column = there.from_client(params.position)
        offer = there.document.complete(line, column)
        replaced = lsp.Range(there.to_client(line, column - offer.length), params.position)
        return [
            lsp.CompletionItem(
                each.label,
                kind=_KINDS[each.kind],
                detail=each.about or None,
                sort_text=f"{number:04}",
                text_edit=lsp.TextEdit(replaced, each.label),
            )
            for number, each in enumerate(offer.suggestions)
        ]

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        there = _There(made, params.text_document.uri)
        text = there.document.hover(*there.from_client(params.position))
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text)) if text else None

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        there = _There(made, params.text_document.uri)
        found = there.document.definition(*there.from_client(params.position))
        return None if found is None else there.location(found)

    return made


def _publish(made: LanguageServer, uri: str) -> None:
    there = _There(made, uri)
    found = there.document.problems() if there.document.is_ruleset else []
    made.text_document_publish_diagnostics(
        lsp.PublishDiagnosticsParams(uri, [there.diagnostic(problem) for problem in found])
    )


class _There:
    """A document as the editor holds it, and as it is asked."""

    def __init__(self, made: LanguageServer, uri: str) -> None:
        self._workspace = made.workspace
        self._open: TextDocument = made.workspace.get_text_document(uri)
        self._path = Path(to_fs_path(uri) or uri)
        self._shown: dict[str, Path] = {self._path.name: self._path}
        """By the file name that places show, where the file is."""
        self.document = Document(self._open.source, self._path.name, load_catalogue(), self._base)

    def _base(self, name: str) -> tuple[str, str] | None:
        """What a ruleset extends: a base of hxrules, else a file beside it, as it is open in the editor or else on disk."""
        if not name.endswith((".yaml", ".yml")):
            found = shipped.base(name)
            if found is not None:
                self._shown[found[1]] = shipped.base_file(name)
            return found
        path = self._path.parent / name
        uri = from_fs_path(str(path))
        if uri in self._workspace.text_documents:
            self._shown[name] = path
            return self._workspace.text_documents[uri].source, name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        self._shown[name] = path
        return text, name

    # --- places: ours count characters from 1, the editor's count from 0 in units that it chose ----------------------------------

    def from_client(self, position: lsp.Position) -> tuple[int, int]:
        own = self._open.position_codec.position_from_client_units(self._open.lines, position)
        return own.line + 1, own.character + 1

    def to_client(self, line: int, column: int) -> lsp.Position:
        own = lsp.Position(line - 1, column - 1)
        return self._open.position_codec.position_to_client_units(self._open.lines, own)

    def location(self, span: Span) -> lsp.Location | None:
        path = self._shown.get(span.file)
        if path is None:
            return None
        # What rulesets and bases are written with before a key is plain blanks, one unit each.
        start, end = lsp.Position(span.line - 1, span.column - 1), lsp.Position(span.end_line - 1, span.end_column - 1)
        return lsp.Location(from_fs_path(str(path)) or "", lsp.Range(start, end))

    def diagnostic(self, problem: Problem) -> lsp.Diagnostic:
        span, where = problem.span, ""
        if span is None or span.file != self.document.file:
            where = "" if span is None else f"{span.file}:{span.line}: "
            span = self.document.extends or Span("", 1, 1, 1, 1)
        meant = f"Did you mean “{problem.suggestion}”?" if problem.suggestion else ""
        text = "\n".join(filter(None, (where + problem.summary, problem.cause, problem.remedy, meant)))
        return lsp.Diagnostic(
            lsp.Range(self.to_client(span.line, span.column), self.to_client(span.end_line, span.end_column)),
            text,
            severity=_SEVERITIES[problem.severity],
            code=problem.code,
            source="hxrules",
        )
