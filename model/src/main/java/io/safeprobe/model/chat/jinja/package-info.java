/**
 * Chat templates: conversations rendered to text as the templates shipped with model folders ask.
 *
 * <p>Such a template is a small Jinja program. This package holds an interpreter of its own for that language, with
 * Python's semantics for values and the rules that Hugging Face's {@code transformers} sets (blocks trimmed, an immutable
 * sandbox, {@code raise_exception}, {@code strftime_now}, {@code generation} blocks). A template is downloaded text from a
 * stranger: it can reach no Java object, and its steps, nesting and output are bounded.
 */
@NullMarked
package io.safeprobe.model.chat.jinja;

import org.jspecify.annotations.NullMarked;
