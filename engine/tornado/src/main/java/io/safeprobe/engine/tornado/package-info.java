/**
 * The engine on devices that TornadoVM drives. Each operation has its kernel here under the name it has among the kernels of the processor:
 * lane functions, and a launch for each in {@link io.safeprobe.engine.tornado.TornadoKernels}. All of it also runs on the JVM, in the module
 * engine/grid. No other package sees types of TornadoVM.
 */
@NullMarked
package io.safeprobe.engine.tornado;

import org.jspecify.annotations.NullMarked;
