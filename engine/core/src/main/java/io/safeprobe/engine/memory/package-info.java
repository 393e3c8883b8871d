/** Off-heap memory on Arrow buffers: one root allocator, scopes for temporaries, mapped files. The only package of the engine that sees Arrow types. */
@NullMarked
package io.safeprobe.engine.memory;

import org.jspecify.annotations.NullMarked;
