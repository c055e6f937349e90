"""Plain PyTorch references of every operator of fcos_ops, meant for float64.

Each is written to be read: loops over rois and kernel taps, no extension, no torchvision.
What is differentiable is differentiable through autograd.
"""

import torch
import torch.nn.functional as F


def _round_half_away(v):
    """C's round(): halves away from zero (torch.round goes to even)."""
    return torch.sign(v) * torch.floor(torch.abs(v) + 0.5)


# ------------------------------------------------------------------ boxes


def iou(a, b):
    """IoU of one box `a` [4] with boxes `b` [n, 4]."""
    left, top = torch.maximum(a[0], b[:, 0]), torch.maximum(a[1], b[:, 1])
    right, bottom = torch.minimum(a[2], b[:, 2]), torch.minimum(a[3], b[:, 3])
    inter = (right - left).clamp(min=0) * (bottom - top).clamp(min=0)
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return inter / (area_a + area_b - inter)


def nms(boxes, scores, threshold):
    """Indices of the boxes that stay, best first."""
    order = scores.argsort(descending=True)
    keep = []
    while order.numel() > 0:
        best, order = order[0], order[1:]
        keep.append(int(best))
        order = order[~(iou(boxes[best], boxes[order]) > threshold)]
    return torch.tensor(keep, dtype=torch.long)


def ml_nms(boxes, scores, labels, threshold):
    """NMS within each class; indices of the boxes that stay, best first."""
    keep = []
    for label in labels.unique():
        index = (labels == label).nonzero()[:, 0]
        keep.append(index[nms(boxes[index], scores[index], threshold)])
    keep = torch.cat(keep) if keep else torch.zeros(0, dtype=torch.long)
    return keep[scores[keep].argsort(descending=True)]


# ------------------------------------------------------------------ rois


