/** The operations on the CPU through the Vector API, one kernel family a file. */
@NullMarked
package io.safeprobe.engine.kernel.cpu;

import org.jspecify.annotations.NullMarked;
