"""Multiply by ATen instead of ``TH<Type>Blas_*``.

``TH/THBlas.h`` was removed in torch 1.10. The raw pointers become tensors that own nothing, with the strides that a column-major
matrix has, in a small function of the file.

Before:
    #include <ATen/ATen.h>
    void f(float *x, float *y) {
      THFloatBlas_axpy(8, 2.0f, x, 1, y, 1);
    }
After:
    #include <ATen/ATen.h>

    static inline at::Tensor cuport_float_vector(const float *x, int64_t n, int64_t increment) {
      return at::from_blob(const_cast<float *>(x), {n}, {n == 1 ? 1 : increment}, at::kFloat);
    }

    // y += a x: what THFloatBlas_axpy did.
    static inline void cuport_float_axpy(int64_t n, float a, const float *x, int64_t incx, float *y, int64_t incy) {
      cuport_float_vector(y, n, incy).add_(cuport_float_vector(x, n, incx), a);
    }

    void f(float *x, float *y) {
      cuport_float_axpy(8, 2.0f, x, 1, y, 1);
    }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.ffi import _blas, _th

ID = "ffi-cpu-blas"
_TYPES = [name for name in _th.ELEMENTS if name != "Half"]
_OLD = {f"TH{type}Blas_{function}": (type, function) for type in _TYPES for function in _blas.CPU}
_NEW = {_blas.cpu_name(_th.ELEMENTS[type][2], function): (type, function) for type, function in _OLD.values()}


def fix(ctx):
    for name in ctx.names(_OLD):
        type, function = _OLD[name.text]
        if ctx.project.has_function(name.text) or ctx.project.macros(name.text):
            continue
        call = call_of(name)
        if call is None or len(call.args) != _blas.CPU[function][0]:
            yield Finding(
                ID,
                name.start,
                f"{name.text} with an argument list that cuport does not know",
                "at::addmm and friends on at::from_blob views of the pointers",
            )
            continue
        new = _blas.cpu_name(_th.ELEMENTS[type][2], function)
        yield Change(ID, (Edit(name.start, name.end, new.encode()),), ("ATen/ATen.h",))
    used = list(dict.fromkeys(_NEW[name.text] for name in ctx.names(_NEW) if call_of(name) is not None))
    if used:
        definitions = dict(_blas.cpu_definitions(used))
        texts = [definitions[name] for name in _blas.missing(ctx, list(definitions))]
        if texts:
            yield _blas.insertion(ctx, ID, texts)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_OLD) | frozenset(_NEW), removed_in="1.10", link=_th.LINK)