def roi_align(x, rois, output_size, spatial_scale, sampling_ratio):
    """The first ROIAlign (no half-pixel shift; rois are at least 1 x 1)."""
    ph, pw = output_size
    height, width = x.shape[2:]
    out = []
    for roi in rois:
        image = x[int(roi[0])]
        x1, y1, x2, y2 = (roi[1:] * spatial_scale).tolist()
        roi_w, roi_h = max(x2 - x1, 1.0), max(y2 - y1, 1.0)
        bin_h, bin_w = roi_h / ph, roi_w / pw
        grid_h = sampling_ratio if sampling_ratio > 0 else -int(-roi_h // ph)
        grid_w = sampling_ratio if sampling_ratio > 0 else -int(-roi_w // pw)
        ys = [y1 + (i + 0.5) * bin_h / grid_h for i in range(ph * grid_h)]
        xs = [x1 + (i + 0.5) * bin_w / grid_w for i in range(pw * grid_w)]

        def weights(coords, size):
            """[n, size]: how much each pixel counts in each sample."""
            m = torch.zeros(len(coords), size, dtype=x.dtype)
            for i, v in enumerate(coords):
                if v < -1 or v > size:
                    continue
                v = min(max(v, 0.0), size - 1.0)
                low = int(v)
                high = min(low + 1, size - 1)
                m[i, low] += 1 - (v - low)
                m[i, high] += v - low
            return m

        wy, wx = weights(ys, height).to(x.device), weights(xs, width).to(x.device)
        samples = wy @ image @ wx.t()  # [c, ph * grid_h, pw * grid_w]
        samples = samples.view(-1, ph, grid_h, pw, grid_w)
        out.append(samples.mean(dim=(2, 4)))
    if not out:
        return x.new_zeros(0, x.shape[1], ph, pw)
    return torch.stack(out)


def roi_pool(x, rois, output_size, spatial_scale):
    """Max pooling over rounded windows; an empty window gives 0."""
    ph, pw = output_size
    height, width = x.shape[2:]
    out = []
    for roi in rois:
        image = x[int(roi[0])]
        x1, y1, x2, y2 = (int(v) for v in _round_half_away(roi[1:] * spatial_scale))
        roi_w, roi_h = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)
        cells = []
        for i in range(ph):
            top = min(max(i * roi_h // ph + y1, 0), height)
            bottom = min(max(-(-(i + 1) * roi_h // ph) + y1, 0), height)
            for j in range(pw):
                left = min(max(j * roi_w // pw + x1, 0), width)
                right = min(max(-(-(j + 1) * roi_w // pw) + x1, 0), width)
                if bottom <= top or right <= left:
                    cells.append(torch.zeros_like(image[:, 0, 0]))
                else:
                    cells.append(image[:, top:bottom, left:right].amax(dim=(1, 2)))
        out.append(torch.stack(cells, dim=1).view(-1, ph, pw))
    if not out:
        return x.new_zeros(0, x.shape[1], ph, pw)
    return torch.stack(out)


def deform_psroi_pool(x, rois, trans, spatial_scale, out_size, out_channels, no_trans,
                      group_size=1, part_size=None, sample_per_part=4, trans_std=0.0):
    """Deformable position-sensitive ROI pooling; returns (output, number of samples)."""
    part_size = part_size or out_size
    height, width = x.shape[2:]
    classes = 1 if no_trans else trans.shape[1] // 2
    per_class = out_channels // classes
    outs, counts = [], []
    for n, roi in enumerate(rois):
        image = x[int(roi[0])]
        x1, y1, x2, y2 = _round_half_away(roi[1:]).tolist()
        start_w, start_h = x1 * spatial_scale - 0.5, y1 * spatial_scale - 0.5
        roi_w = max((x2 + 1) * spatial_scale - 0.5 - start_w, 0.1)
        roi_h = max((y2 + 1) * spatial_scale - 0.5 - start_h, 0.1)
        bin_w, bin_h = roi_w / out_size, roi_h / out_size
        for c in range(out_channels):
            for i in range(out_size):
                for j in range(out_size):
                    dx = dy = x.new_zeros(())
                    if not no_trans:
                        part = (i * part_size // out_size, j * part_size // out_size)
                        dx = trans[n, 2 * (c // per_class)][part] * trans_std
                        dy = trans[n, 2 * (c // per_class) + 1][part] * trans_std
                    gh = min(i * group_size // out_size, group_size - 1)
                    gw = min(j * group_size // out_size, group_size - 1)
                    plane = image[(c * group_size + gh) * group_size + gw]
                    total, count = x.new_zeros(()), 0
                    for iy in range(sample_per_part):
                        for ix in range(sample_per_part):
                            w = j * bin_w + start_w + dx * roi_w + ix * bin_w / sample_per_part
                            h = i * bin_h + start_h + dy * roi_h + iy * bin_h / sample_per_part
                            if w < -0.5 or w > width - 0.5 or h < -0.5 or h > height - 0.5:
                                continue
                            w, h = w.clamp(0, width - 1), h.clamp(0, height - 1)
                            w0, w1 = int(w.floor()), int(w.ceil())
                            h0, h1 = int(h.floor()), int(h.ceil())
                            lw, lh = w - w0, h - h0
                            total = total + ((1 - lh) * ((1 - lw) * plane[h0, w0] + lw * plane[h0, w1])
                                             + lh * ((1 - lw) * plane[h1, w0] + lw * plane[h1, w1]))
                            count += 1
                    outs.append(total / count if count else total)
                    counts.append(float(count))
    shape = (len(rois), out_channels, out_size, out_size)
    if not outs:
        return x.new_zeros(shape), x.new_zeros(shape)
    return torch.stack(outs).view(shape), torch.tensor(counts, dtype=x.dtype).view(shape)


# ------------------------------------------------------------------ loss


def sigmoid_focal_loss(logits, targets, gamma, alpha):
    """[N, C] losses. targets [N]: 0 background, c > 0 class c (column c - 1), -1 ignored."""
    classes = torch.arange(1, logits.shape[1] + 1, device=logits.device)
    positive = (targets[:, None] == classes).to(logits.dtype)
    counted = (targets[:, None] >= 0).to(logits.dtype)
    log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
    p, q = torch.sigmoid(logits), torch.sigmoid(-logits)
    loss = -(positive * alpha * q ** gamma * log_p + (1 - positive) * (1 - alpha) * p ** gamma * log_q)
    return loss * counted


# ------------------------------------------------------------------ deformable convolution


def _bilinear(image, h, w):
    """image [c, H, W] at points h, w [...]: [c, ...]; pixels outside count as zero."""
    height, width = image.shape[1:]
    h0, w0 = h.detach().floor(), w.detach().floor()
    lh, lw = h - h0, w - w0
    total = 0
    for dy, fy in ((0, 1 - lh), (1, lh)):
        for dx, fx in ((0, 1 - lw), (1, lw)):
            y, x = (h0 + dy).long(), (w0 + dx).long()
            inside = ((y >= 0) & (y < height) & (x >= 0) & (x < width)).to(image.dtype)
            total = total + image[:, y.clamp(0, height - 1), x.clamp(0, width - 1)] * (fy * fx * inside)
    return total


def deform_conv(x, offset, weight, mask=None, bias=None, stride=1, padding=0, dilation=1,
                groups=1, deformable_groups=1):
    """Deformable convolution: v1 without a mask, v2 (modulated) with one.

    offset [n, deformable_groups * 2 * taps, ho, wo] holds (y, x) pairs,
    mask [n, deformable_groups * taps, ho, wo].
    """
    n, channels, height, width = x.shape
    out_channels, _, kh, kw = weight.shape
    taps, per_group = kh * kw, channels // deformable_groups
    ho = (height + 2 * padding - (dilation * (kh - 1) + 1)) // stride + 1
    wo = (width + 2 * padding - (dilation * (kw - 1) + 1)) // stride + 1
    rows = torch.arange(ho, dtype=x.dtype, device=x.device)[:, None] * stride - padding
    cols = torch.arange(wo, dtype=x.dtype, device=x.device)[None, :] * stride - padding
    out = []
    for b in range(n):
        columns = []  # [channels, taps, ho, wo]
        for g in range(deformable_groups):
            image = x[b, g * per_group:(g + 1) * per_group]
            samples = []
            for t in range(taps):
                dy, dx = offset[b, 2 * (g * taps + t)], offset[b, 2 * (g * taps + t) + 1]
                value = _bilinear(image, rows + (t // kw) * dilation + dy, cols + (t % kw) * dilation + dx)
                if mask is not None:
                    value = value * mask[b, g * taps + t]
                samples.append(value)
            columns.append(torch.stack(samples, dim=1))
        columns = torch.cat(columns).reshape(groups, channels // groups * taps, ho * wo)
        kernel = weight.reshape(groups, out_channels // groups, -1)
        out.append(torch.bmm(kernel, columns).reshape(out_channels, ho, wo))
    out = torch.stack(out)
    return out if bias is None else out + bias.view(1, -1, 1, 1)
