from .deform_conv import DeformConv
from .deform_conv import ModulatedDeformConv
from .deform_conv import deform_conv
from .deform_conv import modulated_deform_conv
from .deform_psroi_pool import DeformRoIPooling
from .deform_psroi_pool import deform_roi_pooling
from .nms import ml_nms
from .nms import nms
from .roi_align import ROIAlign
from .roi_align import roi_align
from .roi_pool import ROIPool
from .roi_pool import roi_pool
from .sigmoid_focal_loss import SigmoidFocalLoss
from .sigmoid_focal_loss import sigmoid_focal_loss
from .sigmoid_focal_loss import sigmoid_focal_loss_sum

__all__ = [
    "nms", "ml_nms", "roi_align", "ROIAlign", "roi_pool", "ROIPool",
    "sigmoid_focal_loss", "sigmoid_focal_loss_sum", "SigmoidFocalLoss",
    "deform_conv", "modulated_deform_conv", "DeformConv", "ModulatedDeformConv",
    "deform_roi_pooling", "DeformRoIPooling",
]
