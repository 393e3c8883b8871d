/** What can be computed: the closed set of operations, their shape rules, the kernel interface and its scalar reference. */
@NullMarked
package io.safeprobe.engine.kernel;

import org.jspecify.annotations.NullMarked;
