"""Name a device variable by itself, not by a string.

Since CUDA 5.0 ``cudaMemcpyToSymbol("table", ...)`` compiles and fails when it runs: a symbol is the variable, not its name.

Before:
    __constant__ float table[16];
    void fill(const float *p) { cudaMemcpyToSymbol("table", p, sizeof(table)); }
After:
    __constant__ float table[16];
    void fill(const float *p) { cudaMemcpyToSymbol(table, p, sizeof(table)); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "cuda-symbol-name"
_PLACE = {
    "cudaMemcpyToSymbol": 0, "cudaMemcpyToSymbolAsync": 0, "cudaMemcpyFromSymbol": 1, "cudaMemcpyFromSymbolAsync": 1,
    "cudaGetSymbolAddress": 1, "cudaGetSymbolSize": 1,
}  # fmt: skip


def fix(ctx):
    for name in ctx.names(_PLACE):
        call = call_of(name)
        place = _PLACE[name.text]
        if call is None or len(call.args) <= place or call.args[place].kind != "string_literal":
            continue
        literal = call.args[place]
        symbol = literal.text.strip('"')
        declared = ctx.scopes.lookup(symbol, literal) if symbol.isidentifier() else None
        if declared is not None and not declared.is_parameter and {"__constant__", "__device__"} & set(declared.node.text.split()):
            yield Change(ID, (Edit(literal.start, literal.end, symbol.encode()),))
        else:
            yield Finding(
                ID, literal.start, f"{name.text} takes a variable since CUDA 5.0; with a string it fails when it runs",
                f"{symbol} without quotes, where its __device__ or __constant__ declaration is in sight",
            )  # fmt: skip


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_PLACE), cuda_removed_in="5.0",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__MEMORY.html",
)  # fmt: skip
