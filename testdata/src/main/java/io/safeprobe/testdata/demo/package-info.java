/** The demonstration model, pretrained and aligned by this engine. */
@NullMarked
package io.safeprobe.testdata.demo;

import org.jspecify.annotations.NullMarked;
