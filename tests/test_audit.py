"""The audit: names that the target lacks, and nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from migrator import releases
from migrator.engine import migrate
from migrator.project import Project
from migrator.rewrite import Settings
from migrator.source import SourceFile
from rewrites import catalogue

AUDIT = replace(catalogue(), rewrites=tuple(r for r in catalogue().rewrites if r.id == "removed-api"))
HEAD = "#include <torch/extension.h>\n#include <ATen/cuda/CUDAContext.h>\n"
BODY = "void f(at::Tensor x, at::Tensor y, cudaStream_t stream, int n, float *p) {{\n  {}\n}}\n"


def left(text: str, name: str = "a.cu", **settings) -> list:
    """What the audit alone reports of one file."""
    project = Project()
    path = Path("/nowhere") / name
    project.files[path] = SourceFile(Path(name), text.encode())
    values = {k: releases.parse(v) for k, v in settings.items()}
    if "target" in values:
        values.setdefault("min_torch", values["target"])
    return [item for _, item in migrate(project, AUDIT, Settings(**values)).left]


def messages(line: str, **settings) -> str:
    return "\n".join(f"{item.message} | {item.advice}" for item in left(HEAD + BODY.format(line), **settings))


# line of a function -> what the finding begins with. From api_history: what the compiler says is gone on 2.15 with CUDA 13.
GONE = {
    "AT_CHECK(x.is_cuda());": "AT_CHECK",
    'AT_WARN("slow");': "AT_WARN",
    "AT_INDEX_ERROR(n);": "AT_INDEX_ERROR",
    "THCudaCheck(cudaGetLastError());": "THCudaCheck",
    "THCudaCheckWarn(cudaGetLastError());": "__THCudaCheckWarn|THCudaCheckWarn",
    "THCublasCheck(n);": "THCublasCheck",
    'THArgCheck(n > 0, 1, "n");': "THArgCheck",
    'THError("no");': "THError",
    "THCState *state = nullptr;": "THCState",
    "auto s = at::globalContext().getTHCState();": "at::Context::getTHCState",
    "THCState_getCurrentStream(n);": "THCState_getCurrentStream",
    "THCState_getCurrentBlasHandle(n);": "THCState_getCurrentBlasHandle",
    "THCState_getCurrentDeviceProperties(n);": "THCState_getCurrentDeviceProperties",
    "auto q = THCudaMalloc(n, 4);": "THCudaMalloc",
    "THCudaFree(n, p);": "THCudaFree",
    "THCudaHostAlloc(n, 4);": "THCudaHostAlloc",
    "getTHCCachingHostAllocator();": "getTHCCachingHostAllocator",
    "THCudaTensor_data(n, p);": "THCudaTensor_data",
    "THCudaLongTensor_size(n, p, 0);": "THCudaLongTensor_size",
    "THFloatTensor_data(p);": "THFloatTensor_data",
    "THCudaBlas_Sgemm(n);": "THCudaBlas_Sgemm",
    "THCudaBlas_Dgemv(n);": "THCudaBlas_Dgemv",
    "THFloatBlas_gemm(n);": "THFloatBlas_gemm",
    "int b = THCCeilDiv(n, 2);": "THCCeilDiv",
    "int b = THCRoundUp(n, 2);": "THCRoundUp",
    "auto v = THCNumerics<float>::add(1, 2);": "THCNumerics",
    "auto v = ScalarConvert<float, int>::to(1);": "ScalarConvert",
    "THCThrustAllocator allocator(n);": "THCThrustAllocator",
    "THCDeviceTensor<float, 2> t;": "THCDeviceTensor",
    "auto s = at::gesv(x, y);": "at::gesv",
    "auto s = x.gesv(y);": "at::Tensor::gesv",
    "auto s = at::btrifact(x);": "at::btrifact",
    "auto s = at::potrs(x, y);": "at::potrs",
    "auto s = torch::trtrs(x, y);": "torch::trtrs",
    "auto s = at::solve(x, y);": "at::solve",
    "auto s = at::symeig(x);": "at::symeig",
    "auto s = x.symeig();": "at::Tensor::symeig",
    "auto s = at::eig(x);": "at::eig",
    "auto s = at::lstsq(x, y);": "at::lstsq",
    "auto s = at::matrix_rank(x);": "at::matrix_rank",
    "auto s = at::cholesky(x);": "at::cholesky",
    "auto s = x.cholesky();": "at::Tensor::cholesky",
    "auto s = at::qr(x);": "at::qr",
    "auto s = torch::linalg::qr(x);": "torch::linalg::qr",
    "bool b = x.is_variable();": "at::Tensor::is_variable",
    "auto z = at::zeros_like(x).is_variable();": "at::Tensor::is_variable",
    "auto s = x.names();": "at::Tensor::names",
    "bool b = x.has_names();": "at::Tensor::has_names",
    "at::NoNamesGuard guard;": "at::NoNamesGuard",
    "auto i = x.type_id();": "at::Tensor::type_id",
    "auto z = at::_th_mm(x, y);": "at::_th_mm",
    "auto z = at::thnn_conv2d_backward(x, y);": "at::thnn_conv2d_backward",
    "auto z = at::cudnn_convolution_backward_weight(x, y);": "at::cudnn_convolution_backward_weight",
    "auto z = at::max_unpool2d_backward(x, y);": "at::max_unpool2d_backward",
    "auto z = at::im2col_backward(x, y);": "at::im2col_backward",
    "auto z = at::rfft(x, 1);": "at::rfft",
    "auto e = x.type().ID();": "at::Type::ID",
    "auto e = x.type().elementSizeInBytes();": "at::Type::elementSizeInBytes",
    "auto p = c10::guts::make_unique<int>(1);": "c10::guts::make_unique",
    "c10::guts::enable_if_t<true, int> i;": "c10::guts::enable_if_t",
    "c10::guts::to_string(1);": "c10::guts::to_string",
    "c10::variant<int, float> v;": "c10::variant",
    "torch::make_unique<int>(1);": "torch::make_unique",
    "C10_FALLTHROUGH;": "C10_FALLTHROUGH",
    "at::CUDAGenerator *g;": "at::CUDAGenerator",
    "at::cuda::CUDA_tensor_apply3<float, float>(x, y);": "at::cuda::CUDA_tensor_apply3",
    "at::CUDA_tensor_apply3<float>(x, y);": None,  # never was in at::
    'AT_DISPATCH_ALL_TYPES_AND_HALF(x.scalar_type(), "f", [&] {});': "AT_DISPATCH_ALL_TYPES_AND_HALF",
    "AT_PRIVATE_CASE_TYPE(a, b);": "AT_PRIVATE_CASE_TYPE",
    "c10::cuda::CUDACachingAllocator::currentMemoryAllocated(0);": "c10::cuda::CUDACachingAllocator::currentMemoryAllocated",
    "torch::nn::FeatureDropoutImpl d(0.5);": "torch::nn::FeatureDropoutImpl",
    "torch::nn::FeatureDropout d(0.5);": None,  # TORCH_MODULE declares it: not in the index
    "at::NonVariableTypeMode::is_enabled();": "at::NonVariableTypeMode",
    "torch::utils::cuda_lazy_init();": "torch::utils::cuda_lazy_init",
    "cudaThreadSynchronize();": "cudaThreadSynchronize",
    "cudaThreadExit();": "cudaThreadExit",
    "cudaDeviceProp prop; int c = prop.clockRate;": "cudaDeviceProp::clockRate",
    "cudaDeviceProp *prop; int c = prop->deviceOverlap;": "cudaDeviceProp::deviceOverlap",
    "cudaBindTexture(0, p, p, n);": "cudaBindTexture",
    "cudaUnbindTexture(p);": "cudaUnbindTexture",
    "cusparseScsrmm2(n);": "cusparseScsrmm2",
    "cusparseScsr2csc(n);": "cusparseScsr2csc",
    "cusparseSgthr(n);": "cusparseSgthr",
    "cusparseSdense2csr(n);": "cusparseSdense2csr",
    "auto a = CUSPARSE_MV_ALG_DEFAULT;": "CUSPARSE_MV_ALG_DEFAULT",
    "cub::Sum op;": "cub::Sum",
    "cub::CountingInputIterator<int> it(0);": "cub::CountingInputIterator",
    "thrust::unary_function<int, int> *f;": "thrust::unary_function",
    "thrust::not1(n);": "thrust::not1",
    "cudaLaunchCooperativeKernelMultiDevice(0, 1);": "cudaLaunchCooperativeKernelMultiDevice",
}
HEALTHY = (
    "TORCH_CHECK(x.is_cuda());", "AT_ASSERTM(n, 1);", "AT_ERROR(1);", "C10_CUDA_CHECK(cudaGetLastError());", "AT_CUDA_CHECK(cudaDeviceSynchronize());",
    "auto o = x.options().dtype(at::kFloat);", "at::IntList l;", "c10::optional<int> o;", "at::optional<int> o; o.has_value(); o.value();",
    "auto q = x.data<float>();", "auto a = x.packed_accessor<float, 2>(); a.size(0);", "bool b = x.type().is_cuda();",
    "auto s = at::cuda::getCurrentCUDAStream();", "const at::cuda::OptionalCUDAGuard guard(device_of(x));", "c10::cuda::CUDAGuard guard(x.device());",
    "auto z = at::linalg_qr(x);", "std::vector<int> v; v.size();", "auto z = x.contiguous().view({-1}).size(0);",
    "struct S { int names() { return 1; } } s; s.names();", "Thing t; t.symeig();", "other::gesv(x);", "auto cholesky = x; cholesky.sum();",
    "cudaDeviceProp prop; int c = prop.multiProcessorCount;", "cub::BlockReduce<float, 128> r;", "thrust::device_ptr<float> d(p);",
    "auto g = at::get_generator_or_default<at::CUDAGeneratorImpl>(c10::nullopt, at::cuda::detail::getDefaultCUDAGenerator());",
    "at::cuda::CUDACachingAllocator::raw_alloc(n);", 'const char *c = "AT_CHECK THCState"; // THCudaCheck', "at::AutoNonVariableTypeMode guard;",
    "auto h = at::cuda::getCurrentCUDABlasHandle(); cublasSgemm(h);", "cusparseSpMM(n);", "THPVariable_Wrap(x);", "int THREADS = 3;",
    "torch::autograd::Variable v = torch::autograd::make_variable(x, false);", "auto t = at::CUDA(at::kFloat);", "at::Half h; h = __float2half(1);",
    "#ifdef AT_CHECK\n  AT_CHECK(n);\n#endif", "#if TORCH_VERSION_MAJOR < 2\n  THCudaCheck(n);\n#endif", "#if 0\n  THCudaCheck(n);\n#endif",
)  # fmt: skip


@pytest.mark.parametrize(("line", "name"), GONE.items(), ids=list(GONE))
def test_gone(line, name):
    found = messages(line)
    if name is None:
        assert found == ""
    else:
        assert any(f"{each} is gone: " in found for each in name.split("|"))


@pytest.mark.parametrize("line", HEALTHY)
def test_healthy(line):
    assert messages(line) == ""


@pytest.mark.parametrize(
    ("header", "found"),
    [("THC/THC.h", True), ("THC.h", True), ("TH/TH.h", True), ("ATen/Error.h", True), ("ATen/cudnn/Exceptions.h", True), ("ATen/Dimname.h", True),
     ("torch/csrc/utils/six.h", True), ("c10/util/variant.h", True), ("caffe2/core/operator.h", True), ("THCUNN/common.h", True),
     ("texture_fetch_functions.h", True), ("torch/extension.h", False), ("torch/torch.h", False), ("THC/THCAtomics.cuh", False),
     ("ATen/cuda/CUDAContext.h", False), ("cuda_runtime.h", False), ("device_functions.h", False), ("cub/cub.cuh", False), ("thrust/sort.h", False),
     ("vector", False), ("TH_own.h", False), ("torch/csrc/autograd/variable.h", False), ("ATen/ops/empty.h", False), ("cublas_v2.h", False)],
)  # fmt: skip
def test_headers(header, found):
    assert bool(left(f"#include <{header}>\n")) == found


def test_release_decides():
    assert messages("auto s = at::cholesky(x);", target="2.13") == ""
    assert "torch 2.13 was the last" in messages("auto s = at::cholesky(x);", target="2.14")
    assert messages("THCudaCheck(n);", target="1.10") == ""
    assert messages("cudaThreadSynchronize();", cuda="12.8") == ""


def test_own_names_are_the_projects():
    own = "#define AT_CHECK(c) do {} while (0)\ntemplate <class T> T THCCeilDiv(T a, T b) { return a; }\nstruct THCNumerics { static int f(); };\n"
    assert left(HEAD + own + BODY.format("AT_CHECK(n); THCCeilDiv(n, 2); THCNumerics::f();")) == []


def test_a_forward_declaration_is_not_a_definition():
    [item] = left("#include <ATen/ATen.h>\nstruct THCState;\nextern THCState *state;\n")
    assert item.message.startswith("THCState is gone") and item.line == 2


def test_a_header_for_cffi():
    [item] = left("int pool(THFloatTensor *features, int n);\n", "pool.h")
    assert item.message.startswith("THFloatTensor is gone") and item.advice == "write the methods of at::Tensor"


def test_one_finding_for_a_name():
    [item] = left(HEAD + BODY.format("THCudaCheck(n);\n  THCudaCheck(n);\n\n  THCudaCheck(n);"))
    assert item.line == 4 and "(also in lines 5, 7)" in item.message


def test_ignored_line():
    assert left(HEAD + BODY.format("THCudaCheck(n); // cuport: ignore[removed-api]")) == []


def test_what_to_write_instead():
    assert "at::linalg_solve" in messages("auto s = at::gesv(x, y);")
    assert "write at::linalg_qr" in messages("auto s = torch::linalg::qr(x);")
    assert "cusparseGather" in messages("cusparseSgthr(h, n, x, y, c, b);")
    assert "CUSPARSE_SPMM_ALG_DEFAULT" in messages("auto how = CUSPARSE_MM_ALG_DEFAULT;")


def test_what_is_advised_exists():
    from migrator.api.index import Index
    from rewrites.audit._replacements import INSTEAD

    index = Index.load()
    names = {name for text in INSTEAD.values() for name in re.findall(r"\b(?:at|c10)::[\w:]*\w", text)}
    advised = {name for name in names if not re.search(r"::k[A-Z]", name)}  # macros make those
    assert [name for name in sorted(advised) if not index.has(name, releases.parse(releases.NEWEST))] == []


def test_a_member_whose_name_says_of_which_class_it_is():
    assert "toIntListRef is gone" in messages("std::vector<c10::IValue> stack; auto a = stack[0].toIntListRef();")
    assert messages("struct V { int toIntListRef() { return 1; } }; std::vector<c10::IValue> s; V v; auto a = v.toIntListRef();") == ""


def test_what_the_index_cannot_list_is_not_gone():
    """Functions that a macro makes (at::tensor), members of what an alias stands for."""
    assert messages("auto a = at::tensor({1.0, 2.0}); torch::autograd::GradMode::set_enabled(false);") == ""


def test_functions_of_thc_in_a_file_without_includes():
    text = "template <typename T> __device__ T total(T *s, T x, int n) { return reduceBlock(s, n, x, Add<T>(), T(0)) + THMin(n, 3); }\n"
    assert {"reduceBlock", "THMin"} <= {item.message.split(" is gone")[0] for item in left(text)}
    assert left("template <typename T> T reduceBlock(T *s, int n) { return s[n]; }\nint f(int *s) { return reduceBlock(s, 3); }\n#define N 3\n") == []


def test_types_and_enumerators_that_went_before_the_index_begins():
    assert "CUDA_R_16F" in messages("auto t = CUBLAS_DATA_HALF;")
    assert "THPUtils_unpackDouble" in messages("auto d = THPUtils_unpackReal_FLOAT(o);")
    assert "std::negation" in messages("using N = c10::guts::negation<std::true_type>;")
