@NullMarked
package io.safeprobe.model.gguf;

import org.jspecify.annotations.NullMarked;
