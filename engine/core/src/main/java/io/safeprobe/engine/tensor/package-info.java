/** Dense row-major tensors: a data type, a shape and a place in memory. */
@NullMarked
package io.safeprobe.engine.tensor;

import org.jspecify.annotations.NullMarked;
