/** Conversations to text and token ids, with the mask of what is learnt. The template language is in {@code jinja}. */
@NullMarked
package io.safeprobe.model.chat;

import org.jspecify.annotations.NullMarked;
