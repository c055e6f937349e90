import math

import torch
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.modules.utils import _pair

from fcos_ops import _C


class DeformConvFunction(Function):
    @staticmethod
    def forward(ctx, input, offset, weight, stride=1, padding=0, dilation=1,
                groups=1, deformable_groups=1, im2col_step=64):
        if input.dim() != 4:
            raise ValueError("Expected 4D tensor as input, got {}D tensor instead.".format(input.dim()))
        ctx.args = _pair(stride) + _pair(padding) + _pair(dilation) + (groups, deformable_groups, im2col_step)
        ctx.save_for_backward(input, offset, weight)
        return _C.deform_conv_forward(input, weight, offset, *ctx.args)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        input, offset, weight = ctx.saved_tensors
        grad_input = grad_offset = grad_weight = None
        if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
            grad_input, grad_offset = _C.deform_conv_backward_input(
                input, weight, offset, grad_output, *ctx.args)
        if ctx.needs_input_grad[2]:
            grad_weight = _C.deform_conv_backward_parameters(
                input, weight, offset, grad_output, *ctx.args)
        return (grad_input, grad_offset, grad_weight) + (None,) * 6


class ModulatedDeformConvFunction(Function):
    @staticmethod
    def forward(ctx, input, offset, mask, weight, bias=None, stride=1, padding=0, dilation=1,
                groups=1, deformable_groups=1, im2col_step=64):
        ctx.with_bias = bias is not None
        if not ctx.with_bias:
            bias = input.new_empty(1)  # fake tensor
        ctx.args = _pair(stride) + _pair(padding) + _pair(dilation) + (
            groups, deformable_groups, ctx.with_bias, im2col_step)
        ctx.save_for_backward(input, offset, mask, weight)
        return _C.modulated_deform_conv_forward(input, weight, bias, offset, mask, *ctx.args)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        input, offset, mask, weight = ctx.saved_tensors
        grad_input, grad_weight, grad_bias, grad_offset, grad_mask = _C.modulated_deform_conv_backward(
            input, weight, offset, mask, grad_output, *ctx.args)
        if not ctx.with_bias:
            grad_bias = None
        return (grad_input, grad_offset, grad_mask, grad_weight, grad_bias) + (None,) * 6


deform_conv = DeformConvFunction.apply
modulated_deform_conv = ModulatedDeformConvFunction.apply


class DeformConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
                 groups=1, deformable_groups=1):
        super(DeformConv, self).__init__()
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.deformable_groups = deformable_groups
        self.weight = nn.Parameter(
            torch.Tensor(out_channels, in_channels // groups, *_pair(kernel_size)))
        self.reset_parameters()

    def reset_parameters(self):
        n = self.weight[0].numel()
        stdv = 1. / math.sqrt(n)
        self.weight.data.uniform_(-stdv, stdv)

    def forward(self, input, offset):
        # mixed precision: everything in the type of the input
        return deform_conv(input, offset.type_as(input), self.weight.type_as(input), self.stride,
                           self.padding, self.dilation, self.groups, self.deformable_groups)


class ModulatedDeformConv(DeformConv):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
                 groups=1, deformable_groups=1, bias=True):
        super(ModulatedDeformConv, self).__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, deformable_groups)
        if bias:
            self.bias = nn.Parameter(torch.zeros(out_channels))
        else:
            self.register_parameter("bias", None)

    def forward(self, input, offset, mask):
        bias = None if self.bias is None else self.bias.type_as(input)
        return modulated_deform_conv(input, offset.type_as(input), mask.type_as(input),
                                     self.weight.type_as(input), bias, self.stride, self.padding,
                                     self.dilation, self.groups, self.deformable_groups)
