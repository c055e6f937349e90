"""Include the header of each Thrust algorithm that is called.

``thrust/device_vector.h`` and most other headers of Thrust brought ``thrust::sort``, ``thrust::sequence`` and their kin along until
CUDA 12. In CCCL 3, which comes with CUDA 13, only a few do. Nothing is added where one of those is included, or a header of Thrust's insides.

Before:
    #include <thrust/device_vector.h>
    void order(thrust::device_vector<int> &v) { thrust::sort(v.begin(), v.end()); }
After:
    #include <thrust/device_vector.h>
    #include <thrust/sort.h>
    void order(thrust::device_vector<int> &v) { thrust::sort(v.begin(), v.end()); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite
from rewrites.aten.renamed import qualified

ID = "thrust-headers"
_ALGORITHMS = {
    "sort": "sort stable_sort sort_by_key stable_sort_by_key is_sorted is_sorted_until",
    "sequence": "sequence",
    "unique": "unique unique_copy unique_by_key unique_by_key_copy",
    "binary_search": "lower_bound upper_bound binary_search equal_range",
    "extrema": "min_element max_element minmax_element",
    "count": "count count_if",
    "merge": "merge merge_by_key",
    "partition": "partition partition_copy stable_partition stable_partition_copy partition_point is_partitioned",
    "remove": "remove remove_if remove_copy remove_copy_if",
    "reverse": "reverse reverse_copy",
    "transform_reduce": "transform_reduce",
    "adjacent_difference": "adjacent_difference",
    "tabulate": "tabulate",
}
_HEADER_OF = {name: header for header, names in _ALGORITHMS.items() for name in names.split()}
# By the include lines of CUDA 13.2: what brings all of these, and what brings some.
_ALL = frozenset({
    "device_delete", "device_make_unique", "device_new", "device_new_allocator", "execution_policy", "extrema", "partition",
    "set_operations", "sort",
})  # fmt: skip
_SOME = {
    "binary_search": {"merge"}, "count": {"unique"}, "transform_reduce": {"count", "inner_product", "unique"}, "tabulate": {"sequence"},
}  # fmt: skip
_NONE = frozenset(
    "addressof advance allocate_unique complex copy device_allocator device_free device_malloc device_malloc_allocator device_ptr "
    "device_reference device_vector distance equal fill find for_each functional gather generate host_vector inner_product logical memory "
    "mismatch pair random reduce replace scan scatter shuffle swap system_error transform transform_scan tuple uninitialized_copy "
    "uninitialized_fill universal_allocator universal_ptr universal_vector version zip_function".split()
)
_BROUGHT_ELSEWHERE = frozenset({"c10/cuda/CUDAAlgorithm.h"})


def fix(ctx):
    missing: dict[str, None] = {}
    for name in ctx.names(_HEADER_OF):
        if qualified(name) == f"thrust::{name.text}" and call_of(name) is not None:
            missing.setdefault(_HEADER_OF[name.text])
    if not missing:
        return
    included = ctx.project.all_includes(ctx.path)
    own = {name.removeprefix("thrust/").removesuffix(".h") for name in included if name.startswith("thrust/")}
    known = {name for name in own if name in _NONE or name in _ALGORITHMS or name.startswith("iterator/")}
    if not own or own - known or own & _ALL or included & _BROUGHT_ELSEWHERE:
        return
    lacking = [header for header in missing if header not in own and not own & _SOME.get(header, set())]
    beside = [i for i in ctx.includes() if not ctx.tree.in_disabled(i.start)]
    beside = [i for i in beside if i.name.startswith("thrust/")] or beside
    if lacking and beside:
        end = ctx.file.line_span(beside[-1].start)[1]
        lines = [f"#include <thrust/{header}.h>{ctx.file.newline.decode()}" for header in sorted(lacking)]
        yield Change(ID, (Edit(end, end, "".join(lines).encode()),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"thrust"}), cuda_removed_in="13.0",
    link="https://nvidia.github.io/cccl/cccl/3.0_migration_guide.html",
)  # fmt: skip
