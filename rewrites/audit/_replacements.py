"""What to write instead of names that no rewrite handles (api_history; checked against the headers)."""

import re
from functools import cache

# Last part of the name -> what to write.
INSTEAD = {
    "gesv": "at::linalg_solve(A, B), since 1.8: the arguments change places, and it gives one tensor",
    "solve": "at::linalg_solve(A, B), since 1.8: the arguments change places, and it gives one tensor",
    "btrifact": "at::linalg_lu_factor, since 1.11",
    "btrifact_with_info": "at::linalg_lu_factor_ex, since 1.11",
    "btrisolve": "at::lu_solve",
    "potrf": "at::linalg_cholesky, since 1.8",
    "potrs": "at::cholesky_solve",
    "potri": "at::cholesky_inverse",
    "trtrs": "at::triangular_solve",
    "gels": "at::linalg_lstsq, since 1.9",
    "lstsq": "at::linalg_lstsq, since 1.9",
    "cholesky": "at::linalg_cholesky, since 1.8",
    "qr": "at::linalg_qr, since 1.8",
    "eig": "at::linalg_eig, since 1.8",
    "symeig": "at::linalg_eigh, since 1.8",
    "matrix_rank": "at::linalg_matrix_rank, since 1.8",
    "fft": "at::fft_fft, since 1.7",
    "ifft": "at::fft_ifft, since 1.7",
    "rfft": "at::fft_rfft, since 1.7",
    "irfft": "at::fft_irfft, since 1.7",
    "is_variable": "nothing: every tensor is a variable since 1.4",
    "unsafeGetTH": "unsafeGetTensorImpl()",
    "getTHCState": "nothing; at::globalContext().lazyInitDevice(at::kCUDA), since 2.6, where CUDA has to be initialised",
    "CUDA_tensor_apply3": "at::TensorIteratorConfig with at::native::gpu_kernel (ATen/native/cuda/Loops.cuh), or a plain kernel",
    "CUDA_tensor_apply4": "at::TensorIteratorConfig with at::native::gpu_kernel (ATen/native/cuda/Loops.cuh), or a plain kernel",
    "currentMemoryAllocated": "c10::cuda::CUDACachingAllocator::getDeviceStats(device), since 1.4",
    "maxMemoryAllocated": "c10::cuda::CUDACachingAllocator::getDeviceStats(device), since 1.4",
    "unique": "std::unique",
    "type_id": "key_set(), since 1.5",
    "as_variable_ref": "the tensor itself",
    "unsafeTensorFromTH": "the tensor itself: nothing makes TH tensors any more",
    "getType": "options: at::device(...).dtype(...); at::CUDA(at::kFloat) where a type object must be had",
    "getNonVariableType": "options: at::device(...).dtype(...); at::CUDA(at::kFloat) where a type object must be had",
    "ID": "scalar_type(), or device().type()",
    "dispatch_type": "type(), or options()",
    "NonVariableTypeMode": "nothing: dispatch looks at tensors, not at a mode, since 1.4",
    "TORCH_CUDA_CHECK": "C10_CUDA_CHECK (c10/cuda/CUDAException.h)",
    "AT_DEPRECATED": "[[deprecated]]",
    "FanMode": "torch::kFanIn or torch::kFanOut, since 1.4",
    "Nonlinearity": "torch::kReLU and its like, since 1.4",
    "_cat": "at::cat",
    "_s_where": "at::where",
    "CUDA_tensor_apply1": "CUDA_tensor_apply2 with the same tensor twice",
    "set_check_mem_overlap": "at::TensorIteratorConfig, since 1.6, which has it",
    "add_output": "at::TensorIteratorConfig().add_owned_output(...), which build() turns into the iterator",
    "add_input": "at::TensorIteratorConfig().add_owned_input(...), which build() turns into the iterator",
    "C10_WARP_SIZE_STATIC": "C10_WARP_SIZE in device code, at::cuda::warp_size() in host code",
    "THCDeviceTensor": "at::PackedTensorAccessor32<T, N> and x.packed_accessor32<T, N>()",
    "toDeviceTensor": "x.packed_accessor32<T, N>()",
    "TensorInfo": "at::cuda::detail::TensorInfo (ATen/cuda/detail/TensorInfo.cuh)",
    "IndexToOffset": "at::cuda::detail::IndexToOffset (ATen/cuda/detail/TensorInfo.cuh)",
    "thnn_col2im": "at::col2im, since 1.2",
    "thnn_im2col": "at::im2col, since 1.2",
    "thnn_conv2d_forward": "at::thnn_conv2d, or at::conv2d",
    "thnn_conv2d_backward": "at::convolution_backward, since 1.11",
    "thnn_conv3d": "at::slow_conv3d",
    "thnn_conv_depthwise2d": "at::conv2d with groups, or at::_conv_depthwise2d",
    "cudnn_convolution_backward": "at::convolution_backward, since 1.11",
    "cudnn_convolution_backward_input": "at::convolution_backward, since 1.11",
    "cudnn_convolution_backward_weight": "at::convolution_backward, since 1.11",
    "cudnn_convolution_backward_bias": "at::convolution_backward, since 1.11",
    "cudnn_convolution_transpose_backward": "at::convolution_backward with transposed, since 1.11",
    "names": "nothing: dimensions have no names any more",
    "has_names": "false: dimensions have no names any more",
    "opt_names": "nothing: dimensions have no names any more",
    "rename": "the tensor itself: dimensions have no names any more",
    "rename_": "the tensor itself: dimensions have no names any more",
    "refine_names": "the tensor itself: dimensions have no names any more",
    "align_to": "permute(...), with positions for the names",
    "align_as": "permute(...), with positions for the names",
    "align_tensors": "at::broadcast_tensors, with the dimensions in one order",
    "Dimname": "an int64_t: dimensions have positions, no names any more",
    "DimnameList": "at::IntArrayRef: dimensions have positions, no names any more",
    "wildcard": "a position: dimensions have no names any more",
    "NoNamesGuard": "nothing: dimensions have no names any more",
    "propagate_names": "nothing: dimensions have no names any more",
    "initCUDA": "at::globalContext().lazyInitDevice(at::kCUDA), since 2.6",
    "null_type": "nothing: a tuple has as many elements as it is given",
    "Int2Type": "cuda::std::integral_constant<int, n>",
    "cudaLaunchCooperativeKernelMultiDevice": "cudaLaunchCooperativeKernel on each device; kernels of several devices cannot wait for each other any more",
    "packed_accessor": "packed_accessor64 (or 32), since 1.3",
}

