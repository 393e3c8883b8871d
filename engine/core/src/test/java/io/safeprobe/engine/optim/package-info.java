@NullMarked
package io.safeprobe.engine.optim;

import org.jspecify.annotations.NullMarked;
