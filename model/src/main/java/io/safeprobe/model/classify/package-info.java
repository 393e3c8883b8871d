/** Judging texts with a sequence classifier. */
@NullMarked
package io.safeprobe.model.classify;

import org.jspecify.annotations.NullMarked;
