@NullMarked
package io.safeprobe.model.lora;

import org.jspecify.annotations.NullMarked;
