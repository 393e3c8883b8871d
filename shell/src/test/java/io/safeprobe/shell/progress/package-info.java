/** Tests of the package of the same name. */
@NullMarked
package io.safeprobe.shell.progress;

import org.jspecify.annotations.NullMarked;
