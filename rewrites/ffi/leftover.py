"""Names of TH and THC tensors, storages and BLAS that nothing could port.

All of them went with torch 1.11 (pytorch/pytorch#65492); each is reported with what to write instead, and left as it is.

Before:
    THCudaTensor_histc(state, out, in, 10, 0, 1);
After:
    THCudaTensor_histc(state, out, in, 10, 0, 1);
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite
from rewrites.ffi import _th, cpu_blas, cublas, generic_file, long_storage, tensor_call

ID = "ffi-leftover"
_OLD = re.compile(
    r"^(?!THC?P)(?:TH|THC|THCuda)[A-Z_]\w*(?:Tensor|Storage|Blas|Lapack|Random|Vector|Numerics)_\w*$|^TH(?:C|Cuda)?(?:Tensor|Storage|Blas)_\w*$|^THC?U?NN_\w+$"
)
_GENERIC = {
    "THTensor",
    "THTensor_",
    "THStorage",
    "THStorage_",
    "THCTensor",
    "THCTensor_",
    "THCStorage",
    "THBlas_",
    "TH_CONCAT_2",
    "TH_CONCAT_3",
    "TH_CONCAT_4",
}
_KNOWN_ELSEWHERE = {"THCState", "THCNumerics"}
_ADVICE = {
    "newWithStorage": "at::empty({0}, options).set_(storage, offset, sizes, strides)",
    "newWithStorage1d": "at::empty({0}, options).set_(storage, offset, {size}, {stride})",
    "newWithStorage2d": "at::empty({0}, options).set_(storage, offset, {size0, size1}, {stride0, stride1})",
    "resizeNd": "x.resize_(at::IntArrayRef(sizes, n)), or x.set_(at::empty_strided(...)) where strides are given",
    "setStorage": "x.set_(storage, offset, sizes, strides)",
    "storage": "x.storage(); for its elements x.data_ptr<T>()",
    "cat": "at::cat_out(result, {a, b}, dim)",
    "catArray": "at::cat_out(result, tensors, dim)",
    "sort": "at::sort_out(values, indices, x, dim, descending)",
    "topk": "at::topk_out(values, indices, x, k, dim, largest, sorted)",
    "uniform": "x.uniform_(from, to)",
    "normal": "x.normal_(mean, std)",
    "bernoulli": "x.bernoulli_(p)",
    "nonzero": "at::nonzero_out(indices, x)",
    "scatter": "x.scatter_(dim, index, source)",
    "scatterFill": "x.scatter_(dim, index, value)",
    "maskedSelect": "at::masked_select_out(result, x, mask)",
    "maskedCopy": "x.masked_scatter_(mask, source)",
    "conv2Dmm": "at::conv2d(input, weight)",
    "histc": "at::histc_out(result, x, bins, min, max)",
    "cumsum": "at::cumsum_out(result, x, dim)",
    "norm": "at::norm_out(result, x, p, {dim}, keepdim)",
    "normall": "x.norm(p).item<double>()",
    "stdall": "x.std().item<double>()",
    "varall": "x.var().item<double>()",
    "equal": "x.equal(y)",
    "ltValue": "at::lt_out(result, x, value)",
    "gtValue": "at::gt_out(result, x, value)",
    "eqValue": "at::eq_out(result, x, value)",
}


def fix(ctx):
    ported = tensor_call._WORDS | frozenset(cublas._OLD) | frozenset(cpu_blas._OLD) | long_storage._WORDS
    words = [
        w.decode() for w in ctx.file.words if w.startswith(b"TH") and (_OLD.match(w.decode()) or w.decode() in _GENERIC | _th.STORAGE_TYPES)
    ]
    told: set[str] = set()
    for name in ctx.names(words):
        word = name.text
        if word in _KNOWN_ELSEWHERE or ctx.project.macros(word) or _own(ctx, word):
            continue
        if word in ("THTensor_", "THCTensor_"):
            _, function = generic_file._call(name)
            advice = _ADVICE.get(
                function, f"at::{function}_out or the method {function} of at::Tensor" if function else "the ATen function of that name"
            )
            yield Finding(ID, name.start, f"{word}({function}) is gone and was not ported", advice)
            continue
        if word in _GENERIC:
            if word not in told:
                told.add(word)
                yield Finding(ID, name.start, _generic(word), _GENERIC_ADVICE)
            continue
        parts = _th.split(word)
        function = parts[2] if parts else word.split("_", 1)[-1]
        advice = _ADVICE.get(function)
        if advice is None and parts is not None and parts[1] == "Blas":
            letter = {"float": "S", "double": "D", "half": "H"}.get(parts[0].word, "S")
            advice = (
                f"call cublas{letter}{function.lstrip('SDH')} on at::cuda::getCurrentCUDABlasHandle(), column-major as before"
                if parts[0].cuda
                else "the function of ATen on at::from_blob views of the pointers"
            )
        if word.startswith("THCudaBlas_"):
            advice = (
                f"call cublas{word.split('_', 1)[1]} (or what it wrapped) on at::cuda::getCurrentCUDABlasHandle(), column-major as before"
            )
        if advice is None and parts is not None and parts[1] == "Storage":
            advice = "at::Storage, or better the tensor it belongs to: x.data_ptr<T>(), x.fill_(v)"
        if advice is None:
            advice = (
                f"at::{function}_out or the method {function} of at::Tensor" if parts and function else "the ATen function of that name"
            )
        if word in ported and function != "storage" and call_of(name) is not None:
            continue  # the rewrite that knows it has said why
        yield Finding(ID, name.start, f"{word} is gone and was not ported", advice)


def _generic(word: str) -> str:
    return f"{word} belongs to the generic files of TH, which are included once for each type; nothing here does that"


_GENERIC_ADVICE = (
    "port the file that includes it in the same run, or make each function `template <typename scalar_t> void f(at::Tensor x, ...)`: "
    "real -> scalar_t, accreal -> at::acc_type<scalar_t, false>; then call it from one function in "
    'AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "f", [&] { f<scalar_t>(x); }) and drop the #include of the generic file'
)


def _own(ctx, word: str) -> bool:
    """Whether the project itself defines a function of that name."""
    return any(d.parent is not None and d.parent.kind == "function_definition" for d in ctx.project.functions(word))


# any file that includes something may hold such a name; only those that do are parsed
_TRIGGERS = _th.TENSOR_TYPES | _th.STORAGE_TYPES | frozenset(_GENERIC) | {"include", "Tensor", "THC", "TH"}

rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_TRIGGERS, removed_in="1.11", order=3, link=_th.LINK)
