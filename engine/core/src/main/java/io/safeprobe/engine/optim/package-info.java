/** Optimizers, learning-rate schedules and gradient clipping. */
@NullMarked
package io.safeprobe.engine.optim;

import org.jspecify.annotations.NullMarked;
