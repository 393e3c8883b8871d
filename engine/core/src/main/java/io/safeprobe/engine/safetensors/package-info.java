/** Reading and writing of safetensors files as views on mapped memory. */
@NullMarked
package io.safeprobe.engine.safetensors;

import org.jspecify.annotations.NullMarked;
