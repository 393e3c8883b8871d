/** Times of the kernels beside those of PyTorch for the same work, measured in turns. */
@NullMarked
package io.safeprobe.engine.bench;

import org.jspecify.annotations.NullMarked;
