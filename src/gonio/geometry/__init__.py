"""Boxes, the 2x3 crop matrix, and object keypoint similarity: arrays in, arrays out.

Two conventions meet here. A *keypoint* counts pixel centres: ``(0, 0)`` is the centre of the top-left pixel, as in
cv2's warps and COCO's labels. A *box* is continuous: the whole image is ``(0, 0, W, H)``. The half pixel between the
two is added in this room (`affine.crop_matrix`, `affine.transform_boxes`, `boxes.box_around`) and nowhere else.
"""
