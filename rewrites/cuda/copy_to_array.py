"""Report copies that wrap at the end of an array's row.

``cudaMemcpyToArray`` and ``cudaMemcpyFromArray`` are deprecated; the ``2D`` forms copy a rectangle, and only who knows the array's width knows
which.

Before:
    cudaMemcpyToArray(array, 0, 0, p, n, cudaMemcpyHostToDevice);
After:
    cudaMemcpyToArray(array, 0, 0, p, n, cudaMemcpyHostToDevice);
"""

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite

ID = "cuda-copy-to-array"
_NEW = {
    "cudaMemcpyToArray": "cudaMemcpy2DToArray({0}, {1}, {2}, {3}, width, width, rows, {5})",
    "cudaMemcpyToArrayAsync": "cudaMemcpy2DToArrayAsync({0}, {1}, {2}, {3}, width, width, rows, {5}, stream)",
    "cudaMemcpyFromArray": "cudaMemcpy2DFromArray({0}, width, {1}, {2}, {3}, width, rows, {5})",
    "cudaMemcpyFromArrayAsync": "cudaMemcpy2DFromArrayAsync({0}, width, {1}, {2}, {3}, width, rows, {5}, stream)",
    "cudaMemcpyArrayToArray": "cudaMemcpy2DArrayToArray({0}, {1}, {2}, {3}, {4}, {5}, width, rows)",
}


def fix(ctx):
    for name in ctx.names(_NEW):
        call = call_of(name)
        if call is None or len(call.args) < 6 or ctx.project.has_function(name.text):
            continue
        new = _NEW[name.text].format(*(a.text for a in call.args))
        count = call.args[6 if name.text == "cudaMemcpyArrayToArray" and len(call.args) > 6 else 4].text
        yield Finding(ID, name.start, f"{name.text} is deprecated", f"{new}, where width is a row in bytes and width * rows is {count}")


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_NEW), cuda_deprecated_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__MEMORY__DEPRECATED.html",
)  # fmt: skip
