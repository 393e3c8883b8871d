/** Sampling of responses with a key/value cache. */
@NullMarked
package io.safeprobe.model.generate;

import org.jspecify.annotations.NullMarked;
