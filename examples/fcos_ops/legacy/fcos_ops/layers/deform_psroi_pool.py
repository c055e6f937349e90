from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from fcos_ops import _C


class DeformRoIPoolingFunction(Function):
    @staticmethod
    def forward(ctx, data, rois, offset, spatial_scale, out_size, out_channels, no_trans,
                group_size=1, part_size=None, sample_per_part=4, trans_std=.0):
        part_size = out_size if part_size is None else part_size
        ctx.args = (int(no_trans), spatial_scale, out_channels, group_size, out_size,
                    part_size, sample_per_part, trans_std)
        output, output_count = _C.deform_psroi_pooling_forward(data, rois, offset, *ctx.args)
        ctx.save_for_backward(data, rois, offset, output_count)
        ctx.no_trans = no_trans
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        data, rois, offset, output_count = ctx.saved_tensors
        grad_input, grad_offset = _C.deform_psroi_pooling_backward(
            grad_output, data, rois, offset, output_count, *ctx.args)
        if ctx.no_trans:
            grad_offset = None
        return (grad_input, None, grad_offset) + (None,) * 8


deform_roi_pooling = DeformRoIPoolingFunction.apply


class DeformRoIPooling(nn.Module):
    def __init__(self, spatial_scale, out_size, out_channels, no_trans, group_size=1,
                 part_size=None, sample_per_part=4, trans_std=.0):
        super(DeformRoIPooling, self).__init__()
        self.spatial_scale = spatial_scale
        self.out_size = out_size
        self.out_channels = out_channels
        self.no_trans = no_trans
        self.group_size = group_size
        self.part_size = out_size if part_size is None else part_size
        self.sample_per_part = sample_per_part
        self.trans_std = trans_std

    def forward(self, data, rois, offset):
        if self.no_trans:
            offset = data.new_empty(0)
        return deform_roi_pooling(
            data, rois, offset, self.spatial_scale, self.out_size, self.out_channels, self.no_trans,
            self.group_size, self.part_size, self.sample_per_part, self.trans_std)
