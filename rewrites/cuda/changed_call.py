"""Call what CUDA's functions are now, where they take other arguments under the same name.

CUDA 13 gives an edge of a graph data of its own, and a context parameters: ``cudaGraphAddDependencies`` and its like take a null pointer for
none, which is what there was before. No spelling compiles on every release, so that such a call becomes one of ``cuport_compat.h``:
``cuport::ctx_create(&context, 0, device)`` for ``cuCtxCreate(&context, 0, device)``. The rest is reported: what CUDA 12 made of ``cudaGraphExecUpdate``, CUDA 10.1 of ``cudaStreamBeginCapture``, and the functions of the driver. (Found by
comparing the prototypes of ``cuda_runtime_api.h`` and ``cuda.h`` of CUDA 11.7 to 13.2.)

Before:
    cudaStreamBeginCapture(stream);
After:
    cudaStreamBeginCapture(stream);
"""

from dataclasses import dataclass

from migrator.calls import call_of
from migrator.releases import parse
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "cuda-changed-call"


@dataclass(frozen=True)
class Row:
    """What a function took: how many arguments, until which release; since then null pointers stand at ``nulls``, or see ``advice``."""

    counts: tuple[int, ...]
    since: str
    takes: str
    nulls: tuple[int, ...] = ()
    advice: str = ""
    guard: str = ""  # the function of cuport_compat.h


_EDGES = "the data of the edges"
_ROWS = {
    "cuCtxCreate": Row((3,), "13.0", "the parameters of the context", (1,), guard="ctx_create"),
    "cudaGraphAddDependencies": Row((4,), "13.0", _EDGES, (3,), guard="graph_add_dependencies"),
    "cudaGraphRemoveDependencies": Row((4,), "13.0", _EDGES, (3,), guard="graph_remove_dependencies"),
    "cudaGraphGetEdges": Row((4,), "13.0", _EDGES, (3,), guard="graph_edges"),
    "cudaGraphNodeGetDependencies": Row((3,), "13.0", _EDGES, (2,), guard="graph_node_dependencies"),
    "cudaGraphNodeGetDependentNodes": Row((3,), "13.0", _EDGES, (2,), guard="graph_node_dependents"),
    "cudaStreamUpdateCaptureDependencies": Row((3, 4), "13.0", _EDGES, (2,), guard="update_capture_dependencies"),
    "cudaGraphAddNode": Row((5,), "13.0", _EDGES, (3,)),
    "cudaStreamGetCaptureInfo": Row((6,), "13.0", _EDGES, (5,)),
    "cuGraphAddDependencies": Row((4,), "13.0", _EDGES, (3,)),
    "cuGraphRemoveDependencies": Row((4,), "13.0", _EDGES, (3,)),
    "cuGraphGetEdges": Row((4,), "13.0", _EDGES, (3,)),
    "cuGraphNodeGetDependencies": Row((3,), "13.0", _EDGES, (2,)),
    "cuGraphNodeGetDependentNodes": Row((3,), "13.0", _EDGES, (2,)),
    "cuGraphAddNode": Row((5,), "13.0", _EDGES, (3,)),
    "cuStreamGetCaptureInfo": Row((3, 6), "12.0", "the graph, and since CUDA 13.0 the data of the edges", advice="cuStreamGetCaptureInfo(stream, &status, &id, nullptr, nullptr, nullptr, nullptr)"),
    "cuStreamUpdateCaptureDependencies": Row((4,), "13.0", _EDGES, (2,)),
    "cuMemPrefetchAsync": Row((4,), "13.0", "a CUmemLocation and flags", advice="cuMemPrefetchAsync(p, n, {CU_MEM_LOCATION_TYPE_DEVICE, device}, 0, stream)"),
    "cuMemAdvise": Row((4,), "13.0", "a CUmemLocation", advice="cuMemAdvise(p, n, advice, {CU_MEM_LOCATION_TYPE_DEVICE, device})"),
    "cuGetProcAddress": Row((4,), "12.0", "where to say whether there is one", (4,)),
    "cuGraphInstantiate": Row((5,), "12.0", "no node and no log of an error", advice="cuGraphInstantiateWithFlags(&executable, graph, 0), since CUDA 11.4"),
    "cuGraphExecUpdate": Row((4,), "12.0", "a CUgraphExecUpdateResultInfo", advice="CUgraphExecUpdateResultInfo info; cuGraphExecUpdate(executable, graph, &info); and info.result, info.errorNode"),
    "cudaGraphExecUpdate": Row((4,), "12.0", "a cudaGraphExecUpdateResultInfo", advice="cudaGraphExecUpdateResultInfo info; cudaGraphExecUpdate(executable, graph, &info); and info.result, info.errorNode"),
    "cudaStreamBeginCapture": Row((1,), "10.1", "a mode", advice="cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal)"),
    "cudaMemcpyBatchAsync": Row((9,), "13.0", "no index of what failed", advice="the call without its last argument but one"),
    "cudaMemcpy3DBatchAsync": Row((5,), "13.0", "no index of what failed", advice="the call without its third argument"),
}  # fmt: skip
_MULTI_GRID = frozenset({"this_multi_grid", "multi_grid_group"})
_DEVICE = frozenset({".cu", ".cuh"})


