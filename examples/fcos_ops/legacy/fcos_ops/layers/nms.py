from fcos_ops import _C

# nms(boxes [n, 4], scores [n], threshold) -> indices that stay, best first
nms = _C.nms
# ml_nms(boxes, scores, labels [n] int64, threshold), class by class, CUDA only
ml_nms = _C.ml_nms
