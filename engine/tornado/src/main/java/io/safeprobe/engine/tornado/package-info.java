/**
 * The engine on devices that TornadoVM drives. Each operation has its kernel here under the name it has among the kernels of the processor:
 * lane functions, which also run on the JVM, and a launch for each in {@link io.safeprobe.engine.tornado.TornadoKernels}. No other package sees
 * types of TornadoVM.
 */
@NullMarked
package io.safeprobe.engine.tornado;

import org.jspecify.annotations.NullMarked;
