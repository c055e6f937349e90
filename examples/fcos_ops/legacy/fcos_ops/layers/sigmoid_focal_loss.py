from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from fcos_ops import _C


# targets: 0 background, c > 0 class c, -1 ignored
class _SigmoidFocalLoss(Function):
    @staticmethod
    def forward(ctx, logits, targets, gamma, alpha):
        ctx.save_for_backward(logits, targets)
        ctx.num_classes = logits.shape[1]
        ctx.gamma = gamma
        ctx.alpha = alpha
        return _C.sigmoid_focalloss_forward(logits, targets, ctx.num_classes, gamma, alpha)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_loss):
        logits, targets = ctx.saved_tensors
        d_loss = d_loss.contiguous()
        d_logits = _C.sigmoid_focalloss_backward(
            logits, targets, d_loss, ctx.num_classes, ctx.gamma, ctx.alpha
        )
        return d_logits, None, None, None


sigmoid_focal_loss = _SigmoidFocalLoss.apply
# for logging: the sum of all losses in float, no gradient
sigmoid_focal_loss_sum = _C.sigmoid_focalloss_sum


class SigmoidFocalLoss(nn.Module):
    def __init__(self, gamma, alpha):
        super(SigmoidFocalLoss, self).__init__()
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, targets):
        return sigmoid_focal_loss(logits, targets, self.gamma, self.alpha).sum()

    def __repr__(self):
        return "{}(gamma={}, alpha={})".format(self.__class__.__name__, self.gamma, self.alpha)
