/** Tests of the shell, with pipes for a terminal. */
@NullMarked
package io.safeprobe.shell;

import org.jspecify.annotations.NullMarked;
