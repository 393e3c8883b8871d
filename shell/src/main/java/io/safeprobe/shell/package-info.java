/** The program: typed, from a script, from a pipe or for one command. */
@NullMarked
package io.safeprobe.shell;

import org.jspecify.annotations.NullMarked;
