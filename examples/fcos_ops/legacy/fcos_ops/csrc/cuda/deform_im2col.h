// Columns of the deformable convolutions, v1 ("Deformable Convolutional Networks")
// and v2 ("Deformable ConvNets v2": samples modulated by a mask).
//
// data_im  [parallel_imgs, channels, height, width]
// offset   [parallel_imgs, deformable_group * 2 * kernel_h * kernel_w, height_col, width_col], (y, x)
// mask     [parallel_imgs, deformable_group * kernel_h * kernel_w, height_col, width_col]
// data_col [channels * kernel_h * kernel_w, parallel_imgs * height_col * width_col]
#pragma once
#include <ATen/ATen.h>
#include <THC/THC.h>

struct DeformShape {
  int channels, height, width;
  int kernel_h, kernel_w;
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w;
  int parallel_imgs, deformable_group;
  int height_col, width_col;
};

// v1
void deformable_im2col(THCState *state,
                       const at::Tensor data_im, const at::Tensor data_offset,
                       const DeformShape& s, at::Tensor data_col);

void deformable_col2im(THCState *state,
                       const at::Tensor data_col, const at::Tensor data_offset,
                       const DeformShape& s, at::Tensor grad_im);

void deformable_col2im_coord(THCState *state, const at::Tensor data_col, const at::Tensor data_im,
                             const at::Tensor data_offset, const DeformShape& s,
                             at::Tensor grad_offset);

// v2
void modulated_deformable_im2col_cuda(cudaStream_t stream,
                                      const at::Tensor data_im, const at::Tensor data_offset,
                                      const at::Tensor data_mask, const DeformShape& s,
                                      at::Tensor data_col);

void modulated_deformable_col2im_cuda(cudaStream_t stream,
                                      const at::Tensor data_col, const at::Tensor data_offset,
                                      const at::Tensor data_mask, const DeformShape& s,
                                      at::Tensor grad_im);

void modulated_deformable_col2im_coord_cuda(cudaStream_t stream,
                                            const at::Tensor data_col, const at::Tensor data_im,
                                            const at::Tensor data_offset, const at::Tensor data_mask,
                                            const DeformShape& s,
                                            at::Tensor grad_offset, at::Tensor grad_mask);
