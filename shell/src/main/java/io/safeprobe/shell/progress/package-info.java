/** How far something long has come. */
@NullMarked
package io.safeprobe.shell.progress;

import org.jspecify.annotations.NullMarked;
