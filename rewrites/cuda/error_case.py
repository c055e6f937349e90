"""Drop ``case CUFFT_PARSE_ERROR:`` and its kin, which no call of cuFFT returns any more.

CUDA 13.0 has ``CUFFT_INCOMPLETE_PARAMETER_LIST``, ``CUFFT_PARSE_ERROR`` and ``CUFFT_LICENSE_ERROR`` nowhere. Functions that give an error
its name list all of them. The case goes with what it does where nothing else falls into it or out of it.

Before:
    switch (error) {
      case CUFFT_SUCCESS: return "CUFFT_SUCCESS";
      case CUFFT_PARSE_ERROR: return "CUFFT_PARSE_ERROR";
    }
After:
    switch (error) {
      case CUFFT_SUCCESS: return "CUFFT_SUCCESS";
    }
"""

from migrator.calls import in_macro_definition, remove_statement
from migrator.rewrite import Change, Edit, Rewrite

ID = "cufft-error-case"
NAMES = frozenset({"CUFFT_INCOMPLETE_PARAMETER_LIST", "CUFFT_PARSE_ERROR", "CUFFT_LICENSE_ERROR"})
_LEAVES = frozenset({"return_statement", "break_statement", "continue_statement", "goto_statement", "throw_statement"})


def fix(ctx):
    for name in ctx.names(NAMES):
        case = name.parent
        if case is None or case.kind != "case_statement" or name.field != "value" or in_macro_definition(name) is not None:
            continue
        if ctx.project.macros(name.text):
            continue  # the project gives it a value
        if case.parent is None or case.parent.kind != "compound_statement":
            continue  # under an #if that asks for the release
        done = _statements(case)
        if done and not (_leaves(done) and not _falls_in(case)):
            if _is_plain(case):  # only the label: another case falls into what it does
                yield Change(ID, (_label(ctx, case, done[0]),))
        elif _is_plain(case):
            yield Change(ID, (_with_blank_line(ctx, remove_statement(case)),))


def _statements(case):
    return [n for n in case.named if n.field != "value" and n.kind != "comment"]


def _leaves(statements) -> bool:
    last = statements[-1]
    if last.kind == "compound_statement":
        inner = [n for n in last.named if n.kind != "comment"]
        return bool(inner) and _leaves(inner)
    return last.kind in _LEAVES


def _falls_in(case) -> bool:
    """Whether what stands above a case may run into it."""
    above = [n for n in case.parent.named if n.end <= case.start and n.kind != "comment"]
    if not above:
        return False
    if above[-1].kind != "case_statement":
        return True
    statements = _statements(above[-1])
    return not statements or not _leaves(statements)


def _is_plain(case) -> bool:
    return not any(n.kind.startswith("preproc") or n.kind == "ERROR" for n in case.walk())


def _label(ctx, case, first) -> Edit:
    colon = next(n for n in case.children if n.kind == ":")
    data = ctx.file.data
    line_start, line_end = ctx.file.line_span(case.start)
    if not data[line_start : case.start].strip() and not data[colon.end : line_end].strip():
        return Edit(line_start, line_end, b"")
    end = first.start if not data[colon.end : first.start].strip(b" \t") else colon.end
    return Edit(case.start, end, b"")


def _with_blank_line(ctx, edit: Edit) -> Edit:
    """One of two blank lines, or blanks, that would meet goes as well."""
    data = ctx.file.data
    if data[edit.start - 1 : edit.start] == b" " == data[edit.end : edit.end + 1]:
        return Edit(edit.start, edit.end + 1, b"")
    if edit.text or edit.start == 0 or data[edit.start - 1 : edit.start] != b"\n":
        return edit
    above, _ = ctx.file.line_span(edit.start - 1)
    below = ctx.file.line_span(edit.end) if edit.end < len(data) else (edit.end, edit.end)
    if not data[above : edit.start].strip() and below[0] == edit.end and not data[below[0] : below[1]].strip():
        return Edit(edit.start, below[1], b"")
    return edit


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=NAMES, cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/archive/12.9.1/cufft/index.html#return-value-cufftresult",
)  # fmt: skip