# Namespaces that were folded into another: what stands before the last part.
FOLDED = {"torch::linalg::": "at::linalg_"}

# The types of TH and THC, which stand alone in the headers that an extension of torch.utils.ffi gave to cffi.
TH_TYPES = frozenset(
    f"TH{cuda}{element}{kind}"
    for cuda in ("", "Cuda")
    for element in ("", "Float", "Double", "Half", "Byte", "Char", "Int", "Long", "Short", "Bool")
    for kind in ("Tensor", "Storage")
)

# Families of names, for those that headers make with macros or that went before the oldest release of the index:
# (whole name, last release that had it, what to write).
TORCH_FAMILIES = (
    (r"TH(?:Cuda|Float|Double|Half|Byte|Char|Int|Long|Short|Bool)*Blas_\w+", None, "at::mm_out, at::addmm_out or cublas calls with at::cuda::getCurrentCUDABlasHandle()"),
    (r"THC?(?:Cuda|Float|Double|Half|Byte|Char|Int|Long|Short|Bool)*Tensor(?:_\w+)?", None, "the methods of at::Tensor"),
    (r"THC?(?:Cuda|Float|Double|Half|Byte|Char|Int|Long|Short|Bool)*Storage(?:_\w+)?", None, "c10::Storage, or at::Tensor"),
    (r"THCState_\w+", "1.4", "at::cuda::getCurrentCUDAStream(), at::cuda::getCurrentCUDABlasHandle() and their like (ATen/cuda/CUDAContext.h)"),
    (r"THC?Generator\w*", None, "at::Generator"),
    (r"THC?Random_\w+", None, "at::Generator, or the methods of at::Tensor: uniform_, normal_, random_"),
    (r"THC_pointwiseApply[1-4]", None, "at::cuda::CUDA_tensor_apply2, or at::TensorIteratorConfig with at::native::gpu_kernel"),
)  # fmt: skip
CUDA_FAMILIES = (
    (r"cusparse[SDCZ]csrmm2?", "10.2", "cusparseSpMM, with cusparseCreateCsr and cusparseCreateDnMat for what it multiplies"),
    (r"cusparse[SDCZ](?:csrmv(?:_mp)?|hybmv)", "10.2", "cusparseSpMV, with cusparseCreateCsr and cusparseCreateDnVec for what it multiplies"),
    (r"cusparse(?:[SDCZ]csrgemm2?(?:_bufferSizeExt)?|Xcsrgemm2?Nnz)", "10.2", "cusparseSpGEMM_workEstimation, cusparseSpGEMM_compute and cusparseSpGEMM_copy"),
    (r"cusparse(?:[SDCZ]csrgeam|XcsrgeamNnz)", "10.2", "cusparseXcsrgeam2Nnz and cusparse<t>csrgeam2, which take a buffer"),
    (r"cusparse[SDCZ]csr2csc", "10.2", "cusparseCsr2cscEx2, which takes a buffer"),
    (r"cusparse[SDCZ](?:hyb2csr|csr2hyb)", "10.2", "the CSR format: there is no HYB format any more"),
    (r"cusparse[SDCZ]dotc?i", "10.2", "cusparseSpVV"),
    (r"cusparse[SDCZ](?:dense2cs[rc]|prune_dense2csr)\w*", "11.8", "cusparseDenseToSparse_analysis and cusparseDenseToSparse_convert"),
    (r"cusparse[SDCZ]cs[rc]2dense", "11.8", "cusparseSparseToDense"),
    (r"cusparse[SDCZ]gthrz?", "11.8", "cusparseGather"),
    (r"cusparse[SDCZ]sctr", "11.8", "cusparseScatter"),
    (r"cusparse[SDCZ]axpyi", "11.8", "cusparseAxpby"),
    (r"cusparse[SD]roti", "11.8", "cusparseRot"),
    (r"cusparse(?:[SDCZ]|X)csrsv2?_\w+", "11.8", "cusparseSpSV_bufferSize, cusparseSpSV_analysis and cusparseSpSV_solve"),
    (r"cusparse(?:[SDCZ]|X)csrsm2?_\w+", "11.8", "cusparseSpSM_bufferSize, cusparseSpSM_analysis and cusparseSpSM_solve"),
    (r"cusparse[SDCZ]gemmi", "11.8", "cusparseSpMM with the sparse matrix transposed"),
    (r"cusparseConstrainedGeMM\w*", "11.8", "cusparseSDDMM"),
    (r"CUSPARSE_MV_ALG_DEFAULT", "11.8", "CUSPARSE_SPMV_ALG_DEFAULT"),
    (r"CUSPARSE_MM_ALG_DEFAULT", "11.8", "CUSPARSE_SPMM_ALG_DEFAULT"),
    (r"CUSPARSE_(?:CSRMV_ALG[12]|COOMV_ALG)", "11.7 or an older release", "CUSPARSE_SPMV_ALG_DEFAULT"),
    (r"CUSPARSE_(?:CSRMM_ALG1|COOMM_ALG[123])", "11.7 or an older release", "CUSPARSE_SPMM_ALG_DEFAULT"),
    (r"__(?:shfl(?:_up|_down|_xor)?|any|all|ballot)", "8.0, and none for compute capability 7.0 and newer,", "the _sync form with the mask of the lanes that take part"),
    (r"cuda(?:ConfigureCall|SetupArgument|Launch|SetDoubleForDevice|SetDoubleForHost)", "10.0", "cudaLaunchKernel, or kernel<<<...>>>"),
)  # fmt: skip


@cache
def family(word: str, families: tuple[tuple[str, str | None, str], ...]) -> tuple[str | None, str] | None:
    """(last release, what to write) of the family that a name belongs to."""
    return next(((last, advice) for pattern, last, advice in families if re.fullmatch(pattern, word)), None)
