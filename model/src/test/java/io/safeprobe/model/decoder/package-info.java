@NullMarked
package io.safeprobe.model.decoder;

import org.jspecify.annotations.NullMarked;