def fix(ctx):
    for name in ctx.names(_ROWS):
        row, call = _ROWS[name.text], call_of(name)
        if call is None or call.qualified.removeprefix("::") != name.text or len(call.args) not in row.counts or parse(row.since) > ctx.settings.cuda:
            continue
        if ctx.project.has_function(name.text) or ctx.project.macros(name.text) or _is_new(ctx, name.text, call):
            continue
        if name.text == "cudaGraphExecUpdate" and ctx.path.suffix.lower() in _DEVICE:
            continue  # nvcc's headers still take the former arguments
        if row.guard and is_cpp(ctx):
            yield Change(ID, (Edit(call.callee.start, call.callee.end, f"cuport::{row.guard}".encode()),), compat=(_guard(name.text),))
            continue
        advice = row.advice
        if not advice:
            texts = [a.text for a in call.args]
            for place in row.nulls:
                texts.insert(place, "nullptr")
            advice = f"{name.text}({', '.join(texts)})"
        yield Finding(ID, name.start, f"{name.text} takes {row.takes} since CUDA {row.since}", f"{advice}, under #if {_version(name.text, row.since)}")
    lines = set()
    for name in ctx.names(_MULTI_GRID) if b"cooperative_groups" in ctx.file.words else ():
        line = ctx.file.line_of(name.start)
        if line not in lines and not ctx.project.has_function(name.text) and ctx.scopes.lookup(name.text, name) is None:
            lines.add(line)
            yield Finding(
                ID, name.start, f"cooperative_groups::{name.text} is gone since CUDA 13.0: kernels of several devices cannot wait for each other",
                "one launch a device, cooperative_groups::this_grid() in each, and cudaStreamWaitEvent or NCCL between them",
            )  # fmt: skip


def is_cpp(ctx) -> bool:
    """Whether a file is C++, and may name what ``cuport_compat.h`` has: a header may be C where the project has sources of C."""
    suffix = ctx.path.suffix.lower()
    return suffix != ".c" and (suffix != ".h" or all(path.suffix != ".c" for path in ctx.project.files))


def _guard(name: str) -> str:
    return "context-create" if name.startswith("cuCtx") else "graph-edges"


def _version(name: str, since: str) -> str:
    major, minor = since.split(".")
    macro = "CUDART_VERSION" if name.startswith("cuda") else "CUDA_VERSION"
    return f"{macro} >= {int(major) * 1000 + int(minor) * 10}"


def _is_new(ctx, name: str, call) -> bool:
    """Whether a call of as many arguments as either release takes is written for the newer one, or may be."""
    if name in ("cudaStreamUpdateCaptureDependencies", "cuStreamUpdateCaptureDependencies") and len(call.args) == 4:
        return not _is_number(ctx, call.args[2])
    if name == "cudaStreamGetCaptureInfo":
        type = ctx.type_of(call.args[5])
        return type is None or type.base not in ("size_t", "std::size_t")
    return False


def _is_number(ctx, node) -> bool:
    type = ctx.type_of(node)
    return node.kind == "number_literal" or node.text.endswith(".size()") or (type is not None and not type.pointers and "EdgeData" not in type.base)


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_ROWS) | _MULTI_GRID, cuda_removed_in="10.1",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__GRAPH.html",
)  # fmt: skip
