/** The decoder: one forward computation for all architectures. */
@NullMarked
package io.safeprobe.model.decoder;

import org.jspecify.annotations.NullMarked;
