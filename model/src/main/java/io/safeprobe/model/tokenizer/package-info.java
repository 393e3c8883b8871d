/** Text to token ids and back. */
@NullMarked
package io.safeprobe.model.tokenizer;

import org.jspecify.annotations.NullMarked;
