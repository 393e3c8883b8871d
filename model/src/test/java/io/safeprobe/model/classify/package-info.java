@NullMarked
package io.safeprobe.model.classify;

import org.jspecify.annotations.NullMarked;
