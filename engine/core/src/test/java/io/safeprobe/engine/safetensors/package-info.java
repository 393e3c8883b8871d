@NullMarked
package io.safeprobe.engine.safetensors;

import org.jspecify.annotations.NullMarked;
