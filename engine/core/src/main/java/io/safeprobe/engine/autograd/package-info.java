/** Reverse-mode differentiation over a define-by-run tape; every derivative stands in {@link io.safeprobe.engine.autograd.Derivatives}. */
@NullMarked
package io.safeprobe.engine.autograd;

import org.jspecify.annotations.NullMarked;
