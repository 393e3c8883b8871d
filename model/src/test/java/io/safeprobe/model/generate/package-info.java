@NullMarked
package io.safeprobe.model.generate;

import org.jspecify.annotations.NullMarked;
