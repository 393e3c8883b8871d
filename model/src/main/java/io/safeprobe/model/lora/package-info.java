/** Low-rank adapters, read and written as PEFT folders. */
@NullMarked
package io.safeprobe.model.lora;

import org.jspecify.annotations.NullMarked;
