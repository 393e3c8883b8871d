/** Models and adapters as GGUF files, which llama.cpp and its kin load. Written after the format's specification (ggml, docs/gguf.md). */
@NullMarked
package io.safeprobe.model.gguf;

import org.jspecify.annotations.NullMarked;
