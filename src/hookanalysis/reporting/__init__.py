"""Facts and charts → notebooks → one HTML page, and the kernels that run them."""
